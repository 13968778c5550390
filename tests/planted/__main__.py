"""Lets the general engines look for every mistake of the catalogue, and writes down what they found.

    python -m tests.planted              # whatever was not tried yet
    python -m tests.planted --again      # everything
    python -m tests.planted --draw       # only the table in docs/planted.md

It may be stopped at any time, and goes on where it was.
"""

import argparse
import sys
from concurrent.futures import as_completed

import click

from tests.planted import ledger as ledgers
from tests.planted.catalogue.all import MISTAKES
from tests.planted.engines import BUDGETS, ENGINES, applies, hunt
from tests.planted.trials import pool

SHARES = (20, 1)
"""Most mistakes are found soon, so a part of the budget is spent on all of them before the rest is spent on any."""


def main() -> int:
    """Run what is missing."""
    parser = argparse.ArgumentParser(prog="python -m tests.planted", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--again", action="store_true", help="forget what was found")
    parser.add_argument("--draw", action="store_true", help="run nothing")
    parser.add_argument("--jobs", type=int, help="processes (one a core)")
    parser.add_argument("--only", default="", help="mistakes whose name contains this")
    arguments = parser.parse_args()
    ledger = ledgers.Ledger() if arguments.again else ledgers.read()
    if not arguments.draw:
        for share in SHARES:
            _hunt(ledger, share, arguments.jobs, arguments.only)
    ledgers.PAGE.write_text(ledgers.page(ledger))
    found = sum(map(ledger.is_found, MISTAKES))
    click.echo(f"{found} of {len(MISTAKES)} mistakes were found by the general engines")
    return 0


def _hunt(ledger: ledgers.Ledger, share: int, jobs: int | None, only: str) -> None:
    """Let each engine look for each mistake that it has neither found nor looked for within this share of its budget."""
    budgets = {engine: budget // share for engine, budget in BUDGETS.items()}
    wanted = [(mistake, engine) for engine in ENGINES for mistake in MISTAKES if applies(engine, mistake) and only in mistake.name]
    missing = [(mistake, engine) for mistake, engine in wanted if not ledger.is_settled(mistake, engine, budgets[engine])]
    with pool(jobs) as processes:
        trials = {processes.submit(hunt, engine, (mistake,), budgets[engine]): (mistake, engine) for mistake, engine in missing}
        for number, trial in enumerate(as_completed(trials), 1):
            mistake, engine = trials[trial]
            finding = trial.result()
            ledger.note(mistake, engine, finding)
            ledgers.write(ledger)
            told = f"{finding.found} after {finding.count:,}" if finding.found else f"not within {finding.count:,}"
            click.echo(f"{number:4} of {len(missing)}  {engine}: {mistake.name}: {told} ({finding.seconds} s)")


if __name__ == "__main__":
    sys.exit(main())
