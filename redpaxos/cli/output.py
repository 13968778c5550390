"""What commands print: values, decisions and entries, for people or as one JSON object a line."""

from typing import TYPE_CHECKING, Any, BinaryIO

import click

if TYPE_CHECKING:
    from paxos.ballot import Ballot
    from paxos.values import Entry
    from redpaxos.client import Decision

# No text that people send as a string begins so by itself.
_ONLY_JSON = ("{", "[", '"')
_SHOWN_COUNT = 40


def value_of(text: str, standard_input: BinaryIO, *, as_string: bool = False) -> Any:
    """The value that an argument stands for: its JSON as it is written, or else the text as a string.

    What begins as only JSON does and is none is most often a quote that the shell took; in a log it would stay for ever.
    """
    import msgspec

    if text == "-":
        try:
            text = standard_input.read().decode().removesuffix("\n")
        except UnicodeDecodeError as error:
            raise click.BadParameter(f"standard input is not UTF-8: {error}", param_hint="VALUE") from error
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise click.BadParameter(f"{text[:_SHOWN_COUNT]!a} is not UTF-8", param_hint="VALUE") from error
    if as_string:
        return text
    try:
        return msgspec.json.decode(text, type=msgspec.Raw)
    except RecursionError:
        # The client refuses it as it refuses whatever is nested too deep.
        return msgspec.Raw(text.encode())
    except msgspec.MsgspecError as error:
        if text.lstrip().startswith(_ONLY_JSON):
            shown = _printable(text if len(text) <= _SHOWN_COUNT else f"{text[:_SHOWN_COUNT]}…")
            reason = f"{shown} begins like JSON and is none ({error}); --string sends it as a string"
            raise click.BadParameter(reason, param_hint="VALUE") from error
        return text


def print_decision(group: str, decision: "Decision", *, as_json: bool) -> None:
    """The outcome of a proposal or question; as JSON it has the keys of the chosen channel, and `mine`."""
    from msgspec import Raw

    from paxos.groups import decree_name

    name = decree_name(group)
    if as_json:
        record = {"group": group, "slot": decision.slot, "revision": decision.revision, "id": decision.id or None}
        record |= {"value": Raw(decision.json), "ballot": decision.ballot} | ({"decree": name} if name else {}) | {"mine": decision.mine}
        print_json(record)
        return
    value = click.style(_printable(decision.json.decode()), bold=True)
    ballot = ballot_text(decision.ballot)
    if name:
        click.echo(f"{name} is {value}  " + click.style(f"ballot {ballot}{', this proposal' if decision.mine else ''}", dim=True))
    else:
        click.echo(f"{click.style(f'{decision.revision:>6}', fg='cyan')}  {value}  " + click.style(f"ballot {ballot}", dim=True))


def print_entry(group: str, entry: "Entry", *, as_json: bool) -> None:
    """One entry of the log; as JSON it is the very text that was said on the chosen channel."""
    from paxos.doors import chosen_text

    if as_json:
        click.echo(chosen_text(group, entry))
        return
    notes = f"ballot {ballot_text(entry.ballot)}" + (f"  id {_printable(entry.id)}" if entry.id else "")
    value = click.style(_printable(entry.value.decode()), bold=True)
    click.echo(f"{click.style(f'{entry.revision:>6}', fg='cyan')}  {value}  {click.style(notes, dim=True)}")


def print_json(record: Any) -> None:
    """One JSON object on one line."""
    import msgspec

    click.echo(msgspec.json.encode(record))


def ballot_text(ballot: "Ballot | tuple[int, str] | list[Any]") -> str:
    """A ballot for people: round and node."""
    return f"{ballot[0]}.{ballot[1]}"


def _printable(text: str) -> str:
    """Without what would move the cursor or break the line: values come from anybody."""
    return "".join(character if character.isprintable() else f"\\x{ord(character):02x}" for character in text)
