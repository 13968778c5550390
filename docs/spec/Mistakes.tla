------------------------------ MODULE Mistakes ------------------------------
(***************************************************************************)
(* Mistakes of the field, each in place of one definition of RedPaxos.     *)
(* tests/spec/test_mistakes.py says which, and requires that TLC finds it. *)
(* So that the search is short it starts in the middle of a story.         *)
(***************************************************************************)
EXTENDS RedPaxos

\* A restart forgets what was promised, what was voted for, or which round was used.
PromiseForgotten(a) == Zero
VotesForgotten(a) == [s \in Slots |-> NoVote]
RoundForgotten(p) == 0

\* An acceptor votes below its promise, which stays; or votes above it, and does not raise it.
VotesForAnything(a, ballot) == TRUE
PromiseStays(a, ballot) == IF Below(promised[a], ballot) THEN ballot ELSE promised[a]
PromiseNotRaised(a, ballot) == promised[a]

\* Ballots of the same round are taken for equal.
BelowByRound(one, other) == one[1] < other[1]

\* The first vote that was heard of is kept, or none.
FirstIsKept(known, heard) == IF known = NoVote THEN [ballot |-> heard.ballot, value |-> heard.value] ELSE known
NoneIsKept(known, heard) == known

\* Promises are counted as messages: one that arrives twice is two.
PreparedByMessages(acceptors) == 2 * Cardinality(acceptors) >= PrepareCount

\* Votes at different ballots are added up.
VotersAtAnyBallot(ballot, slot) == {a \in Acceptors : \E m \in accepteds : m.slot = slot /\ m.acceptor = a}

\* One vote is believed.
OneVoterIsEnough(acceptors) == acceptors # {}

\* The first free slot is found by counting votes, as if they had no gaps.
FreeSlotByCount(p, best) == NextSlot(p) + Cardinality({s \in Slots : s >= NextSlot(p) /\ best[s] # NoVote})

\* A page is taken wherever it begins; or the first page is taken for all.
AnyPageIsGapless(p, m) == TRUE
AnyPageIsComplete(covered) == {a \in Acceptors : covered[a] > 0}

\* Anybody begins without phase 1; or the owner of the first ballot does not write that it was used.
AnybodyProposesFirst(p) == round[p] = 0
RoundNotWritten == 0

-----------------------------------------------------------------------------
(* Where stories start. *)

First == <<1, 1>>
Second == <<1, 2>>
Wanted(ballot) == Batch(ballot, "x")
VoteAt(ballot) == [ballot |-> ballot, value |-> Wanted(ballot)]

\* The first proposer was promised its ballot by `followers`, proposed in `slots`, and was given their votes in some of these. The
\* second has asked for promises from some slots on, or is idle.
Led(followers, slots, voted, asked) ==
    /\ promised = [a \in Acceptors |-> IF a \in followers THEN First ELSE Zero]
    /\ votes = [a \in Acceptors |-> [s \in Slots |-> IF a \in followers /\ s \in voted THEN VoteAt(First) ELSE NoVote]]
    /\ round = [p \in Proposers |-> IF p = 1 \/ asked # {} THEN 1 ELSE 0]
    /\ log = [p \in Proposers |-> <<>>]
    /\ phase = [p \in Proposers |-> IF p = 1 THEN Leading(First, Cardinality(slots), [s \in slots |-> Wanted(First)])
                                    ELSE IF asked # {} THEN Preparing(p, Second) ELSE Idle]
    /\ prepares = {[ballot |-> First, first |-> 0]} \union {[ballot |-> Second, first |-> s] : s \in asked}
    /\ promises = {}
    /\ accepts = {[ballot |-> First, slot |-> s, value |-> Wanted(First)] : s \in slots}
    /\ accepteds = {[ballot |-> First, slot |-> s, acceptor |-> a] : s \in voted, a \in followers}

Nothing ==
    /\ promised = [a \in Acceptors |-> Zero]
    /\ votes = [a \in Acceptors |-> [s \in Slots |-> NoVote]]
    /\ round = [p \in Proposers |-> 0]
    /\ log = [p \in Proposers |-> <<>>]
    /\ phase = [p \in Proposers |-> Idle]
    /\ prepares = {} /\ promises = {} /\ accepts = {} /\ accepteds = {}

ProposedToTwo == Led({"a1", "a2"}, {0}, {}, {})
ChosenByTwo == Led({"a2", "a3"}, {0}, {0}, {})
ChosenAfterAGap == Led({"a1", "a2"}, {0, 1}, {1}, {})
PageAsked == Led({"a2", "a3"}, {0}, {0}, {0, 1})
PageAskedAfterAGap == Led({"a1", "a2"}, {0, 1}, {1}, {0})

\* One vote at each of two ballots; a third acceptor has promised the second.
TwoVotes ==
    /\ promised = [a \in Acceptors |-> IF a = "a1" THEN First ELSE Second]
    /\ votes = [a \in Acceptors |-> [s \in Slots |-> IF a = "a1" THEN VoteAt(First) ELSE IF a = "a2" THEN VoteAt(Second) ELSE NoVote]]
    /\ round = [p \in Proposers |-> 1]
    /\ log = [p \in Proposers |-> <<>>]
    /\ phase = [p \in Proposers |-> Idle]
    /\ prepares = {[ballot |-> b, first |-> 0] : b \in {First, Second}}
    /\ promises = {}
    /\ accepts = {[ballot |-> b, slot |-> 0, value |-> Wanted(b)] : b \in {First, Second}}
    /\ accepteds = {[ballot |-> First, slot |-> 0, acceptor |-> "a1"], [ballot |-> Second, slot |-> 0, acceptor |-> "a2"]}

=============================================================================
