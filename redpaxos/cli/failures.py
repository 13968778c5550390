"""How a command ends: the exit codes, and one line on standard error for each failure.

Failures cross this module as the library's own exceptions, so no command knows about exit codes other than through what it raises.
"""

import errno
import os
import sys
from enum import IntEnum
from typing import Any, NoReturn

import click

_PROGRAM = "redpaxos"
# Where standard output is a file, and its disk does not take it.
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class ExitCode(IntEnum):
    """What became of it. The first six are promised to scripts."""

    DONE = 0
    NODE_STOPPED = 1
    USAGE = 2
    NO = 3
    NOT_DONE = 4
    UNKNOWN = 5
    NOT_WRITTEN = 74
    INTERRUPTED = 130
    NOBODY_READS = 141


class OneLineGroup(click.Group):
    """A group whose every failure is one line and an exit code."""

    def main(self, *args: Any, **options: Any) -> NoReturn:
        """Run, and exit."""
        try:
            code = super().main(*args, **options | {"standalone_mode": False}) or ExitCode.DONE
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            code = ExitCode.USAGE
        except click.ClickException as error:
            say(_usage_line(error))
            code = ExitCode.USAGE
        except click.Abort:
            code = ExitCode.INTERRUPTED
        except OSError as error:
            if error.errno not in _DISK_ERRORS or error.filename is not None:
                raise
            _be_quiet()
            say(f"the answer could not be written: {error.strerror}; what was asked for may have been done")
            code = ExitCode.NOT_WRITTEN
        sys.exit(int(code))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant; a mistake says where there is one of this name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            groups = [name for name, command in self.commands.items() if isinstance(command, click.Group) and args[0] in command.commands]
            if not groups:
                raise
            meant = " or ".join(f"{ctx.command_path} {name} {args[0]}" for name in groups)
            raise click.UsageError(f"No such command {args[0]!r}. Did you mean {meant}?", ctx) from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it raises becomes an exit code."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except KeyboardInterrupt:
            return ExitCode.INTERRUPTED
        except BrokenPipeError:
            _be_quiet()
            return ExitCode.NOBODY_READS
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            code = exit_code_of(error)
            if code is None:
                raise
            say(_line(error))
            return code
        return result


def exit_code_of(error: Exception) -> ExitCode | None:
    """The code that an exception of the library stands for; None for a bug."""
    from actors.storage.base import StorageError
    from paxos.errors import ConfigurationError
    from redpaxos.errors import NodeFailedError, NotDoneError, OutcomeUnknownError, RedpaxosError, RejectedError
    from transport.base import TransportError, TransportUrlError

    match error:
        case ConfigurationError() | TransportUrlError():
            return ExitCode.USAGE
        case NodeFailedError() | StorageError():
            return ExitCode.NODE_STOPPED
        case RejectedError():
            return ExitCode.NO
        case OutcomeUnknownError():
            return ExitCode.UNKNOWN
        case NotDoneError() | TransportError() | RedpaxosError():
            return ExitCode.NOT_DONE
        case _:
            return None


def open_what_is_closed() -> None:
    """Have nothing to read, and nobody to write to, where a standard stream is closed, so that no file or socket takes its place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def say(line: str) -> None:
    """One line on standard error."""
    click.echo(f"{_PROGRAM}: {line}", err=True)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def _usage_line(error: click.ClickException) -> str:
    """What was wrong, and where to read what would be right."""
    line = " ".join(error.format_message().split())
    if isinstance(error, click.NoSuchOption) and error.option_name.lstrip("-.")[:1].isdigit():
        line = f"{line.rstrip('.')} (a value that begins with a dash goes behind a double dash)"
    context = getattr(error, "ctx", None)
    if context is None:
        return line
    return f"{line} See {context.command_path} --help" if line.endswith("?") else f"{line.rstrip('.')}; see {context.command_path} --help"


def _be_quiet() -> None:
    """Whoever read our output has gone; the interpreter's last flush should find nobody to complain to."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
