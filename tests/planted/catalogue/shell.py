"""Mistakes between the roles and the world: what is sent is not on disk, or what is heard was not said."""

from tests.planted.planting import Mistake

SHELL = "tests/actors/test_shell.py::"
PEERS = "tests/actors/test_peers.py::"
TIMERS = "tests/actors/test_actor_timers.py::"
SEQUENCES = "tests/actors/test_sequences.py::"
CODEC = "tests/unit/test_codec.py::"
MAILBOX = "tests/actors/test_mailbox.py::"
DOORS = "tests/unit/test_doors.py::"

MISTAKES = (
    Mistake(
        "roles that come late do not hear what was told in their drain",
        "paxos/cast.py",
        "        self._missed += effects.tell\n",
        "",
        "what was learned in this drain is not in the archive yet",
        "tests/unit/test_casting.py::test_a_decree_that_was_only_learned_is_answered_in_the_same_drain_and_after_it",
    ),
    Mistake(
        "a message that only late roles take is heard by nobody",
        "paxos/cast.py",
        "if type(message) in self._awaited:",
        "if message is None:",
        "progress: whoever asks is answered",
        "tests/unit/test_cast.py::test_a_late_role_is_not_made_before_somebody_speaks_to_it",
    ),
    Mistake(
        "the shell sends before it writes",
        "actors/base.py",
        "is_relied_on = any(not isinstance(record, LAZY) for record in records)",
        "is_relied_on = False",
        "durable before visible",
        SHELL + "test_it_writes_before_it_sends",
    ),
    Mistake(
        "the shell does not sync",
        "actors/base.py",
        "self._wiring.storage.write(records, sync=True)",
        "self._wiring.storage.write(records, sync=False)",
        "durable before visible",
        SHELL + "test_what_others_will_rely_on_is_synced_and_what_a_quorum_has_on_disk_is_not",
    ),
    Mistake(
        "a node counts what was answered to the store that it had before",
        "actors/base.py",
        'if envelope.addressee not in ("", self._identity.store_id):',
        "if False:",
        "PMS 2.5: a forgotten promise breaks Paxos",
        PEERS + "test_what_an_acceptor_answers_is_for_the_store_that_asked_and_for_no_other_of_that_node",
    ),
    Mistake(
        "an empty disk begins with the lives of the one before",
        "actors/storage/base.py",
        "return (zlib.crc32(self.store_id.encode()) << 30) + self.boot_count",
        "return self.boot_count",
        "not done is never said of what may be chosen",
        PEERS + "test_no_life_of_a_node_is_taken_for_another_whatever_became_of_its_disk",
    ),
    Mistake(
        "the shell trusts a store that it has never seen under that name",
        "actors/peers.py",
        "if known != envelope.store_id:",
        "if False:",
        "PMS 2.5: a forgotten promise breaks Paxos",
        PEERS + "test_a_node_that_lost_its_disk_is_not_heard_and_is_told",
    ),
    Mistake(
        "the shell hears nodes that count other members",
        "actors/peers.py",
        "if envelope.quorum != self._fingerprint:",
        "if False:",
        "PMS 2.1: any two majorities have an acceptor in common",
        PEERS + "test_a_node_with_other_members_is_not_heard_since_their_majorities_need_not_meet",
    ),
    Mistake(
        "the shell hears who speaks in the name of another",
        "actors/base.py",
        "if Channels.sender(channel) != envelope.source:",
        "if False:",
        "an envelope comes from whom its channel says",
        SHELL + "test_what_cannot_be_taken_is_counted_said_once_and_harmless",
    ),
    Mistake(
        "the shell forgets which stores it knew",
        "actors/peers.py",
        "return PeerStore(store, envelope.store_id)",
        "return None",
        "PMS 2.5: a forgotten promise breaks Paxos",
        PEERS + "test_a_store_is_remembered_over_restarts",
    ),
    Mistake(
        "an old timer rings",
        "actors/running.py",
        "if not self._is_running(ring):",
        "if (ring.group, ring.timer) not in self._running:",
        "a cancelled timer is never seen",
        TIMERS + "test_a_timer_that_is_restarted_while_its_ring_waits_is_not_seen_before_it_runs_out_again",
    ),
    Mistake(
        "a full drain makes no write",
        "actors/base.py",
        """        self._records += effects.persist
""",
        """        self._records = list(effects.persist)
""",
        "durable before visible",
        SHELL + "test_one_drain_is_one_write_however_much_it_heard",
    ),
    Mistake(
        "casts that are in use are let go of",
        "actors/casts.py",
        "busy = running.groups() | {LOG}",
        "busy: set[str] = set()",
        "a group without a cast has its whole state in storage",
        SHELL + "test_a_group_that_waits_for_something_is_not_let_go_of",
    ),
    Mistake(
        "a repeated frame is heard twice",
        "actors/sequences.py",
        "if incarnation < life or number + _WINDOW <= highest or (number <= highest and bits >> (highest - number) & 1):",
        "if incarnation < life:",
        "a repeated frame is a duplicate",
        SEQUENCES + "test_each_number_is_fresh_once",
    ),
    Mistake(
        "a frame that comes late is taken for a duplicate",
        "actors/sequences.py",
        "(number <= highest and bits >> (highest - number) & 1)",
        "number <= highest",
        "progress: reordering loses nothing",
        SEQUENCES + "test_frames_out_of_order_are_fresh_and_close_their_gap",
    ),
    Mistake(
        "a full mailbox drops timers",
        "actors/mailbox.py",
        """        with self._lock:
            self._items.append((item, 0))
""",
        """        with self._lock:
            if self._waiting_bytes + _ITEM_BYTES > self._limit_bytes:
                return
            self._items.append((item, 0))
""",
        "progress: a timer is never lost",
        MAILBOX + "test_what_may_not_be_dropped_is_not",
    ),
    Mistake(
        "an actor is not woken for what is left over",
        "actors/mailbox.py",
        """            self._woken = bool(self._items)
        if self._woken:
            self._wake()
        return""",
        """            self._woken = bool(self._items)
        return""",
        "progress: what waits is taken",
        MAILBOX + "test_the_actor_is_woken_again_for_what_is_over_the_limit",
    ),
    Mistake(
        "the tag of a frame is not looked at",
        "paxos/codec.py",
        "if not hmac.compare_digest(frame[_HEADER_BYTES : _HEADER_BYTES + _TAG_BYTES], self._tag(body)):",
        "if False:",
        "a signed cluster hears its own only",
        CODEC + "test_a_frame_signed_with_another_secret_is_refused",
    ),
    Mistake(
        "the tag covers a part of the frame",
        "paxos/codec.py",
        "hmac.digest(self._secret, body, hashlib.sha256)",
        "hmac.digest(self._secret, body[:32], hashlib.sha256)",
        "a signed cluster hears its own only",
        CODEC + "test_every_bit_of_a_signed_frame_matters",
    ),
    Mistake(
        "an unsigned frame is taken where frames are signed",
        "paxos/codec.py",
        "if frame[: len(self._header)] != self._header:",
        "if False:",
        "a signed cluster hears its own only",
        CODEC + "test_signed_and_unsigned_do_not_mix",
    ),
    Mistake(
        "another cluster is heard",
        "paxos/codec.py",
        "if envelope.cluster != self._cluster:",
        "if False:",
        "clusters share nothing",
        CODEC + "test_another_cluster_is_refused",
    ),
    Mistake(
        "another wire version is guessed at",
        "paxos/codec.py",
        "if frame[2] != WIRE_VERSION:",
        "if False:",
        "what does not decode is never half-believed",
        CODEC + "test_another_wire_version_is_refused_by_its_number",
    ),
    Mistake(
        "a frame of any size is decoded",
        "paxos/codec.py",
        "if len(frame) > FRAME_BYTES:",
        "if False:",
        "memory is bounded",
        CODEC + "test_a_frame_of_a_hundred_megabytes_is_too_large_and_not_even_looked_at",
    ),
    Mistake(
        "JSON of any depth is taken",
        "paxos/doors.py",
        " and _depth(text) > _DEPTH:",
        " and False:",
        "a value comes back to every reader",
        DOORS + "test_text_that_is_no_json_value_is_refused",
    ),
    Mistake(
        "a store is remembered for what an empty one says too",
        "actors/peers.py",
        "if envelope.source != self._node and not is_memorable(envelope.store, messages, self._store):",
        "if False:",
        "progress: an empty disk that was shown by mistake shuts nobody out",
        PEERS + "test_an_empty_disk_that_was_shown_by_mistake_leaves_its_place_to_the_original",
    ),
    Mistake(
        "a channel that was forgotten is numbered anew",
        "actors/sequences.py",
        "self._last.get(channel, self._forgotten_end)",
        "self._last.get(channel, 0)",
        "a fresh frame is no duplicate",
        SEQUENCES + "test_no_number_is_given_twice_on_a_channel_that_was_forgotten_meanwhile",
    ),
)
