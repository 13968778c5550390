"""The command line: `python -m benchmarks --help`."""

import sys
import tempfile
import time
from pathlib import Path

import click
from msgspec import structs
from rich.console import Console

from benchmarks.bench import DEFAULT, QUICK, run_bench
from benchmarks.failover import HOW, print_outcome, run_failover
from benchmarks.failover import Plan as Failover
from benchmarks.report import print_run, write_json

_RESULTS = Path(__file__).parent / "results"


@click.group(invoke_without_command=True)
@click.option("--quick", is_flag=True, help="One short round: does it work, and about how fast?")
@click.option(
    "--json", "json_path", type=click.Path(path_type=Path), help="Where to write the JSON.  [default: benchmarks/results/bench.json]"
)
@click.option(
    "--data-dir", type=click.Path(path_type=Path, exists=True), help="Where the nodes' disks are.  [default: a temporary directory]"
)
@click.pass_context
def main(context: click.Context, *, quick: bool, json_path: Path | None, data_dir: Path | None) -> None:
    """Measure redpaxos on this machine: latency and throughput, and the conditions."""
    if context.invoked_subcommand is not None:
        return
    console = make_console()
    begin = time.monotonic()
    with console.status("starting") as status:
        run = run_bench(QUICK if quick else DEFAULT, status.update, data_dir)
    print_run(run, console)
    path = json_path or _RESULTS / "bench.json"
    write_json(run, path)
    console.print(f"\n{time.monotonic() - begin:.0f} s; everything, round by round, is in {path}", highlight=False)


@main.command()
@click.option("--quick", is_flag=True, help="Short rounds, few cases: does it work?")
@click.option("--rounds", type=click.IntRange(min=1), help="How many, instead of 5, or 2 with --quick.")
@click.option("--seconds", type=click.FloatRange(min=0.1), help="For each case and round, instead of 1.5, or 0.5 with --quick.")
@click.option(
    "--json", "json_path", type=click.Path(path_type=Path), help="Where to write the JSON.  [default: benchmarks/results/peers.json]"
)
@click.option(
    "--data-dir", type=click.Path(path_type=Path, exists=True), help="Where everybody's disks are.  [default: a temporary directory]"
)
def peers(*, quick: bool, rounds: int | None, seconds: float | None, json_path: Path | None, data_dir: Path | None) -> None:
    """Compare with etcd, ZooKeeper, PySyncObj, a Redis that syncs and Redlock; benchmarks/peers/install.sh installs them."""
    from benchmarks.peers import plan
    from benchmarks.peers.pictures import draw
    from benchmarks.peers.ratios import ratio_table, ratios

    console = make_console()
    begin = time.monotonic()
    chosen = plan.QUICK if quick else plan.DEFAULT
    chosen = structs.replace(chosen, round_count=rounds or chosen.round_count, seconds=seconds or chosen.seconds)
    with console.status("starting") as status:
        run = plan.run_peers(chosen, status.update, data_dir)
    print_run(run, console)
    found = ratios(run.results)
    console.print(ratio_table(found))
    path = json_path or _RESULTS / "peers.json"
    write_json(structs.replace(run, ratios=found), path)
    pictures = draw(run, path.parent)
    console.print(
        f"\n{time.monotonic() - begin:.0f} s; round by round in {path}; drawn in {', '.join(map(str, pictures))}", highlight=False
    )


@main.command()
@click.option("--quick", is_flag=True, help="Few and short rounds: does it work?")
@click.option(
    "--json", "json_path", type=click.Path(path_type=Path), help="Where to write the JSON.  [default: benchmarks/results/roles.json]"
)
def roles(*, quick: bool, json_path: Path | None) -> None:
    """Compare pure roles in one process with essential-paxos, which benchmarks/peers/install.sh installs."""
    from benchmarks.peers.ratios import ratio_table
    from benchmarks.roles import DEFAULT, QUICK, run_roles

    console = make_console()
    with console.status("starting") as status:
        run = run_roles(QUICK if quick else DEFAULT, status.update)
    print_run(run, console)
    console.print(ratio_table(run.ratios))
    path = json_path or _RESULTS / "roles.json"
    write_json(run, path)
    console.print(f"\nround by round in {path}", highlight=False)


