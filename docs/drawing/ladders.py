"""Draws the ladders of docs/protocol.md: `python -m docs.drawing.ladders` plays each scene with the real roles, and writes what happened.

A scene decides only what is sent first, which messages are lost or late, and which timer runs out; everything else is what the roles
do. tests/readme/test_docs.py compares the page with the scenes.
"""

import re
from collections.abc import Callable
from pathlib import Path

from docs.drawing.ladder_scene import ACCEPTOR_NAMES, Scene
from paxos.ballot import Ballot
from paxos.effects import EVERYONE, PROPOSERS
from paxos.election import ELECTION, HEARTBEAT, LEADER_HEARD
from paxos.groups import LOG, decree_group
from paxos.informer import TELL
from paxos.intake import SWEEP
from paxos.learner import CATCH_UP
from paxos.messages import (
    Accept,
    Accepted,
    Decided,
    Echo,
    Heartbeat,
    Locate,
    Outcome,
    Prepare,
    Probe,
    ProbeReply,
    Promise,
    Query,
    Submit,
    Transfer,
)
from paxos.succession_messages import Resigned, TakeOver
from paxos.values import Command

PAGE = Path(__file__).resolve().parent.parent / "protocol.md"
_BLOCK = re.compile(r"(<!-- ladder: ([a-z-]+) -->\n```text\n).*?(```\n)", re.DOTALL)

_COLOUR = decree_group("colour")


def _three_acceptors() -> dict[str, str]:
    return dict.fromkeys(ACCEPTOR_NAMES, "acceptor")


def _submit(value: str, command_id: str = "", attempt: int = 1) -> Submit:
    return Submit((Command(command_id or value, value.encode()),), attempt=attempt, incarnation=1)


def one_proposer() -> str:
    """Phase 1 and phase 2, undisturbed."""
    scene = Scene(_COLOUR, client="client", p1="proposer", **_three_acceptors())
    scene.client("client", "p1", _submit('"blue"'))
    return scene.draw()


def first_ballot() -> str:
    """The owner of the lowest ballot does without phase 1."""
    scene = Scene(_COLOUR, client="client", p1="first owner", **_three_acceptors(), p2="proposer")
    scene.client("client", "p1", _submit('"blue"'))
    return scene.draw()


def two_proposers() -> str:
    """The first is overtaken, and ends with the other's value."""
    scene = Scene(_COLOUR, p1="proposer", **_three_acceptors(), p2="proposer")
    scene.hidden = (Submit, Outcome)
    with scene.delaying(lambda parcel, target: parcel.source == "p1" and isinstance(parcel.message, Accept)):
        scene.client("client", "p1", _submit('"blue"'))
        scene.remark("p1's Accept is late; meanwhile:")
        scene.client("client", "p2", _submit('"red"'))
    return scene.draw()


def value_kept() -> str:
    """What may have been chosen is proposed again by whoever comes later."""
    scene = Scene(_COLOUR, p1="proposer", **_three_acceptors(), p2="proposer")
    scene.hidden = (Submit, Outcome)
    with scene.losing(lambda parcel, target: isinstance(parcel.message, Accept) and target != "a1"):
        scene.client("client", "p1", _submit('"blue"'))
    scene.crash("p1")
    with scene.losing(lambda parcel, target: parcel.source == "a3"):
        scene.client("client", "p2", _submit('"red"'))
    return scene.draw()


def steady_state() -> str:
    """A leader needs one round trip a slot."""
    scene = _led_log()
    for value in ('"x"', '"y"'):
        scene.client("client", "p1", _submit(value))
    scene.expire("p1", TELL, "nothing to propose")
    return scene.draw()


def election() -> str:
    """A leader dies; another asks around, and campaigns."""
    scene = _led_log()
    scene.client("client", "p1", _submit('"x"'))
    scene.expire("p1", TELL)
    scene.rows.clear()
    scene.hidden = ()
    scene.expire("p1", HEARTBEAT)
    scene.crash("p1")
    for name in ACCEPTOR_NAMES:
        scene.expire(name, LEADER_HEARD)
    scene.hidden = (Heartbeat, Echo)
    scene.expire("p2", ELECTION, "hears nobody")
    return _without(scene, "client").draw()


def cut_off() -> str:
    """Who alone hears no leader disturbs nobody."""
    scene = _led_log()
    scene.rows.clear()
    scene.hidden = ()
    with scene.losing(lambda parcel, target: target == "p2" and isinstance(parcel.message, Heartbeat)):
        scene.expire("p1", HEARTBEAT)
    scene.expire("p2", ELECTION, "hears nobody")
    return _without(scene, "client").draw()


def catch_up() -> str:
    """A learner that missed all that was said of a slot asks another node, which knows."""
    scene = _led_log()
    with scene.losing(lambda parcel, target: target == "p2"):
        scene.client("client", "p1", _submit('"x"'))
        scene.expire("p1", TELL)
    scene.hidden = (Echo,)
    scene.expire("p1", HEARTBEAT)
    scene.expire("p2", CATCH_UP, "still behind")
    return _without(scene, "client").draw()


def catch_up_from_votes() -> str:
    """Where no learner knows, the votes themselves are asked for, and counted."""
    scene = _led_log()
    scene.hidden = (Heartbeat, Echo, Outcome)
    with scene.losing(lambda parcel, target: isinstance(parcel.message, Decided)):
        scene.client("client", "p1", _submit('"x"'))
        scene.expire("p1", TELL)
    scene.expire("p1", HEARTBEAT)
    scene.crash("p1")
    scene.expire("p2", CATCH_UP, "asks p1 in vain")
    scene.expire("p2", CATCH_UP, "still behind")
    return _without(scene, "client").draw()


