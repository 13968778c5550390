"""`redpaxos sim`: run whole clusters in simulation, replay a run, and shrink one that fails."""

import sys
from typing import TYPE_CHECKING

import click

from redpaxos.cli.failures import ExitCode

if TYPE_CHECKING:
    from redpaxos.simulation.fleet import Summary

_seed_option = click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="The seed, or the first of several.")


@click.group()
def sim() -> None:
    """Simulate whole clusters under faults, with every invariant checked at every step.

    A run is a function of its seed: what one finds, everybody can replay.
    """


@sim.command()
@_seed_option
@click.option("--runs", type=click.IntRange(min=1), default=100, show_default=True, help="How many seeds.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="How many processes.")
def run(*, seed: int, runs: int, jobs: int) -> int:
    """Run many seeds, and say what happened and what was found."""
    from redpaxos.simulation.fleet import PART_COUNT, Summary, run_fleet

    total = Summary()
    label, errors = f"seeds {seed} to {seed + runs - 1}", sys.stderr
    with click.progressbar(run_fleet(range(seed, seed + runs), jobs), length=-(-runs // PART_COUNT), label=label, file=errors) as parts:
        for part in parts:
            total.add(part)
    _print_summary(total)
    for failing, violation in sorted(total.violations.items()):
        click.echo(f"seed {failing}: {violation.invariant}: {violation.text}")
    return ExitCode.NO if total.violations else ExitCode.DONE


@sim.command()
@_seed_option
@click.option("--trace", is_flag=True, help="Print a line for everything that happened.")
@click.option("--ladder", is_flag=True, help="Draw who sent what to whom.")
def replay(*, seed: int, trace: bool, ladder: bool) -> int:
    """Run one seed again, and look at it."""
    from redpaxos.simulation.running import run as run_seed
    from redpaxos.simulation.story import picture

    result = run_seed(seed)
    if trace:
        for line in result.trace.lines():
            click.echo(line)
    if ladder:
        click.echo(picture(result))
    click.echo(result.report())
    return ExitCode.DONE if result.violation is None else ExitCode.NO


@sim.command()
@_seed_option
@click.option("--budget", type=click.IntRange(min=1), default=1500, show_default=True, help="Runs to try at most.")
def shrink(*, seed: int, budget: int) -> int:
    """Reduce a failing run to the few faults, requests and messages that it takes, and draw them."""
    from redpaxos.simulation.minimize import Minimizer
    from redpaxos.simulation.running import run as run_seed
    from redpaxos.simulation.story import picture

    failing = run_seed(seed)
    if failing.violation is None:
        click.echo(failing.report())
        return ExitCode.DONE
    minimizer = Minimizer(failing, run_count=budget)
    small = minimizer.minimize()
    click.echo(picture(small))
    click.echo(f"{failing.step_count} steps became {small.step_count} in {minimizer.run_count} runs", err=True)
    return ExitCode.NO


def _print_summary(total: "Summary") -> None:
    click.echo(
        f"{total.run_count} runs, {total.step_count} steps, {total.virtual_seconds:.0f} virtual seconds, {total.chosen_count} slots chosen"
    )
    click.echo(f"slowest recovery {total.slowest_recovery_seconds:.1f} s")
    click.echo("outcomes: " + ", ".join(f"{count} {name}" for name, count in sorted(total.outcomes.items())))
    click.echo(f"{len(total.fired)} kinds of fault struck:")
    for name, count in sorted(total.fired.items()):
        click.echo(f"  {count:8} {name}")
    click.echo(f"{len(total.violations)} violations")
