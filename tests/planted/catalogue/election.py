"""Mistakes of an election: nobody leads, or whoever leads is disturbed."""

from tests.planted.planting import Mistake

ELECTION = "paxos/election.py"
QUORUM = "paxos/quorum.py"
UNIT = "tests/unit/test_election.py::"
WITNESS = "tests/unit/test_witness.py::"

MISTAKES = (
    Mistake(
        "a leader that no quorum hears goes on",
        ELECTION,
        "if not self._quorum.accepted(phase.echoed):",
        "if False:",
        "OP 2: a leader without a quorum makes room",
        UNIT + "test_quorum_loss_a_leader_that_no_quorum_echoes_resigns",
    ),
    Mistake(
        "a candidate is content with one acceptor that hears no leader",
        ELECTION,
        "if not self._quorum.prepared(phase.leaderless):",
        "if not phase.leaderless:",
        "OP 2: who is only cut off disturbs nobody",
        UNIT + "test_a_campaign_needs_a_quorum_that_hears_no_leader",
    ),
    Mistake(
        "a candidate takes answers to an earlier probe",
        ELECTION,
        " or message.number != self._probe_number",
        "",
        "OP 2: who is only cut off disturbs nobody",
        UNIT + "test_a_campaign_needs_a_quorum_that_hears_no_leader",
    ),
    Mistake(
        "a candidate disturbs a leader that it does not hear",
        ELECTION,
        """        if message.hears_leader:
            return NOTHING
""",
        "",
        "OP 2: who is only cut off disturbs nobody",
        UNIT + "test_chained_a_node_cut_off_from_a_leader_that_others_hear_disturbs_nobody",
    ),
    Mistake(
        "a follower follows a leader that was overtaken",
        ELECTION,
        " or message.ballot < self._reigned:",
        ":",
        "OP 2: the higher ballot leads",
        UNIT + "test_a_leader_of_a_higher_ballot_is_followed_instead_and_one_of_a_lower_ballot_is_not",
    ),
    Mistake(
        "a campaign is below a ballot that was heard of",
        ELECTION,
        "telling(Lead(self.highest))",
        "telling(Lead(ZERO))",
        "PMS 2.4: progress",
        UNIT + "test_a_campaign_goes_above_every_ballot_heard_of",
    ),
    Mistake(
        "a candidate that is behind stands back for ever",
        ELECTION,
        "return self._stood_back <= _PATIENT_ROUNDS",
        "return True",
        "progress: somebody leads where a quorum is connected",
        UNIT + "test_constrained_a_candidate_that_is_behind_stands_back_for_one_election_only",
    ),
    Mistake(
        "a candidate gives up after one election",
        ELECTION,
        "return Effects(send=(Send(ACCEPTORS, Probe(self._probe_number)),), timers=(self._election_timer(),), tell=told)",
        "return Effects(send=(Send(ACCEPTORS, Probe(self._probe_number)),), tell=told)",
        "progress: somebody leads where a quorum is connected",
        UNIT + "test_a_campaign_that_nobody_answers_is_given_up_for_another_probe",
    ),
    Mistake(
        "a learner that hears no leader asks nobody",
        ELECTION,
        "probe = Send(ACCEPTORS, Probe(_FOLLOWER_PROBE))\n        return Effects(send=(probe,), timers",
        "return Effects(timers",
        "progress: who can reach somebody that has learned learns",
        "tests/actors/test_cut_off.py::test_it_asks_the_acceptors_what_is_chosen_and_learns_from_whoever_answers",
    ),
    Mistake(
        "a leader beats once",
        ELECTION,
        "return Effects(send=(Send(EVERYONE, heartbeat),), timers=(StartTimer(HEARTBEAT, self._settings.heartbeat_seconds),))",
        "return Effects(send=(Send(EVERYONE, heartbeat),))",
        "progress: a live leader is heard",
        UNIT + "test_an_elected_leader_says_so_at_once",
    ),
    Mistake(
        "a deposed leader never tries again",
        ELECTION,
        "timers=(CancelTimer(HEARTBEAT), self._election_timer())",
        "timers=(CancelTimer(HEARTBEAT),)",
        "progress: somebody leads where a quorum is connected",
        UNIT + "test_a_refused_candidate_waits_before_it_asks_again",
    ),
    Mistake(
        "a witness echoes a leader once",
        ELECTION,
        "if message.ballot < self.highest or message.ballot.node != source or message.ballot <= self._resigned:",
        "if message.ballot <= self.highest or message.ballot.node != source:",
        "OP 2: a leader that a quorum hears stays",
        WITNESS + "test_each_heartbeat_of_the_leader_is_echoed",
    ),
    Mistake(
        "a witness never forgets a leader",
        ELECTION,
        """        self._hears_leader = False
        return NOTHING""",
        "        return NOTHING",
        "progress: a dead leader is replaced",
        WITNESS + "test_a_leader_that_is_heard_no_more_is_no_leader",
    ),
    Mistake(
        "a witness echoes a leader that was overtaken",
        ELECTION,
        """        self._chosen_through = max(self._chosen_through, message.chosen_through)
        if message.ballot < self.highest or""",
        """        self._chosen_through = max(self._chosen_through, message.chosen_through)
        if""",
        "OP 2: a leader without a quorum makes room",
        WITNESS + "test_a_leader_of_a_lower_ballot_gets_no_echo_but_its_news_is_kept",
    ),
    Mistake(
        "half of the members are a majority",
        QUORUM,
        "len(names) // 2 + 1",
        "(len(names) + 1) // 2",
        "PMS 2.1: any two majorities have an acceptor in common",
        "tests/unit/test_quorum.py::test_a_majority_is_more_than_half",
    ),
    Mistake(
        "one third of the members are a majority",
        QUORUM,
        "len(names) // 2 + 1",
        "(len(names) + 2) // 3",
        "PMS 2.1: any two majorities have an acceptor in common",
        "tests/unit/test_quorum.py::test_a_majority_is_more_than_half",
    ),
    Mistake(
        "quorums of the two phases may miss each other",
        QUORUM,
        "if prepare_count + accept_count <= len(names):",
        "if prepare_count + accept_count < len(names):",
        "FP: quorums of phase 1 and phase 2 intersect",
        "tests/unit/test_quorum.py::test_quorums_that_could_miss_each_other_are_refused",
    ),
    Mistake(
        "a quorum one short is enough for phase 2",
        QUORUM,
        "return len(voted) >= self.accept_count",
        "return len(voted) >= self.accept_count - 1",
        "PMS 2.2: chosen by a majority",
        "tests/unit/test_learner.py::test_a_learner_never_believes_one_acceptor",
    ),
    Mistake(
        "an heir lets go of its campaign when the leader that asked for it speaks",
        ELECTION,
        "if isinstance(self.phase, Campaigning) and message.ballot == self.phase.predecessor:",
        "if False:",
        "progress: a hand-over costs no election time-out",
        UNIT + "test_what_a_leader_says_while_its_heir_campaigns_does_not_end_the_campaign_that_it_asked_for",
    ),
)