def redirect() -> str:
    """A client finds the leader."""
    scene = _led_log()
    scene.names = ("client", "p1", "p2")
    scene.hidden = (Accept, Accepted, Decided)
    scene.client("client", PROPOSERS, Locate())
    scene.remark("or, turned to the wrong one:")
    scene.client("client", "p2", _submit('"x"', "id-1"))
    scene.client("client", "p1", _submit('"x"', "id-1", attempt=2))
    scene.remark("asked again, since that answer may be lost: the same entry, not a second one")
    scene.client("client", "p1", _submit('"x"', "id-1", attempt=3))
    return scene.draw()


def hand_over() -> str:
    """A leader makes another node lead, and what arrives meanwhile goes there."""
    scene = _led_log()
    scene.hidden = (Echo, ProbeReply, Probe)
    with scene.delaying(lambda parcel, target: isinstance(parcel.message, TakeOver)):
        scene.client("client", "p1", Transfer("p2", attempt=1, incarnation=1))
        scene.remark("p1 proposes nothing any more")
        scene.client("client", "p1", _submit('"x"', "id-1", attempt=2))
    return scene.draw()


def resignation() -> str:
    """A leader whose disk is full says so."""
    scene = _led_log()
    scene.hidden = (Heartbeat, Echo, Promise)
    scene.crash("p1", "disk full")
    scene.send("p1", Resigned(Ballot(1, "p1")), EVERYONE)
    scene.expire("p2", ELECTION, "a moment later")
    scene.names = tuple(name for name in scene.names if name != "client")
    return scene.draw()


def not_done() -> str:
    """What never went out is certainly not done."""
    scene = Scene(LOG, client="client", p1="proposer", **_three_acceptors())
    scene.begin("p1")
    for name in ACCEPTOR_NAMES:
        scene.crash(name)
    scene.client("client", "p1", _submit('"x"', "id-1"))
    scene.remark("patience_seconds later")
    for _ in range(4):
        scene.expire("p1", SWEEP)
    return scene.draw()


def question() -> str:
    """Whether anything was decided can only be told by a quorum."""
    scene = Scene(_COLOUR, client="client", p1="proposer", **_three_acceptors())
    scene.client("client", "p1", Query("id-1", attempt=1, incarnation=1))
    return scene.draw()


def unknown() -> str:
    """A leader that is overthrown with the command in flight cannot know what becomes of it."""
    scene = _led_log()
    scene.hidden = (Heartbeat, Echo, Probe, ProbeReply)
    with scene.losing(lambda parcel, target: isinstance(parcel.message, Accept) and target != "a1"):
        scene.client("client", "p1", _submit('"x"', "id-1"))
    scene.remark("p1 is cut off for a while; p2 hears nobody, nor do a2 and a3")
    for name in ACCEPTOR_NAMES:
        scene.expire(name, LEADER_HEARD)
    with scene.losing(lambda parcel, target: "p1" in (parcel.source, target), drawn=False):
        scene.expire("p2", ELECTION)
    scene.remark("the cut heals, p1 hears p2's heartbeat and resigns")
    scene.expire("p2", HEARTBEAT)
    scene.client("client", "p2", _submit('"x"', "id-1", attempt=2))
    return scene.draw()


def _led_log() -> Scene:
    """A log that p1 leads, with p2 following; what led to it is not drawn."""
    scene = Scene(LOG, client="client", p1="proposer", **_three_acceptors(), p2="proposer")
    scene.hidden = (Heartbeat, Echo, Probe, ProbeReply, Prepare, Promise)
    scene.begin(*ACCEPTOR_NAMES, "p1", "p2")
    scene.expire("p1", ELECTION)
    scene.rows.clear()
    scene.hidden = (Heartbeat, Echo)
    return scene


def _without(scene: Scene, name: str) -> Scene:
    scene.names = tuple(other for other in scene.names if other != name)
    return scene


def first_start() -> str:
    """Three empty disks; the last one completes the cluster."""
    scene = Scene(LOG, **dict.fromkeys(ACCEPTOR_NAMES, "fresh acceptor"))
    with scene.losing(lambda parcel, target: target == "a3", drawn=False):
        scene.begin("a1", "a2")
        scene.run()
    scene.remark("a1 and a2 know each other, and wait; a3 starts")
    scene.begin("a3")
    scene.run()
    scene.remark("each is known to two others, writes down that it is admitted, and takes part")
    return scene.draw()


SCENES: dict[str, Callable[[], str]] = {
    "one-proposer": one_proposer,
    "first-ballot": first_ballot,
    "two-proposers": two_proposers,
    "value-kept": value_kept,
    "steady-state": steady_state,
    "election": election,
    "cut-off": cut_off,
    "catch-up": catch_up,
    "catch-up-from-votes": catch_up_from_votes,
    "redirect": redirect,
    "hand-over": hand_over,
    "resignation": resignation,
    "not-done": not_done,
    "question": question,
    "unknown": unknown,
    "first-start": first_start,
}


def redrawn(page: str) -> str:
    """The page with every ladder drawn anew."""
    return _BLOCK.sub(lambda block: f"{block[1]}{SCENES[block[2]]()}{block[3]}", page)


def main() -> None:
    """Draw them all."""
    PAGE.write_text(redrawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
