"""The command line: `python -m benchmarks --help`."""

import sys
import time
from pathlib import Path

import click
from rich.console import Console

from benchmarks.bench import DEFAULT, QUICK, run_bench
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
    console = Console(width=None if sys.stdout.isatty() else 140)
    begin = time.monotonic()
    with console.status("starting") as status:
        run = run_bench(QUICK if quick else DEFAULT, status.update, data_dir)
    print_run(run, console)
    path = json_path or _RESULTS / "bench.json"
    write_json(run, path)
    console.print(f"\n{time.monotonic() - begin:.0f} s; everything, round by round, is in {path}", highlight=False)


if __name__ == "__main__":
    main()
