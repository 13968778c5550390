"""The JSON doors: what people and other languages publish and hear, no library needed.

In: `{"value": …, "id": "…"}` for the log, `{"decree": "…", "value": …}` for a decree, `{"decree": "…"}` to ask about one. Out: one
JSON object a chosen command, and one for each proposal that cannot be accepted. A value comes back as the text it came in.
"""

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from paxos.ballot import Ballot
from paxos.effects import Announcement
from paxos.errors import MalformedError
from paxos.groups import LOG, decree_group, decree_name
from paxos.values import Command, Entry

PROPOSE = "propose"
CHOSEN = "chosen"
REJECTED = "rejected"

_ID_CHARACTERS = 128
_NAME_CHARACTERS = 128
_MACHINE_CHARACTERS = 64
_QUOTED_CHARACTERS = 200
_DEPTH = 100


class _Proposal(Struct, forbid_unknown_fields=True):
    value: Raw | UnsetType = UNSET
    id: str | UnsetType = UNSET
    decree: str | UnsetType = UNSET


class _ChosenText(Struct, omit_defaults=True):
    group: str
    slot: int
    revision: int
    id: str | None
    value: Raw
    ballot: Ballot
    decree: str = ""
    repeated: bool = False


class _RejectedText(Struct, omit_defaults=True):
    reason: str
    group: str = ""
    id: str = ""
    decree: str = ""
    proposal: str = ""


_decoder = msgspec.json.Decoder(_Proposal)
_encoder = msgspec.json.Encoder()


def parse_proposal(payload: bytes) -> tuple[str, Command | None]:
    """The group and command of a proposal, without a command for a question; MalformedError says what is wrong with it."""
    if not payload:
        raise MalformedError("not a proposal", "it is empty")
    try:
        payload.decode()
        proposal = _decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError("not a proposal", str(error).replace("`", "'")) from error
    if proposal.id == "":
        raise MalformedError("id", "it is empty; a proposal without an id leaves it out")
    command_id = "" if proposal.id is UNSET else check_id(proposal.id)
    group = LOG if proposal.decree is UNSET else check_decree(proposal.decree)
    if proposal.value is UNSET:
        if group == LOG:
            raise MalformedError("not a proposal", 'it needs a "value"')
        return group, None
    return group, Command(command_id, check_json(bytes(proposal.value)))


def check_decree(name: str) -> str:
    """The group of the decree, if one may bear this name; MalformedError otherwise."""
    if not 0 < len(name) <= _NAME_CHARACTERS:
        raise MalformedError("decree", f"a decree's name has 1 to {_NAME_CHARACTERS} characters")
    return decree_group(_check_text("decree", name))


def check_id(command_id: str) -> str:
    """The id, if a command may bear it; MalformedError otherwise."""
    if len(command_id) > _ID_CHARACTERS:
        raise MalformedError("id", f"it has {len(command_id)} characters, at most {_ID_CHARACTERS} are allowed")
    return _check_text("id", command_id)


def check_machine(name: str) -> str:
    """The name, if a state machine may bear it; MalformedError otherwise."""
    if not 0 < len(name) <= _MACHINE_CHARACTERS:
        raise MalformedError("machine", f"a state machine's name has 1 to {_MACHINE_CHARACTERS} characters")
    return _check_text("machine", name)


def _check_text(kind: str, text: str) -> str:
    """The text, if it has a UTF-8 form, which half of a surrogate pair has not."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise MalformedError(kind, f"{text!a} is not text that can be sent") from error
    return text


def check_json(text: bytes) -> bytes:
    """The text, if it is one JSON value that every reader can take; MalformedError otherwise."""
    if not text.isascii():
        try:
            text.decode()
        except UnicodeDecodeError as error:
            raise MalformedError("value", f"not UTF-8: {error}") from error
    if max(text.count(b"["), text.count(b"{")) > _DEPTH and _depth(text) > _DEPTH:
        raise MalformedError("value", f"nested more than {_DEPTH} deep")
    try:
        msgspec.json.decode(text, type=Raw)
    except msgspec.MsgspecError as error:
        raise MalformedError("value", f"not JSON: {error}") from error
    return text


def chosen(group: str, entry: Entry) -> Announcement:
    """What is said of an executed command, once."""
    return Announcement(CHOSEN, chosen_text(group, entry))


def repetition(group: str, entry: Entry) -> Announcement:
    """What is said to somebody who proposed it again, or asked."""
    return Announcement(CHOSEN, chosen_text(group, entry, repeated=True))


def rejection(group: str, command: Command, reason: str) -> Announcement:
    """What is said of a proposal that cannot be accepted."""
    return Announcement(REJECTED, _encoder.encode(_RejectedText(reason, group, command.id, decree_name(group))))


def malformed(payload: bytes, reason: str) -> Announcement:
    """What is said of bytes at the door that are no proposal."""
    quoted = payload[:_QUOTED_CHARACTERS].decode(errors="replace")
    return Announcement(REJECTED, _encoder.encode(_RejectedText(reason, proposal=quoted)))


def chosen_text(group: str, entry: Entry, *, repeated: bool = False) -> bytes:
    """The JSON text of an entry, the same on every node."""
    text = _ChosenText(group, entry.slot, entry.revision, entry.id or None, Raw(entry.value), entry.ballot, decree_name(group), repeated)
    return _encoder.encode(text)


def _depth(text: bytes) -> int:
    """The nesting of a JSON text; brackets inside strings do not count."""
    depth = deepest = 0
    quoted = escaped = False
    for character in text:
        if quoted:
            quoted = escaped or character != 0x22
            escaped = not escaped and character == 0x5C
        elif character == 0x22:
            quoted = True
        elif character in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in b"]}":
            depth -= 1
    return deepest
