"""`redpaxos kv`: the replicated key-value store."""

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from redpaxos.cli.failures import ExitCode, say
from redpaxos.cli.options import Cluster, Revision, Text, output_option, timeout_option, with_cluster
from redpaxos.cli.output import print_json

if TYPE_CHECKING:
    from redpaxos.client import Client
    from redpaxos.kv import Branch, Change, Condition, Consistency, Deleted, Found, Item, Operation, Written

_WARNING_SECONDS = 1.0
_TXN_COUNT = 128
_TXN_HELP = """If every condition of TRANSACTION holds carry out one list of operations, otherwise another; nobody sees half of it.

TRANSACTION is JSON, and - reads it from standard input:

\b
  {"if":   [["version", "stock/42", ">", 0], ["value", "shop", "=", "open"]],
   "then": [["put", "order/7", "42"], ["delete", "cart/7"]],
   "else": [["get", "stock/42"], ["ls", "cart/"]]}

A condition compares the key's value (text), its revision or its version, which counts its writes since it was created, by = != < or >;
a key that does not exist has the value "", and 0 for both. Operations: put KEY VALUE, get KEY, delete KEY, delete-prefix PREFIX, ls PREFIX.
Each list has at most 128 entries. Exits with 3 if a condition did not hold.
"""

_node_option = click.option(
    "--node", type=Text(), default="", metavar="NAME", help="Ask this node; otherwise the leader, or any if it need not be the latest."
)
_previous_option = click.option("--previous", is_flag=True, help="Print what the key had before as well.")
_consistency_option = click.option(
    "--consistency",
    type=click.Choice(["linearizable", "session", "stale"]),
    default="linearizable",
    show_default=True,
    help="The latest; or no older than the pages that this command has read so far, of which only ls has several; "
    "or as one node has it by now, which may be old.",
)


@click.group()
def kv() -> None:
    """Read and write the replicated key-value store.

    What a write printed is on the disks of a majority. A read tells what was written last, unless --consistency says
    otherwise.
    """


@kv.command()
@click.argument("key", type=Text())
@_node_option
@_consistency_option
@with_cluster
@timeout_option(10.0)
@output_option
def get(*, key: str, node: str, consistency: "Consistency", cluster: Cluster, timeout: float, as_json: bool) -> int:
    """Print the value of KEY. Exits with 3 if it has none."""
    with cluster.connect() as client:
        item = client.kv.get(key, consistency=consistency, node=node, timeout=timeout)
    if item is None:
        say(f"there is no key {key}")
        return ExitCode.NO
    _print_item(item, as_json=as_json, with_key=False)
    return ExitCode.DONE


@kv.command()
@click.argument("prefix", type=Text(), default="")
@_node_option
@_consistency_option
@with_cluster
@timeout_option(10.0)
@output_option
def ls(*, prefix: str, node: str, consistency: "Consistency", cluster: Cluster, timeout: float, as_json: bool) -> None:
    """Print the keys that begin with PREFIX, and their values."""
    with cluster.connect() as client:
        for item in client.kv.items(prefix, consistency=consistency, node=node, timeout=timeout):
            _print_item(item, as_json=as_json, with_key=True)


@kv.command()
@click.argument("key", type=Text())
@click.argument("value")
@_previous_option
@with_cluster
@timeout_option(10.0)
@output_option
def put(*, key: str, value: str, previous: bool, cluster: Cluster, timeout: float, as_json: bool) -> None:
    """Write VALUE, as it is, under KEY; - reads it from standard input. Prints the revision of the write."""
    content = _bytes_of(value)
    with cluster.connect() as client:
        written = client.kv.put(key, content, previous=previous, timeout=timeout)
    _print_written({"revision": written.revision}, str(written.revision), written.previous, asked=previous, as_json=as_json)


@kv.command(short_help="Write VALUE under KEY if nobody has written it since.")
@click.argument("key", type=Text())
@click.argument("value", required=False)
@click.option(
    "--revision", type=Revision(first=0), required=True, help="Only if the key was last written at this; 0: only if there is none."
)
@click.option("--delete", is_flag=True, help="Delete it; there is no VALUE then.")
@with_cluster
@timeout_option(10.0)
@output_option
def cas(*, key: str, value: str | None, revision: int, delete: bool, cluster: Cluster, timeout: float, as_json: bool) -> int:
    """Compare and set: write VALUE under KEY if nobody has written it since. Exits with 3 if somebody has."""
    if delete == (value is not None):
        raise click.UsageError("give a VALUE, or --delete")
    content = None if value is None else _bytes_of(value)
    with cluster.connect() as client:
        swap = client.kv.cas(key, content, revision=revision, timeout=timeout)
    record = {"succeeded": swap.succeeded, "revision": swap.revision, "current": _record(swap.current)}
    if swap.succeeded or as_json:
        _print_result(record, str(swap.revision), as_json=as_json)
    if not swap.succeeded:
        say(f"{key} was last written at revision {swap.current.revision}" if swap.current is not None else f"there is no key {key}")
    return ExitCode.DONE if swap.succeeded else ExitCode.NO


