#!/bin/sh
# Installs what redpaxos is compared with, from the distribution's and Python's ordinary package sources, and builds etcd's load.
# Debian or Ubuntu, as root. The one script of this project that installs system packages.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
python=${1:-python3}

missing=
for package in etcd-server golang-go golang-etcd-server-dev redis-server; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
if [ -n "$missing" ]; then
    echo "Installing$missing ..."
    apt-get -qq update
    # Their services stay off: the benchmark starts processes of its own.
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing >/dev/null
fi

"$python" -c 'import pysyncobj' 2>/dev/null || "$python" -m pip --disable-pip-version-check --quiet install 'pysyncobj>=0.3.14'

if [ ! -x "$here/build/etcd-load" ] || [ "$here/etcd_load/main.go" -nt "$here/build/etcd-load" ]; then
    echo "Building etcd's load generator ..."
    mkdir -p "$here/build"
    # The distribution's own copy of etcd's client, without modules, so that nothing is downloaded.
    GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS= go build -o "$here/build/etcd-load" "$here/etcd_load/main.go"
fi
