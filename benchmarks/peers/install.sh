#!/bin/sh
# Installs what redpaxos is compared with, from the distribution's and Python's ordinary package sources, and builds etcd's load.
# Debian or Ubuntu, as root. The one script of this project that installs system packages. It may be run again at any time; what cannot be
# installed is named, and left out of the comparison.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
python=${1:-python3}
listed=

# leave_out WHO: what the last command failed to install.
leave_out() {
    echo "$1 could not be installed, and is left out."
}

# packages WHO PACKAGE...: packages of the distribution, those that are missing.
packages() {
    who=$1
    shift
    missing=
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    echo "Installing$missing ..."
    [ -n "$listed" ] || apt-get -qq update || true
    listed=yes
    # Their services stay off: the benchmark starts processes of its own.
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing >/dev/null || leave_out "$who"
}

# module WHO MODULE REQUIREMENT: a package of Python, if nothing of that name can be imported.
module() {
    "$python" -c "import $2" 2>/dev/null && return 0
    "$python" -m pip --disable-pip-version-check --quiet install "$3" || leave_out "$1"
}

packages "Debian's Redis" redis-server
packages etcd etcd-server golang-go golang-etcd-server-dev
packages ZooKeeper zookeeper
module PySyncObj pysyncobj 'pysyncobj>=0.3.14'
module ZooKeeper kazoo 'kazoo>=2.10'
module Redlock pottery 'pottery>=3'

# In a folder of its own, since what it installs is called `paxos` as well.
[ -e "$here/build/site-packages/paxos/essential.py" ] ||
    "$python" -m pip --disable-pip-version-check --quiet install --no-deps --target "$here/build/site-packages" 'essential-paxos==2.0' ||
    leave_out essential-paxos

# Again where its source was changed, even if that bears an older date than what was built; `cmp` is told by a copy of the source.
if ! cmp -s "$here/etcd_load/main.go" "$here/build/etcd-load.go" || [ ! -x "$here/build/etcd-load" ]; then
    echo "Building etcd's load generator ..."
    mkdir -p "$here/build"
    rm -f "$here/build/etcd-load"
    # The distribution's own copy of etcd's client, without modules, so that nothing is downloaded.
    GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS= go build -o "$here/build/etcd-load" "$here/etcd_load/main.go" &&
        cp "$here/etcd_load/main.go" "$here/build/etcd-load.go" || leave_out etcd
fi
