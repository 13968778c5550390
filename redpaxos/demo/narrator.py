"""How the story looks: chapters, what was published, what was heard, and a verdict; plain text where there are no colours."""

import json
import sys
from collections.abc import Iterable
from io import TextIOWrapper
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.text import Text

_COLOURS = {"n1": "cyan", "n2": "magenta", "n3": "yellow", "alice": "bright_blue", "bob": "bright_red", "redis": "white"}
_WIDTH = 78
_NAME_WIDTH = 7


class Narrator:
    """Prints one line at a time; nothing is made up here."""

    def __init__(self) -> None:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")
        self._console = Console(highlight=False, soft_wrap=True)
        self._chapter_count = 0

    def title(self, title: str, lead: str) -> None:
        """What this is."""
        self._print(f"\n  [bold]{escape(title)}[/]\n  [dim]{escape(lead)}[/]")

    def chapter(self, title: str) -> None:
        """A new thing happens."""
        self._chapter_count += 1
        rule = "─" * max(0, _WIDTH - len(title) - 6)
        self._print(f"\n [bold green]{self._chapter_count}[/]  [bold]{escape(title)}[/] [dim]{rule}[/]")

    def say(self, text: str) -> None:
        """What a newcomer should know."""
        self._print(f"    [dim]{escape(text)}[/]")

    def about(self, name: str, text: str) -> None:
        """A fact about somebody."""
        self._print(f"    {_name(name)} {escape(text)}")

    def published(self, name: str, proposal: dict[str, Any]) -> None:
        """Somebody published this."""
        self._print(f"    {_name(name)} [dim]publishes[/] {escape(_json(proposal))}")

    def decided(self, message: dict[str, Any]) -> None:
        """A decree was chosen."""
        value = f"[bold]{escape(_json(message['value']))}[/]"
        self._print(f"    [green]chosen[/]  {escape(message['decree'])} is {value}  {_ballot(message)}")

    def chosen(self, message: dict[str, Any]) -> None:
        """An entry of the log was chosen."""
        revision = f"[dim]revision[/] {message['revision']:>2}"
        value = escape(_json(message["value"])).ljust(16)
        self._print(f"    [green]chosen[/]  {revision}  [bold]{value}[/]  {_ballot(message)}")

    def event(self, name: str, text: str) -> None:
        """Something decisive happened to somebody."""
        self._print(f"    {_name(name)} [bold]{escape(text)}[/]")

    def log_of(self, node: str, entry_count: int, digest: str, *, agrees: bool) -> None:
        """What one node has in its log."""
        mark = "[green]✓[/]" if agrees else "[red]✗[/]"
        self._print(f"    {_name(node)} {entry_count} entries  [dim]sha256[/] {digest[:16]}…  {mark}")

    def verdict(self, text: str) -> None:
        """All is well."""
        self._print(f"\n  [bold green]✓[/] [bold]{escape(text)}[/]")

    def failed(self, reason: str) -> None:
        """Something is not well."""
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"\n  [bold red]✗ The demo failed:[/] {escape(reason)}")

    def gone(self) -> None:
        """The user has seen enough."""
        self._print("\n    Ended; nothing is left behind.")

    def next_commands(self, lead: str, commands: Iterable[tuple[str, str]]) -> None:
        """What to try next; commands stand alone on their lines, so that they can be copied."""
        self._print(f"\n  {escape(lead)}\n")
        for command, purpose in commands:
            self._print(f"    [dim]# {escape(purpose)}[/]\n    [bold cyan]{escape(command)}[/]")
        self._print("")

    def _print(self, markup: str) -> None:
        self._console.print(Text.from_markup(markup))


def _name(name: str) -> str:
    return f"[bold {_COLOURS.get(name, 'white')}]{escape(name.ljust(_NAME_WIDTH))}[/]"


def _ballot(message: dict[str, Any]) -> str:
    round_number, node = message["ballot"]
    return f"[dim]ballot[/] {round_number}.[{_COLOURS.get(node, 'white')}]{escape(node)}[/]"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