@kv.command(name="del")
@click.argument("key", type=Text())
@click.option("--prefix", is_flag=True, help="Every key that begins with KEY, at once.")
@_previous_option
@with_cluster
@timeout_option(10.0)
@output_option
def delete(*, key: str, prefix: bool, previous: bool, cluster: Cluster, timeout: float, as_json: bool) -> None:
    """Delete KEY, and print how many keys were deleted."""
    if prefix and previous:
        raise click.UsageError("--previous is for a single key: redpaxos kv ls shows what several have")
    with cluster.connect() as client:
        deleted = client.kv.delete_prefix(key, timeout=timeout) if prefix else client.kv.delete(key, previous=previous, timeout=timeout)
    record = {"revision": deleted.revision, "count": deleted.count}
    _print_written(record, str(deleted.count), deleted.previous, asked=previous, as_json=as_json)


@kv.command(help=_TXN_HELP, short_help="Carry out operations if conditions hold, all at once.")
@click.argument("transaction")
@with_cluster
@timeout_option(10.0)
@output_option
def txn(*, transaction: str, cluster: Cluster, timeout: float, as_json: bool) -> int:
    """See _TXN_HELP."""
    conditions, then, otherwise = _parse(transaction)
    with cluster.connect() as client:
        branch = client.kv.txn(conditions, then, otherwise, timeout=timeout)
    _print_branch(branch, then if branch.succeeded else otherwise, as_json=as_json)
    return ExitCode.DONE if branch.succeeded else ExitCode.NO


@kv.command(short_help="Print every change to keys that begin with PREFIX.")
@click.argument("prefix", type=Text(), default="")
@click.option("--from-revision", type=Revision(), metavar="REVISION", help="Where to begin.  [default: now]")
@click.option("--node", type=Text(), default="", metavar="NAME", help="Hear it from this node; otherwise from any.")
@with_cluster
@output_option
def watch(*, prefix: str, from_revision: int | None, node: str, cluster: Cluster, as_json: bool) -> None:
    """Print every change to keys that begin with PREFIX, in order; nothing is missed and nothing comes twice.

    Goes on until Ctrl-C, and waits for a REVISION that is still to come.
    """
    with cluster.connect() as client:
        if from_revision is not None:
            _warn_of_the_future(client, from_revision, node)
        for change in client.kv.watch(prefix, from_revision, node=node):
            _print_change(change, as_json=as_json)
            sys.stdout.flush()


def _warn_of_the_future(client: "Client", revision: int, node: str) -> None:
    """Say so where a node that answers has not come so far: the revision may be of another store, from before the cluster was made anew."""
    from redpaxos.errors import NotDoneError

    with suppress(NotDoneError):
        reached = client.kv.ls(limit=0, consistency="stale", node=node, timeout=_WARNING_SECONDS).revision
        if revision > reached + 1:
            say(f"the store is at revision {reached}, and {revision} is still to come")


# ---- in ---------------------------------------------------------------------------------------------------------------------------


def _bytes_of(value: str) -> bytes:
    """An argument as bytes, whatever its encoding; or standard input, without the line end that editors and shells add."""
    if value == "-":
        return sys.stdin.buffer.read().removesuffix(b"\n")
    return value.encode(errors="surrogateescape")


def _parse(text: str) -> "tuple[list[Condition], list[Operation], list[Operation]]":
    import msgspec

    try:
        found = msgspec.json.decode(_bytes_of(text), type=dict[str, list[list[str | int]]])
        if unknown := set(found) - {"if", "then", "else"}:
            raise ValueError(f"{', '.join(sorted(unknown))}: there is only if, then and else")
        for name, entries in found.items():
            if len(entries) > _TXN_COUNT:
                raise ValueError(f"{name!r} has {len(entries)} entries, at most {_TXN_COUNT} are allowed")
        conditions = [_condition(*words) for words in found.get("if", [])]
        return conditions, [_operation(*words) for words in found.get("then", [])], [_operation(*words) for words in found.get("else", [])]
    except (ValueError, TypeError) as error:
        raise click.BadParameter(str(error).replace("`", "'"), param_hint="TRANSACTION") from error


