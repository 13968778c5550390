------------------------------ MODULE RedPaxos ------------------------------
(***************************************************************************)
(* The protocol of paxos/ for one group: acceptors, and nodes that propose *)
(* and learn. A message, once sent, may be heard by anybody at any time,   *)
(* any number of times, or never: what was sent only grows. An actor hears  *)
(* a message, writes, and sends in one step, as actors/base.py does: a     *)
(* crash before the write is a message that was not heard, and a crash     *)
(* after it loses answers, which the network may do anyway.                *)
(*                                                                         *)
(* Names follow the code: paxos/acceptor.py, paxos/proposer.py and         *)
(* paxos/learner.py. A decree is a group of which only slot 0 is used.     *)
(*                                                                         *)
(* A decree's first owner proposes once without phase 1, at a ballot below *)
(* all others: paxos/first_ballots.py.                                     *)
(*                                                                         *)
(* Left out, since safety must not depend on it: who campaigns when        *)
(* (anybody, at any time), retransmission (a message can be heard again),  *)
(* timers, what refusals say (a proposer may step down at any time), and   *)
(* the watermark of an acceptor. Assumed: a store is lost with its name.   *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets, TLC

CONSTANTS
    Acceptors,     \* Who votes.
    PrepareCount,  \* How many of them phase 1 needs.
    AcceptCount,   \* How many of them phase 2 needs.
    Proposers,     \* Positive numbers, in the order of the nodes' names.
    Learners,      \* Which of them learn; the others never hear of a quorum. Fewer make fewer states.
    FirstOwner,    \* The proposer that owns the first ballot; 0 where nobody does, as in a log.
    Commands,      \* What clients want.
    MaxRound, MaxSlot,
    Window,        \* Slots in flight at one leader.
    Paging         \* Whether a promise may come in pages.

VARIABLES
    promised,  \* Of each acceptor: it refuses every lower ballot.
    votes,     \* Of each acceptor and slot: its latest vote.
    round,     \* Of each proposer: the highest round that it used.
    log,       \* Of each proposer's node: the values of the slots that it learned, in order.
    phase,     \* Of each proposer: idle, preparing or leading, and what is known in that phase alone.
    \* All that were ever sent, by kind.
    prepares, promises, accepts, accepteds

messages == <<prepares, promises, accepts, accepteds>>
vars == <<promised, votes, round, log, phase, messages>>

-----------------------------------------------------------------------------
(* Ballots, votes and values. *)

Slots == 0..MaxSlot
End == MaxSlot + 2              \* END_SLOT: above every slot, and above the end of every page but the last.
Zero == <<0, 0>>                \* Below every ballot that is used.
FirstRound == 0                 \* Below every round of a campaign; with a proposer's number it is above Zero.
Ballots == (1..MaxRound) \X Proposers
Noop == "NOOP"

\* A value is a batch, which carries the ballot that first proposed it: two NOOPs of two ballots are two values.
Batch(ballot, command) == <<ballot, command>>

Below(one, other) == one[1] < other[1] \/ (one[1] = other[1] /\ one[2] < other[2])
NoVote == [ballot |-> Zero, value |-> <<>>]
Larger(one, other) == IF one < other THEN other ELSE one
Greatest(numbers) == CHOOSE number \in numbers : \A other \in numbers : other <= number

\* Two sets of acceptors that are enough for phase 1 and for phase 2 have a member in common.
Prepared(acceptors) == Cardinality(acceptors) >= PrepareCount
Accepted(acceptors) == Cardinality(acceptors) >= AcceptCount

-----------------------------------------------------------------------------
(* The acceptor. *)

\* Where a page of votes may end: the code ends it by size.
PageEnds(first) == IF Paging THEN {End} \union (first + 1)..(MaxSlot + 1) ELSE {End}

VotesFrom(a, first, end) == {[slot |-> s, ballot |-> votes[a][s].ballot, value |-> votes[a][s].value] :
                                s \in {s \in Slots : first <= s /\ s < end /\ votes[a][s] # NoVote}}

MayPromise(a, ballot) == ~Below(ballot, promised[a])
MayVote(a, ballot) == ~Below(ballot, promised[a])

\* The promise after a vote at this ballot.
Raised(a, ballot) == ballot

Promise(a, m, end) ==
    /\ MayPromise(a, m.ballot)
    /\ LET answer == [ballot |-> m.ballot, acceptor |-> a, first |-> m.first, end |-> end, votes |-> VotesFrom(a, m.first, end)]
       IN  answer \notin promises /\ promises' = promises \union {answer}
    /\ promised' = [promised EXCEPT ![a] = m.ballot]
    /\ UNCHANGED <<votes, round, log, phase, prepares, accepts, accepteds>>

\* A second value at one ballot is not voted for; a second request for the same vote is answered with the same message.
Vote(a, m) ==
    /\ MayVote(a, m.ballot) /\ votes[a][m.slot].ballot # m.ballot
    /\ promised' = [promised EXCEPT ![a] = Raised(a, m.ballot)]
    /\ votes' = [votes EXCEPT ![a][m.slot] = [ballot |-> m.ballot, value |-> m.value]]
    /\ accepteds' = accepteds \union {[ballot |-> m.ballot, slot |-> m.slot, acceptor |-> a]}
    /\ UNCHANGED <<round, log, phase, prepares, promises, accepts>>

\* What a restart remembers is what was on disk before anybody heard of it: everything.
PromiseOnDisk(a) == promised[a]
VotesOnDisk(a) == votes[a]

RestartAcceptor(a) ==
    /\ <<PromiseOnDisk(a), VotesOnDisk(a)>> # <<promised[a], votes[a]>>
    /\ promised' = [promised EXCEPT ![a] = PromiseOnDisk(a)]
    /\ votes' = [votes EXCEPT ![a] = VotesOnDisk(a)]
    /\ UNCHANGED <<round, log, phase, messages>>

-----------------------------------------------------------------------------
(* The proposer. *)

NextSlot(p) == Len(log[p])

Idle == [name |-> "Idle"]
Preparing(p, ballot) == [name |-> "Preparing", ballot |-> ballot, covered |-> [a \in Acceptors |-> NextSlot(p)],
                         best |-> [s \in Slots |-> NoVote]]
Leading(ballot, next, flight) == [name |-> "Leading", ballot |-> ballot, next |-> next, flight |-> flight]

IsPreparing(p) == phase[p].name = "Preparing"
IsLeading(p) == phase[p].name = "Leading"

\* A new campaign, in whatever phase; the round is on disk before it is used.
Campaign(p, r) ==
    /\ r > round[p]
    /\ round' = [round EXCEPT ![p] = r]
    /\ phase' = [phase EXCEPT ![p] = Preparing(p, <<r, p>>)]
    /\ prepares' = prepares \union {[ballot |-> <<r, p>>, first |-> NextSlot(p)]}
    /\ UNCHANGED <<promised, votes, log, promises, accepts, accepteds>>

\* The owner of the first ballot leads with it at once. What is written says that this round is behind it.
MayProposeFirst(p) == p = FirstOwner /\ round[p] = 0
RoundAfterFirst == 1

ProposeFirst(p) ==
    /\ MayProposeFirst(p) /\ phase[p] = Idle /\ NextSlot(p) = 0
    /\ round' = [round EXCEPT ![p] = RoundAfterFirst]
    /\ phase' = [phase EXCEPT ![p] = Leading(<<FirstRound, p>>, 0, <<>>)]
    /\ UNCHANGED <<promised, votes, log, messages>>

\* The next page of an acceptor's votes.
AskPage(p, a) ==
    /\ IsPreparing(p)
    /\ prepares' = prepares \union {[ballot |-> phase[p].ballot, first |-> Larger(phase[p].covered[a], NextSlot(p))]}
    /\ UNCHANGED <<promised, votes, round, log, phase, promises, accepts, accepteds>>

\* Which vote is kept of those that were heard of: the one with the highest ballot.
Keeps(known, heard) == IF Below(known.ballot, heard.ballot) THEN [ballot |-> heard.ballot, value |-> heard.value] ELSE known

Merged(best, heard) == [s \in Slots |-> IF \E v \in heard : v.slot = s
                                        THEN Keeps(best[s], CHOOSE v \in heard : v.slot = s)
                                        ELSE best[s]]

\* Whether a page takes up no later than the pages before it end.
IsGapless(p, m) == m.first <= Larger(phase[p].covered[m.acceptor], NextSlot(p))

\* The acceptors all of whose votes are known.
Complete(covered) == {a \in Acceptors : covered[a] = End}

FreeSlot(p, best) == Greatest({NextSlot(p) - 1} \union {s \in Slots : s >= NextSlot(p) /\ best[s] # NoVote}) + 1

\* Propose again what may have been chosen, and a NOOP in each gap.
Win(p, best) ==
    LET ballot == phase[p].ballot
        free == FreeSlot(p, best)
        flight == [s \in NextSlot(p)..(free - 1) |-> IF best[s] = NoVote THEN Batch(ballot, Noop) ELSE best[s].value]
    IN  /\ phase' = [phase EXCEPT ![p] = Leading(ballot, free, flight)]
        /\ accepts' = accepts \union {[ballot |-> ballot, slot |-> s, value |-> flight[s]] : s \in DOMAIN flight}

HearPromise(p, m) ==
    /\ IsPreparing(p) /\ m.ballot = phase[p].ballot /\ IsGapless(p, m)
    /\ LET best == Merged(phase[p].best, m.votes)
           covered == [phase[p].covered EXCEPT ![m.acceptor] = Larger(@, m.end)]
       IN  /\ <<best, covered>> # <<phase[p].best, phase[p].covered>>
           /\ IF m.end = End /\ Prepared(Complete(covered))
              THEN Win(p, best)
              ELSE /\ phase' = [phase EXCEPT ![p].best = best, ![p].covered = covered]
                   /\ UNCHANGED accepts
    /\ UNCHANGED <<promised, votes, round, log, prepares, promises, accepteds>>

Propose(p, command) ==
    /\ IsLeading(p) /\ phase[p].next \in Slots /\ Cardinality(DOMAIN phase[p].flight) < Window
    /\ LET slot == phase[p].next
           value == Batch(phase[p].ballot, command)
       IN  /\ phase' = [phase EXCEPT ![p].next = slot + 1, ![p].flight = (slot :> value) @@ @]
           /\ accepts' = accepts \union {[ballot |-> phase[p].ballot, slot |-> slot, value |-> value]}
    /\ UNCHANGED <<promised, votes, round, log, prepares, promises, accepteds>>

\* What was learned is written lazily, so the last of it may be lost; the round is not.
RoundOnDisk(p) == round[p]

\* A restart; where all is kept it is also what a refusal, a higher ballot or an election that names somebody else does.
StepDown(p, kept) ==
    /\ phase[p] # Idle \/ kept < Len(log[p])
    /\ log' = [log EXCEPT ![p] = SubSeq(@, 1, kept)]
    /\ round' = [round EXCEPT ![p] = RoundOnDisk(p)]
    /\ phase' = [phase EXCEPT ![p] = Idle]
    /\ UNCHANGED <<promised, votes, messages>>

-----------------------------------------------------------------------------
(* The learner: it counts distinct acceptors that voted in one slot at one and the same ballot. *)

Voters(ballot, slot) == {a \in Acceptors : [ballot |-> ballot, slot |-> slot, acceptor |-> a] \in accepteds}

\* Slots are learned in order. Hearing it from another learner, which has counted for itself, is the same step: so there is no message
\* Decided here. In the code only the owner of a ballot hears votes, and Decided passes its count and the value on; here everybody may count,
\* which allows all of that and more. RedPaxosTrace holds each Decided of a run to what it says.
Learn(p, m) ==
    /\ p \in Learners /\ m.slot = NextSlot(p) /\ Accepted(Voters(m.ballot, m.slot))
    /\ log' = [log EXCEPT ![p] = Append(@, m.value)]
    /\ phase' = IF ~IsLeading(p) THEN phase
                ELSE IF Below(phase[p].ballot, m.ballot) THEN [phase EXCEPT ![p] = Idle]
                ELSE [phase EXCEPT ![p].flight = [s \in DOMAIN @ \ {m.slot} |-> @[s]]]
    /\ UNCHANGED <<promised, votes, round, messages>>

-----------------------------------------------------------------------------

Init ==
    /\ promised = [a \in Acceptors |-> Zero]
    /\ votes = [a \in Acceptors |-> [s \in Slots |-> NoVote]]
    /\ round = [p \in Proposers |-> 0]
    /\ log = [p \in Proposers |-> <<>>]
    /\ phase = [p \in Proposers |-> Idle]
    /\ prepares = {} /\ promises = {} /\ accepts = {} /\ accepteds = {}

Next ==
    \/ \E a \in Acceptors :
        \/ RestartAcceptor(a)
        \/ \E m \in prepares : \E end \in PageEnds(m.first) : Promise(a, m, end)
        \/ \E m \in accepts : Vote(a, m)
    \/ \E p \in Proposers :
        \/ \E r \in 1..MaxRound : Campaign(p, r)
        \/ ProposeFirst(p)
        \/ Paging /\ \E a \in Acceptors : AskPage(p, a)
        \/ \E m \in promises : HearPromise(p, m)
        \/ \E command \in Commands : Propose(p, command)
        \/ \E m \in accepts : Learn(p, m)
        \/ \E kept \in 0..Len(log[p]) : StepDown(p, kept)

Spec == Init /\ [][Next]_vars

Symmetry == Permutations(Acceptors) \union Permutations(Commands)

-----------------------------------------------------------------------------
(* What must hold. *)

IsChosen(m) == Accepted(Voters(m.ballot, m.slot))

\* One value is chosen for a slot, and whoever learned one has learned that.
Agreement ==
    /\ \A m, n \in accepts : m.slot = n.slot /\ IsChosen(m) /\ IsChosen(n) => m.value = n.value
    /\ \A p \in Proposers : \A s \in 1..Len(log[p]) : \E m \in accepts : m.slot = s - 1 /\ m.value = log[p][s] /\ IsChosen(m)

\* A value was first proposed for this slot by the owner of the ballot that it names, and a client wanted it or it is a NOOP.
Validity == \A m \in accepts :
    /\ m.value[2] \in Commands \union {Noop}
    /\ \E n \in accepts : n.slot = m.slot /\ n.value = m.value /\ n.ballot = m.value[1]

OneValuePerBallot == \A m, n \in accepts : m.slot = n.slot /\ m.ballot = n.ballot => m.value = n.value

VotesNotAbovePromise == \A a \in Acceptors : \A s \in Slots : ~Below(promised[a], votes[a][s].ballot)

\* Once a value is chosen, every higher ballot proposes it.
ChosenForEver == \A m, n \in accepts : m.slot = n.slot /\ IsChosen(m) /\ Below(m.ballot, n.ballot) => n.value = m.value

\* What a leader learns at its ballot or below is what it proposed; otherwise the code raises InvariantViolation.
NoLeaderIsSurprised == \A p \in Proposers : \A m \in accepts :
    IsLeading(p) /\ IsChosen(m) /\ m.slot >= NextSlot(p) /\ ~Below(phase[p].ballot, m.ballot) =>
        m.slot < phase[p].next /\ (m.slot \in DOMAIN phase[p].flight => phase[p].flight[m.slot] = m.value)

PromisesNeverFall == [][\A a \in Acceptors : ~Below(promised'[a], promised[a])]_vars

=============================================================================
