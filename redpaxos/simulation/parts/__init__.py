"""What a simulated cluster is made of.

In the order of reading:

    world      a virtual clock and one heap of events
    cluster    the production actors, wired as in redpaxos/node.py, and never started
    network    links that lose, repeat, delay and reorder
    disks      what was synced survives a crash, what was not may not
    clocks     what elapses at a node, at a rate of its own
    trace      one line for everything that happened
"""
