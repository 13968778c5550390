"""The nemesis for hours: real nodes, a real server, real clients, and everything that can happen to them.

    python -m tests.nemesis kills --count 2000
    python -m tests.nemesis redis --count 100 --seed 7 --report proof/redis.json

It says a line after each round, can be stopped at any time, and goes on from its report. Some engines want root. Whatever is wrong ends
it, and is in the report with its seed and the directory in which logs, stores and histories were kept.
"""

import logging
import sys
from pathlib import Path

import click

from tests.nemesis.campaign import ENGINES, Report, pursue

_UNITS = "\n\n".join(f"{name}: {engine.unit}." for name, engine in ENGINES.items())


@click.command(help=f"Run one ENGINE until it has done so much.\n\n{_UNITS}")
@click.argument("engine", type=click.Choice(list(ENGINES)))
@click.option("--count", default=20, show_default=True, help="How much has to be done, as the engine counts.")
@click.option("--seed", default=1, show_default=True, help="Of the first round; a report that is there has its own.")
@click.option("--report", "path", type=click.Path(path_type=Path), help="Where to go on from.  [default: proof/nemesis-ENGINE.json]")
def main(engine: str, count: int, seed: int, path: Path | None) -> None:
    """Run one engine up to its count."""
    path = path or Path("proof") / f"nemesis-{engine}.json"
    try:
        for report in pursue(engine, count, seed, path):
            click.echo(_line(report))
    except KeyboardInterrupt:
        click.echo(f"stopped; the same command goes on from {path}", err=True)
        sys.exit(130)
    except AssertionError as error:
        click.echo(f"{engine}: {error}; see {path}", err=True)
        sys.exit(1)
    click.echo(f"{engine}: done, see {path}")


def _line(report: Report) -> str:
    """Where it is."""
    last = report.rounds[-1]
    return (
        f"{report.engine}: {report.count} of {report.goal}; round {len(report.rounds)}, seed {last.seed}, {last.seconds:.0f} s: "
        f"{last.node_count} nodes, {last.operation_count} operations, {last.acknowledged_count} acknowledged writes read again; "
        f"back within {report.slowest_seconds:.1f} s"
    )


if __name__ == "__main__":
    # That connections are lost is what this is about.
    logging.getLogger().addHandler(logging.NullHandler())
    main()
