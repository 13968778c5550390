--------------------------- MODULE RedPaxosTrace ---------------------------
(***************************************************************************)
(* Is what was said in a real run a behaviour of RedPaxos? A trace is what *)
(* actors sent about one group, in order; tests/spec/wire.py makes it from *)
(* frames. Steps that nobody can see (a vote whose answer was never sent,  *)
(* a promise that a proposer heard) are put in between where the next      *)
(* event needs them. A trace is accepted when its last event has happened. *)
(***************************************************************************)
EXTENDS RedPaxos

CONSTANT Traces

VARIABLES
    trace,  \* Which of the traces this is.
    at      \* The event that comes next.

Length == Len(Traces[trace])
Event == Traces[trace][at]

AcceptOf(e) == [ballot |-> e.ballot, slot |-> e.slot, value |-> e.value]
Runs(p, name, ballot) == phase[p].name = name /\ phase[p].ballot = ballot

-----------------------------------------------------------------------------
(* The step of the model that an event shows. What was sent before may be sent again. *)

SeesPrepare(e) ==
    LET m == [ballot |-> e.ballot, first |-> e.first]
    IN  IF m \in prepares THEN UNCHANGED vars
        ELSE /\ IF Runs(e.node, "Preparing", e.ballot) THEN \E a \in Acceptors : AskPage(e.node, a) ELSE Campaign(e.node, e.ballot[1])
             /\ m \in prepares'

SeesPromise(e) ==
    LET m == [ballot |-> e.ballot, acceptor |-> e.node, first |-> e.first, end |-> e.end, votes |-> e.votes]
    IN  IF m \in promises THEN UNCHANGED vars
        ELSE /\ \E n \in prepares : n.ballot = e.ballot /\ n.first = e.first /\ Promise(e.node, n, e.end)
             /\ m \in promises'

SeesAccept(e) ==
    /\ NextSlot(e.node) >= e.through
    /\ IF AcceptOf(e) \in accepts THEN UNCHANGED vars
       ELSE /\ Runs(e.node, "Leading", e.ballot)
            /\ Propose(e.node, e.value[2])
            /\ AcceptOf(e) \in accepts'

SeesAccepted(e) ==
    IF [ballot |-> e.ballot, slot |-> e.slot, acceptor |-> e.node] \in accepteds THEN UNCHANGED vars
    ELSE \E m \in accepts : m.ballot = e.ballot /\ m.slot = e.slot /\ Vote(e.node, m)

SeesNack(e) == promised[e.node] = e.promised /\ Below(e.ballot, e.promised) /\ UNCHANGED vars

SeesChosen(e) == NextSlot(e.node) > e.slot /\ log[e.node][e.slot + 1] = e.value /\ UNCHANGED vars

\* Its own ballot, its own proposal, a quorum at that very ballot, and the sender has learned it.
SeesDecided(e) ==
    /\ e.ballot[2] = e.node /\ NextSlot(e.node) > e.slot
    /\ AcceptOf(e) \in accepts /\ IsChosen(AcceptOf(e)) /\ log[e.node][e.slot + 1] = e.value
    /\ UNCHANGED vars

SeesRestart(e) ==
    LET kept == IF e.kept < NextSlot(e.node) THEN e.kept ELSE NextSlot(e.node)
    IN  IF phase[e.node] = Idle /\ kept = NextSlot(e.node) THEN UNCHANGED vars ELSE StepDown(e.node, kept)

Sees(e) ==
    CASE e.kind = "Prepare" -> SeesPrepare(e)
      [] e.kind = "Promise" -> SeesPromise(e)
      [] e.kind = "Accept" -> SeesAccept(e)
      [] e.kind = "Accepted" -> SeesAccepted(e)
      [] e.kind = "Nack" -> SeesNack(e)
      [] e.kind = "Chosen" -> SeesChosen(e)
      [] e.kind = "Decided" -> SeesDecided(e)
      [] e.kind = "Restart" -> SeesRestart(e)

-----------------------------------------------------------------------------
(* Steps that nobody saw. *)

\* How many slots the sender must have learned to say this.
Knows(e) == CASE e.kind = "Prepare" -> e.first [] e.kind = "Accept" -> e.through [] e.kind \in {"Chosen", "Decided"} -> e.slot + 1
              [] OTHER -> 0

LearnsUnseen(e) == e.kind \in {"Prepare", "Accept", "Chosen", "Decided"} /\ NextSlot(e.node) < Knows(e) /\ \E m \in accepts : Learn(e.node, m)

HearsUnseen(e) == \E m \in promises : m.ballot = e.ballot /\ HearPromise(e.node, m)

\* What was proposed, and lost before anybody saw it: the value that is told of later, if it ever is.
ProposesUnseen(e) ==
    LET slot == phase[e.node].next
        told == {Traces[trace][i].value[2] : i \in {i \in at..Length :
                    Traces[trace][i].kind = "Accept" /\ Traces[trace][i].ballot = e.ballot /\ Traces[trace][i].slot = slot}}
    IN  slot < e.slot /\ \E command \in IF told = {} THEN {"UNSEEN"} ELSE told : Propose(e.node, command)

VotesUnseen(e) == \E v \in e.votes : votes[e.node][v.slot].ballot # v.ballot
    /\ \E m \in accepts : m.ballot = v.ballot /\ m.slot = v.slot /\ Vote(e.node, m)

PromisesUnseen(e) == Below(promised[e.node], e.promised) /\ \E m \in prepares : m.ballot = e.promised /\ Promise(e.node, m, End)

Unseen(e) ==
    \/ LearnsUnseen(e)
    \/ e.kind = "Accept" /\ AcceptOf(e) \notin accepts /\ Runs(e.node, "Preparing", e.ballot) /\ HearsUnseen(e)
    \/ e.kind = "Accept" /\ AcceptOf(e) \notin accepts /\ Runs(e.node, "Leading", e.ballot) /\ ProposesUnseen(e)
    \/ e.kind = "Prepare" /\ Runs(e.node, "Preparing", e.ballot) /\ HearsUnseen(e)
    \/ e.kind = "Promise" /\ VotesUnseen(e)
    \/ e.kind = "Nack" /\ PromisesUnseen(e)

-----------------------------------------------------------------------------

TraceInit == Init /\ trace \in 1..Len(Traces) /\ at = 1

TraceNext ==
    /\ at <= Length
    /\ UNCHANGED trace
    /\ \/ Sees(Event) /\ PrintT(<<"HAPPENED", trace, at>>) /\ at' = at + 1
       \/ Unseen(Event) /\ UNCHANGED at

TraceSpec == TraceInit /\ [][TraceNext]_<<vars, trace, at>>

=============================================================================
