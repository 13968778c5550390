"""The ledger: what the general engines found of each mistake, kept from run to run, and the table that people read."""

from pathlib import Path

from msgspec import Struct, json

from tests.planted.catalogue.all import EQUIVALENT, MISTAKES, PAIRS
from tests.planted.engines import BUDGETS, ENGINES, Finding, applies
from tests.planted.planting import ROOT, Mistake

LEDGER = Path(__file__).with_name("ledger.json")
PAGE = ROOT / "docs" / "planted.md"

HEAD = """# Planted mistakes

Each row is a mistake that somebody could make in one line of the real code. Its own test finds it in `make test`
(tests/planted). The other columns say whether an engine that does not know what to look for found it, and after how many
simulated clusters or searched states, within a budget of {simulation:,} seeds and of {search:,} states a case. `-` is: not
within the budget, or not within the part of it that was tried; `not tried`: the mistake has changed since; empty: the engine does not play
that code.
Made by `python -m tests.planted`, which goes on where it was stopped.

{found} of {total} mistakes were found by the general engines; {partly} of the others were looked for with a part of the budget only.

| mistake | what it breaks | in | its own test | simulation | search |
|---|---|---|---|---|---|
"""
PAIRS_HEAD = """
## Mistakes that hide each other

Two defences guard one thing. Either mistake alone is not seen by the test; both together are.

| one | and | why one alone does no harm | test |
|---|---|---|---|
"""
EQUIVALENT_HEAD = """
## Changes that are no mistakes

| change | in | why it breaks nothing |
|---|---|---|
"""


class Row(Struct):
    """What the engines came to with one mistake."""

    right: str
    wrong: str
    findings: dict[str, Finding] = {}


class Ledger(Struct):
    """All rows, by the mistake's name."""

    rows: dict[str, Row] = {}

    def finding(self, mistake: Mistake, engine: str) -> Finding | None:
        """What the engine came to with this very mistake, if it has tried."""
        row = self.rows.get(mistake.name)
        return row.findings.get(engine) if row is not None and (row.right, row.wrong) == (mistake.right, mistake.wrong) else None

    def is_settled(self, mistake: Mistake, engine: str, budget: int) -> bool:
        """Whether the engine has found it, or has looked for it for so long."""
        finding = self.finding(mistake, engine)
        return finding is not None and (bool(finding.found) or finding.budget >= budget)

    def note(self, mistake: Mistake, engine: str, finding: Finding) -> None:
        """Remember it; what was found of another edit under that name is dropped."""
        if self.rows.get(mistake.name, Row("", "")).right != mistake.right or self.rows[mistake.name].wrong != mistake.wrong:
            self.rows[mistake.name] = Row(mistake.right, mistake.wrong)
        self.rows[mistake.name].findings[engine] = finding

    def is_found(self, mistake: Mistake) -> bool:
        """Whether any engine found it."""
        return any((finding := self.finding(mistake, engine)) is not None and finding.found for engine in ENGINES)

    def is_tried(self, mistake: Mistake) -> bool:
        """Whether every engine that plays that code found it, or looked for it with all of its budget."""
        return all(self.is_settled(mistake, engine, BUDGETS[engine]) for engine in ENGINES if applies(engine, mistake))


def read(path: Path = LEDGER) -> Ledger:
    """The ledger as it is."""
    return json.decode(path.read_bytes(), type=Ledger) if path.exists() else Ledger()


def write(ledger: Ledger, path: Path = LEDGER) -> None:
    """Keep the ledger, whole or not at all."""
    beside = path.with_suffix(".new")
    beside.write_bytes(json.format(json.encode(ledger, order="sorted"), indent=1) + b"\n")
    beside.replace(path)


def page(ledger: Ledger) -> str:
    """The table for people."""
    found = sum(map(ledger.is_found, MISTAKES))
    partly = sum(not ledger.is_found(mistake) and not ledger.is_tried(mistake) for mistake in MISTAKES)
    rows = [HEAD.format(**BUDGETS, found=found, total=len(MISTAKES), partly=partly)]
    for mistake in MISTAKES:
        cells = [_cell(ledger, mistake, engine) for engine in ENGINES]
        rows.append(_row(mistake.name, mistake.breaks, _module(mistake), f"`{_test(mistake.test)}`", *cells))
    rows.append(PAIRS_HEAD)
    rows += [_row(pair.first.name, pair.second.name, pair.because, f"`{_test(pair.test)}`") for pair in PAIRS]
    rows.append(EQUIVALENT_HEAD)
    rows += [_row(change.name, _module(change), change.breaks.removeprefix("nothing: ")) for change in EQUIVALENT]
    return "".join(rows)


def _cell(ledger: Ledger, mistake: Mistake, engine: str) -> str:
    if not applies(engine, mistake):
        return ""
    finding = ledger.finding(mistake, engine)
    if finding is None:
        return "not tried"
    if finding.found:
        return f"{finding.count:,}: {finding.found}"
    return "-" if finding.budget >= BUDGETS[engine] else f"- ({finding.budget:,})"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"


def _module(mistake: Mistake) -> str:
    return mistake.file.removesuffix(".py")


def _test(name: str) -> str:
    """The schedule, or else the test."""
    return name.partition("[")[2].removesuffix("]") or name.rpartition("::")[2]
