"""The protocol, pure: roles take a message and return effects.

Nothing in this package reads a clock, draws a random number, opens a file or a socket, starts a thread or writes a log line.
A run of it is a function of its inputs, so the same code serves a unit test, the simulator and a node on a real disk.

Paxos itself is three files: acceptor, proposer, learner. The map of the package, in the order of reading:

What is agreed on
    ballot               proposal numbers, of which no two are equal
    quorum               which acceptors may decide
    values               what clients want, what a slot carries, what comes out
    messages             everything that nodes say to each other
    effects              all that a role wants done: the only way out of here

Paxos
    acceptor             promises and votes, and forgets neither
    proposer             gets one value chosen in each slot: phases 1 and 2
    waiting              what it has yet to propose
    phases               what the proposer is doing, and the state of just that
    first_ballots        the one ballot of a decree that needs no phase 1
    learner              counts votes, and so knows what is chosen
    informer             tells the other learners what was decided at our ballot

The log
    batches              many commands as the value of one slot
    replica              executes what is chosen: in order, each id once
    intake               commands arrive, outcomes go back
    decree               an intake for one thing that is decided once
    archivist            reads the log to those who ask
    herald               tells the JSON doors what was chosen

Who leads
    election             who should campaign, and when to give up
    signs                whether a leader is alive
    handover             lets another node lead
    heir                 takes the lead over
    succession_messages  what those two say to each other

State machines
    machines/            the port of every machine, and the key-value store
    sessions             what makes an operation execute once
    executor             carries out what sessions ask, the same on every replica
    desk                 operations arrive, results go back
    reader               answers questions without a write
    snapshots            what an executor holds, in parts

How a node holds its roles
    cast                 the roles of one actor for one group
    casting              which roles make an acceptor, a proposer, a learner
    cues                 what the roles of one cast tell each other
    company              what all roles of a node share
    groups               logs beside each other: the log, and every decree
    records              what is written to disk
    archive              what can be read back from there
    admission            which store may take part at all
    store_messages       what nodes say to each other about stores
    settings             the numbers that a deployment may change
    errors               what can be wrong

At the edges
    codec                messages as frames on the wire
    doors                JSON for people and other languages
    errand               a client's single request
    calls                a client's session
"""
