"""What has to hold, and what really happened.

In the order of reading:

    invariants         agreement and the rest, at every write and message
    facts              what really happened: the votes on disk
    observer           what is said, held against the facts
    ledger             sessions and machines as they must be
    told               what a client was told
    histories          all that clients were told, for the linearizability checker
    machine_histories  what state machines told them, held against the log
"""