@main.command()
@click.option("--quick", is_flag=True, help="One short round.")
@click.option(
    "--json", "json_path", type=click.Path(path_type=Path), help="Where to write the JSON.  [default: benchmarks/results/storage.json]"
)
@click.option("--data-dir", type=click.Path(path_type=Path, exists=True), help="Where the stores are.  [default: a temporary directory]")
def storage(*, quick: bool, json_path: Path | None, data_dir: Path | None) -> None:
    """What a write to a store costs, with a journal and without."""
    import msgspec

    from benchmarks.conditions import gather
    from benchmarks.storage import run_storage, storage_table

    console = make_console()
    with console.status("starting") as status:
        conditions = gather(data_dir or Path(tempfile.gettempdir()))
        results = run_storage(1 if quick else 5, 0.1 if quick else 0.4, status.update, data_dir)
    console.print(storage_table(results))
    path = json_path or _RESULTS / "storage.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode({"conditions": conditions, "results": results})))
    console.print(f"\neverything is in {path}", highlight=False)


@main.command()
@click.option("--how", type=click.Choice(HOW), default="kill", show_default=True, help="kill -9, SIGTERM, or a hand-over on request.")
@click.option("--rounds", default=50, show_default=True, type=click.IntRange(1), help="How often.")
@click.option("--outstanding", default=16, show_default=True, type=click.IntRange(1), help="Writes that wait at any time.")
@click.option(
    "--json",
    "json_path",
    type=click.Path(path_type=Path),
    help="Where to write the JSON.  [default: benchmarks/results/failover-HOW.json]",
)
@click.option(
    "--data-dir", type=click.Path(path_type=Path, exists=True), help="Where the nodes' disks are.  [default: a temporary directory]"
)
def failover(*, how: str, rounds: int, outstanding: int, json_path: Path | None, data_dir: Path | None) -> None:
    """Let leaders go under load: for how long is no write answered?"""
    console = make_console()
    with console.status("starting") as status:
        outcome = run_failover(Failover(how, rounds, outstanding), status.update, data_dir)
    print_outcome(outcome, console)
    write_json(outcome, json_path or _RESULTS / f"failover-{how}.json")
    sys.exit(outcome.found_count < outstanding)


@main.command()
@click.option("--commands", default=1_000_000, show_default=True, type=click.IntRange(1), help="How many it misses.")
@click.option("--outstanding", default=100, show_default=True, type=click.IntRange(1), help="Puts that wait at any time.")
@click.option(
    "--json", "json_path", type=click.Path(path_type=Path), help="Where to write the JSON.  [default: benchmarks/results/catch-up.json]"
)
@click.option(
    "--data-dir", type=click.Path(path_type=Path, exists=True), help="Where the nodes' disks are.  [default: a temporary directory]"
)
def catch_up(*, commands: int, outstanding: int, json_path: Path | None, data_dir: Path | None) -> None:
    """Let a node come back that was away for very many commands, under load."""
    from benchmarks.catch_up import Plan, print_catch_up, run_catch_up

    console = make_console()
    with console.status("starting") as status:
        outcome = run_catch_up(Plan(commands, outstanding), status.update, data_dir)
    print_catch_up(outcome, console)
    write_json(outcome, json_path or _RESULTS / "catch-up.json")


@main.command()
@click.option(
    "--minutes", default=60.0, show_default=True, type=click.FloatRange(min=0.0, min_open=True), help="After two for a beginning."
)
@click.option("--outstanding", default=16, show_default=True, type=click.IntRange(1), help="Puts that wait at any time.")
@click.option(
    "--json", "json_path", type=click.Path(path_type=Path), help="Where to write the JSON.  [default: benchmarks/results/soak.json]"
)
@click.option(
    "--data-dir", type=click.Path(path_type=Path, exists=True), help="Where the nodes' disks are.  [default: a temporary directory]"
)
def soak(*, minutes: float, outstanding: int, json_path: Path | None, data_dir: Path | None) -> None:
    """Load a cluster for an hour: are memory and latency flat?"""
    from benchmarks.soak import Plan, print_soak, run_soak

    console = make_console()
    with console.status("starting") as status:
        found = run_soak(Plan(seconds=60 * minutes, outstanding=outstanding), status.update, data_dir)
    print_soak(found, console)
    write_json(found, json_path or _RESULTS / "soak.json")


def make_console() -> Console:
    """Wide enough for the tables also where it is no terminal."""
    return Console(width=None if sys.stdout.isatty() else 140)


if __name__ == "__main__":
    main()
