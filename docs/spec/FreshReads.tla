---------------------------- MODULE FreshReads ----------------------------
(***************************************************************************)
(* Fresh reads of paxos/reader.py on top of RedPaxos: a leader that has    *)
(* learned all that its predecessors may have answered asks the acceptors  *)
(* whether they promised a higher ballot. Once enough say no, whoever has  *)
(* executed every slot below the one that was free when it asked reads     *)
(* what anybody had been told by then.                                     *)
(***************************************************************************)
EXTENDS RedPaxos

CONSTANT MaxReads

VARIABLES
    reading,    \* Of each proposer while it leads: what it must learn first, and the confirmation under way.
    confirmeds  \* Answers of acceptors: nothing above this ballot was promised here.

\* What somebody may have been told: every slot below is chosen.
Told == Greatest({n \in 0..(MaxSlot + 1) : \A s \in 0..(n - 1) : \E m \in accepts : m.slot = s /\ IsChosen(m)})

Nothing == [ready |-> 0, number |-> 0, end |-> 0, told |-> 0]

\* A round begins: `told` is what its answer must reflect, and nobody in the protocol knows it.
IsReady(p) == NextSlot(p) >= reading[p].ready
EndSlot(p) == Larger(NextSlot(p), phase[p].next)
Ask(p) ==
    /\ IsLeading(p) /\ IsReady(p) /\ reading[p].number < MaxReads
    /\ reading' = [reading EXCEPT ![p].number = @ + 1, ![p].end = EndSlot(p), ![p].told = Told]
    /\ UNCHANGED <<vars, confirmeds>>

\* Confirm can be heard of any round that was asked for; an answer names the round.
MayConfirm(a, ballot) == ~Below(ballot, promised[a])
Confirm(a, p) ==
    /\ IsLeading(p) /\ reading[p].number > 0 /\ MayConfirm(a, phase[p].ballot)
    /\ confirmeds' = confirmeds \union {[acceptor |-> a, ballot |-> phase[p].ballot, number |-> reading[p].number]}
    /\ UNCHANGED <<vars, reading>>

\* Which answers count for the round under way.
Counts(p, c) == c.ballot = phase[p].ballot /\ c.number = reading[p].number
Confirmed(p) == IsLeading(p) /\ reading[p].number > 0 /\ Accepted({c.acceptor : c \in {c \in confirmeds : Counts(p, c)}})

\* A leader begins with all that it proposed again still to be learned; whoever stops leading forgets its rounds.
FreshInit == Init /\ reading = [p \in Proposers |-> Nothing] /\ confirmeds = {}
FreshNext ==
    \/ Next /\ UNCHANGED confirmeds /\ reading' = [p \in Proposers |->
            IF phase'[p].name # "Leading" THEN Nothing
            ELSE IF IsLeading(p) THEN reading[p] ELSE [Nothing EXCEPT !.ready = phase'[p].next]]
    \/ \E p \in Proposers : Ask(p) \/ \E a \in Acceptors : Confirm(a, p)

FreshSpec == FreshInit /\ [][FreshNext]_<<vars, reading, confirmeds>>

\* A confirmed read reflects everything that anybody had been told when it was asked for.
ReadsAreFresh == \A p \in Proposers : Confirmed(p) => reading[p].end >= reading[p].told

-----------------------------------------------------------------------------
(* Mistakes, each in place of one definition above. *)

\* Answers to earlier rounds count; only what the leader executed is waited for; an acceptor confirms whatever it promised.
AnyRoundCounts(p, c) == c.ballot = phase[p].ballot
ExecutedEnd(p) == NextSlot(p)
ConfirmsAnything(a, ballot) == TRUE

=============================================================================
