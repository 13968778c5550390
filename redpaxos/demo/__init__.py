"""The demo: three nodes agree, lose their leader, and go on, told as it happens.

story.py       what happens, and what has to be true of it
stage.py       where it happens: what the story asks of a cluster
processes.py   ... three processes and a real server
in_process.py  ... or one process and fakeredis
people.py      clients that publish proposals, and one that hears what was chosen
narrator.py    how it looks
"""

import signal
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from actors.storage.base import StorageError
from redpaxos.demo.narrator import Narrator
from redpaxos.demo.stage import DemoError, Stage
from redpaxos.demo.story import Story
from redpaxos.errors import RedpaxosError
from transport.base import TransportError


def run(*, in_process: bool, keep: bool) -> int:
    """Tell the story; 0 if all of it is as it should be, 1 if anything is not."""
    signal.signal(signal.SIGTERM, _leave)
    narrator = Narrator()
    try:
        with _make_stage(in_process=in_process) as stage:
            Story(stage, narrator).tell()
            if keep:
                _keep(stage, narrator)
                return 0
    except (RedpaxosError, StorageError, TransportError) as error:
        narrator.failed(str(error))
        return 1
    narrator.next_commands("Now you:", _next_commands())
    return 0


def _make_stage(*, in_process: bool) -> Stage:
    if not in_process:
        from redpaxos.demo.processes import ProcessStage

        return ProcessStage()
    try:
        from redpaxos.demo.in_process import InProcessStage
    except ModuleNotFoundError as error:
        if error.name != "fakeredis":
            raise
        raise DemoError("the demo in one process needs fakeredis: pip install fakeredis") from error
    return InProcessStage()


def _keep(stage: Stage, narrator: Narrator) -> None:
    """Leave the cluster to its user until Ctrl-C."""
    narrator.next_commands("The cluster goes on. Now you, in another terminal:", stage.invitation(program()))
    narrator.say("Ctrl-C ends it, and removes everything.")
    try:
        signal.pause()
    except KeyboardInterrupt:
        narrator.gone()


def _next_commands() -> list[tuple[str, str]]:
    us = program()
    needed = "" if find_spec("fakeredis") else " (after pip install fakeredis)"
    return [
        (f"{us} demo --keep", "the same, and the cluster stays for you to play with"),
        (f"{us} demo --in-process", f"the same in one process, as you would test it{needed}"),
        (f"{us} node run --help", "start nodes of your own on the Redis you already run"),
    ]


def program() -> str:
    """How this program is called from where the user stands."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{sys.executable} -m redpaxos"
    if called.is_absolute() and called.is_relative_to(Path.cwd()):
        return str(called.relative_to(Path.cwd()))
    return str(called)


def _leave(number: int, frame: Any) -> None:
    """End as if by exit, so that processes and directories are cleaned up."""
    sys.exit(128 + number)
