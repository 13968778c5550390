"""The numbers that a deployment may want to change; the defaults suit one data centre."""

from msgspec import Struct

from paxos.codec import FRAME_BYTES
from paxos.errors import ConfigurationError

# Longer waits than a day are mistakes, and some timers take none that are much longer.
_LONGEST_SECONDS = 24 * 60 * 60
# A page may end with a whole batch, and a batch with a whole value; the other half of a frame is for what surrounds them.
_TOGETHER_BYTES = FRAME_BYTES // 2


class Settings(Struct, frozen=True):
    """Times in seconds, sizes in bytes."""

    # A leader says so this often; an election starts after this long without hearing it, plus a drawn part of the jitter.
    heartbeat_seconds: float = 0.1
    election_timeout_seconds: float = 0.35
    election_jitter_seconds: float = 0.2
    # A message that nobody answered is sent again after this long.
    retry_seconds: float = 0.25
    # A refused proposer waits a drawn part of base * 2^refusals, at most the cap.
    backoff_base_seconds: float = 0.02
    backoff_cap_seconds: float = 1.0
    # A command that was never proposed is answered with "not done" after this long.
    patience_seconds: float = 3.0
    # What was decided is told to the other learners with the next proposal, or after this long.
    tell_seconds: float = 0.002
    # A learner that misses something asks after this long.
    ask_seconds: float = 0.05
    # A batch of commands closes at this size; at most this many slots and bytes are in flight, and this many bytes wait.
    batch_bytes: int = 64 * 1024
    window_slots: int = 64
    window_bytes: int = 8 * 1024 * 1024
    waiting_bytes: int = 64 * 1024 * 1024
    # One command's value may not be larger, nor one page of a catch-up much larger than this.
    value_bytes: int = 1024 * 1024
    page_bytes: int = 256 * 1024
    # A replica saves its state whenever it has executed so much since, and as much as it saved the last time; a part each so many seconds.
    snapshot_bytes: int = 16 * 1024 * 1024
    snapshot_pause_seconds: float = 0.01

    def checked(self) -> "Settings":
        """These settings, or ConfigurationError if they cannot work together."""
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if not value > 0:
                raise ConfigurationError(f"{name} must be above 0, found {value}")
            if name.endswith("_seconds") and value > _LONGEST_SECONDS:
                raise ConfigurationError(f"{name} must be at most {_LONGEST_SECONDS}, found {value}")
        together = self.value_bytes + self.batch_bytes + self.page_bytes
        if together > _TOGETHER_BYTES:
            reason = f"value_bytes, batch_bytes and page_bytes must be at most {_TOGETHER_BYTES} together, found {together}"
            raise ConfigurationError(f"{reason}: one message of {FRAME_BYTES} bytes carries them")
        if self.election_timeout_seconds < 2 * self.heartbeat_seconds:
            raise ConfigurationError("election_timeout_seconds must be at least twice heartbeat_seconds")
        return self
