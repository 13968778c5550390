"""Mistakes about stores that were just made: who takes part too soon may have forgotten what others count on."""

from tests.planted.planting import Mistake

_ADMISSION = "tests/unit/test_admission.py::"
_FORGOTTEN = "PMS 2.5: a forgotten promise breaks Paxos"

MISTAKES = (
    Mistake(
        "an acceptor takes part before it is admitted",
        "paxos/admission.py",
        "        if self._admission.is_admitted:\n            return Cast.handle(self, source, message)",
        "        if True:\n            return Cast.handle(self, source, message)",
        _FORGOTTEN,
        "tests/transcripts/test_transcripts.py::test_the_real_roles_get_through[an_empty_disk_is_not_admitted]",
        "agreement: slot 0 has two chosen values",
    ),
    Mistake(
        "a store is admitted by the first who knows it",
        "paxos/quorum.py",
        "return len(acquainted) >= self.admit_count",
        "return bool(acquainted) or not self.admit_count",
        _FORGOTTEN,
        _ADMISSION + "test_one_that_says_so_twice_counts_once",
    ),
    Mistake(
        "an acceptor gets acquainted with a second store of a member",
        "paxos/admission.py",
        "if known != message.store_id:",
        "if False:",
        _FORGOTTEN,
        _ADMISSION + "test_a_second_store_of_a_member_is_a_stranger_for_ever",
    ),
    Mistake(
        "an acquaintance is told before it is on disk",
        "paxos/admission.py",
        "persist=(PeerStore(name, known),)",
        "persist=()",
        "PMS 2.5: an acceptor records what it answers before it sends the answer",
        _ADMISSION + "test_another_store_is_written_down_before_it_is_told_so",
    ),
    Mistake(
        "an acquaintance with a store that was lost counts for the next one",
        "paxos/admission.py",
        "message.store_id != self._store_id or source == self._node",
        "source == self._node",
        _FORGOTTEN,
        _ADMISSION + "test_other_acquaintances_do_not_count",
    ),
    Mistake(
        "an acceptor forgets who knows its store",
        "paxos/admission.py",
        "met = Effects(persist=(PeerStore(_ACQUAINTED + source, self._store_id),))",
        "met = NOTHING",
        "progress: who has answered need not be there again",
        _ADMISSION + "test_who_answered_before_a_restart_need_not_be_there_again",
    ),
    Mistake(
        "an acceptor promises and does not remember whom",
        "paxos/admission.py",
        "_CAMPAIGNING if hearer == ACCEPTOR_STORE else _LEADING",
        "_LEADING",
        _FORGOTTEN,
        "tests/actors/test_peers.py::test_an_acceptor_remembers_the_store_of_a_proposer_before_it_promises_it_anything_and_not_for_less",
    ),
)