def _condition(*words: str | int) -> "Condition":
    from redpaxos.kv import Condition, Subject

    match words:
        case ["value", str(key), "=" | "!=" | "<" | ">" as relation, str(operand)]:
            return Condition(key, Subject.VALUE, relation[0], operand.encode())
        case ["revision" | "version" as subject, str(key), "=" | "!=" | "<" | ">" as relation, int(number)] if abs(number) < 2**62:
            return Condition(key, Subject[subject.upper()], relation[0], number)
        case _:
            raise ValueError(f"{list(words)} is no condition, such as " + '["version", "key", ">", 0] or ["value", "key", "=", "text"]')


def _operation(*words: str | int) -> "Operation":
    from redpaxos.kv import Delete, Get, Put, Range

    match words:
        case ["put", str(key), str(value)]:
            return Put(key, value.encode())
        case ["get", str(key)]:
            return Get(key)
        case ["delete", str(key)]:
            return Delete(key)
        case ["delete-prefix", str(prefix)]:
            return Delete(prefix, prefix=True)
        case ["ls", str(prefix)]:
            return Range(prefix)
        case _:
            raise ValueError(f"{list(words)} is no operation: there is put KEY VALUE, get KEY, delete KEY, delete-prefix PREFIX, ls PREFIX")


# ---- out --------------------------------------------------------------------------------------------------------------------------


def _print_result(record: dict[str, Any], text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(record)
    else:
        click.echo(text)


def _print_written(record: dict[str, Any], text: str, previous: "Item | None", *, asked: bool, as_json: bool) -> None:
    """What a write did, and what was there before if that was asked for."""
    _print_result(record | ({"previous": _record(previous)} if asked else {}), text, as_json=as_json)
    if previous is not None and not as_json:
        _print_item(previous, as_json=False, with_key=True)


def _print_item(item: "Item", *, as_json: bool, with_key: bool) -> None:
    if as_json:
        print_json(_record(item))
    elif with_key:
        click.echo(
            f"{_shown(item.key.encode())}  {click.style(_shown(item.value), bold=True)}  {click.style(str(item.revision), dim=True)}"
        )
    else:
        click.echo(item.value)


def _print_change(change: "Change", *, as_json: bool) -> None:
    if as_json:
        print_json({"revision": change.revision, "key": change.key} | _value_record(change.value))
        return
    value = click.style("deleted", dim=True) if change.value is None else click.style(_shown(change.value), bold=True)
    click.echo(f"{click.style(f'{change.revision:>6}', fg='cyan')}  {_shown(change.key.encode())}  {value}")


def _print_branch(branch: "Branch", operations: "list[Operation]", *, as_json: bool) -> None:
    if as_json:
        results = [_result_record(result) for result in branch.results]
        print_json({"succeeded": branch.succeeded, "revision": branch.revision, "results": results})
        return
    click.echo(f"{'the conditions held' if branch.succeeded else 'a condition did not hold'}; revision {branch.revision}")
    for operation, result in zip(operations, branch.results, strict=True):
        _print_outcome(operation, result)


def _print_outcome(operation: "Operation", result: "Written | Deleted | Found") -> None:
    """At least one line for each operation, so that people see which came to what; programs take the JSON."""
    from redpaxos.kv import Delete, Deleted, Found, Range

    key = _shown((operation.first if isinstance(operation, Range) else operation.key).encode())
    match operation, result:
        case Range(), Found(()):
            click.echo(f"no key begins with {key}")
        case _, Found(()):
            click.echo(f"there is no key {key}")
        case _, Found(items, _, more):
            for item in items:
                _print_item(item, as_json=False, with_key=True)
            if more:
                click.echo(f"and more that begin with {key}")
        case Delete(_, prefix), Deleted(_, count):
            click.echo(f"{count} deleted: {key}{'…' if prefix else ''}")
        case _:
            click.echo(f"written: {key}")


def _result_record(result: "Written | Deleted | Found") -> dict[str, Any]:
    from redpaxos.kv import Deleted, Found

    if isinstance(result, Found):
        return {"items": [_record(item) for item in result.items], "more": result.more}
    return {"count": result.count} if isinstance(result, Deleted) else {"revision": result.revision}


def _record(item: "Item | None") -> dict[str, Any] | None:
    if item is None:
        return None
    numbers = {"revision": item.revision, "created": item.created, "version": item.version}
    return {"key": item.key} | _value_record(item.value) | numbers


def _value_record(value: bytes | None) -> dict[str, Any]:
    """A value as text, or where it is no text as base64 under another name."""
    import base64

    if value is None:
        return {"value": None}
    try:
        return {"value": value.decode()}
    except UnicodeDecodeError:
        return {"value_base64": base64.b64encode(value).decode()}


def _shown(value: bytes) -> str:
    """Without what would move the cursor or break the line."""
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in value.decode(errors="backslashreplace"))
