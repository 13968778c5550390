"""`redpaxos sim`: run whole clusters in simulation, replay a run, and shrink one that fails."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from redpaxos.cli.failures import ExitCode
from redpaxos.cli.options import output_option
from redpaxos.cli.output import print_json

if TYPE_CHECKING:
    from redpaxos.simulation.runs.fleet import Campaign, Summary

Command = TypeVar("Command", bound=Callable[..., Any])

_SCHEDULERS = ("walk", "rounds")


def _seed_option(explanation: str) -> Callable[[Command], Command]:
    return click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help=explanation)


_scheduler_option = click.option(
    "--scheduler",
    type=click.Choice(_SCHEDULERS),
    default="walk",
    show_default=True,
    help="A random walk, or lossy synchronous rounds, which reach other faults.",
)


@click.group(short_help="Simulate whole clusters under faults, and check every step.")
def sim() -> None:
    """Simulate whole clusters under faults, with every invariant checked at every step.

    A run is a function of its seed: what one finds, everybody can replay.
    """


@sim.command()
@_seed_option("The first seed; the others follow it.")
@_scheduler_option
@click.option("--runs", type=click.IntRange(min=1), default=100, show_default=True, help="How many seeds.")
@click.option("--jobs", type=click.IntRange(min=1), help="How many processes; as many as there are cores if not given.")
@click.option(
    "--resume", type=click.Path(dir_okay=False, path_type=Path), help="Keep in this file how far it is, and go on from there if it exists."
)
@output_option
def run(*, seed: int, scheduler: str, runs: int, jobs: int | None, resume: Path | None, as_json: bool) -> int:
    """Run many seeds, and say what happened and what was found. Ctrl-C ends it early, with what was found so far.

    Exits with 3 if an invariant was violated, and with 130 after Ctrl-C.
    """
    from redpaxos.simulation.runs.fleet import Campaign, core_count

    try:
        campaign = Campaign.load(resume) if resume is not None and resume.exists() else Campaign(seed, runs, scheduler)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--resume") from error
    code = ExitCode.NO
    if resume is not None:
        campaign.save(resume)
    try:
        with _progress(campaign) as advance:
            for part in campaign.go_on(jobs or core_count()):
                advance(part)
                if resume is not None:
                    campaign.save(resume)
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    if as_json:
        print_json(campaign.summary)
    else:
        _print_summary(campaign.summary)
    if code is ExitCode.INTERRUPTED:
        left = f"--resume {resume}" if resume is not None else f"--seed {campaign.next_seed} --runs {len(campaign.seeds)}"
        click.echo(f"interrupted; go on with: redpaxos sim run --scheduler {campaign.scheduler} {left}", err=True)
        return code
    return ExitCode.NO if campaign.summary.violations else ExitCode.DONE


@sim.command()
@_seed_option("The seed to run again.")
@_scheduler_option
@click.option("--trace", is_flag=True, help="Print a line for everything that happened.")
@click.option("--ladder", is_flag=True, help="Draw who sent what to whom.")
def replay(*, seed: int, scheduler: str, trace: bool, ladder: bool) -> int:
    """Run one seed again, and look at it. Exits with 3 if an invariant is violated."""
    from redpaxos.simulation.runs.running import run as run_seed
    from redpaxos.simulation.runs.story import picture

    result = run_seed(seed, scheduler=scheduler)
    if trace:
        for line in result.trace.lines():
            click.echo(line)
    if ladder:
        click.echo(picture(result))
    click.echo(result.report())
    return ExitCode.DONE if result.violation is None else ExitCode.NO


@sim.command(short_help="Reduce a failing run to what it takes, and draw that.")
@_seed_option("The seed that fails.")
@_scheduler_option
@click.option("--budget", type=click.IntRange(min=1), default=1500, show_default=True, help="Runs to try at most.")
def shrink(*, seed: int, scheduler: str, budget: int) -> int:
    """Reduce a failing run to the few faults, requests and messages that it takes, and draw them."""
    from redpaxos.simulation.runs.minimize import Minimizer
    from redpaxos.simulation.runs.running import run as run_seed
    from redpaxos.simulation.runs.story import picture

    failing = run_seed(seed, scheduler=scheduler)
    if failing.violation is None:
        click.echo(failing.report())
        return ExitCode.DONE
    minimizer = Minimizer(failing, run_count=budget)
    small = minimizer.minimize()
    click.echo(picture(small))
    click.echo(f"{failing.step_count} steps became {small.step_count} in {minimizer.run_count} runs", err=True)
    return ExitCode.NO


@contextmanager
def _progress(campaign: "Campaign") -> "Iterator[Callable[[Summary], None]]":
    """A bar on standard error, and a line for each violation as soon as it is found."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    console = Console(file=sys.stderr)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        label = f"seeds {campaign.next_seed} to {campaign.first_seed + campaign.run_count - 1}"
        task = bars.add_task(label, total=campaign.run_count, completed=campaign.summary.run_count, rate="")

        def advance(part: "Summary") -> None:
            speed = bars.tasks[task].finished_speed or bars.tasks[task].speed or 0.0
            bars.update(task, advance=part.run_count, rate=f"{speed:.0f} runs/s, {len(campaign.summary.violations)} violations")

        yield advance


def _print_summary(total: "Summary") -> None:
    from redpaxos.simulation.plans.kinds import CONSEQUENCES, FAULTS

    ran = f"{total.run_count} runs, {total.step_count} steps, {total.virtual_seconds:.0f} virtual seconds"
    click.echo(f"{ran}, {total.chosen_count} slots chosen, {sum(total.outcomes.values())} requests judged")
    click.echo(f"slowest recovery {total.slowest_recovery_seconds:.1f} s")
    click.echo("outcomes: " + ", ".join(f"{count} {name}" for name, count in sorted(total.outcomes.items())))
    struck = sum(1 for name in FAULTS if total.fired[name])
    click.echo(f"{struck} of {len(FAULTS)} kinds of fault struck:")
    _print_kinds(total, FAULTS)
    click.echo("and what followed:")
    _print_kinds(total, CONSEQUENCES)
    click.echo(f"{len(total.violations)} violations")
    for seed, violation in sorted(total.violations.items()):
        click.echo(f"seed {seed}: {violation.invariant}: {violation.text}")


def _print_kinds(total: "Summary", kinds: dict[str, str]) -> None:
    for name, meaning in kinds.items():
        click.echo(f"  {total.fired[name]:8}  {name:<32}  {meaning}")
