"""What is to happen in a run, drawn or written down before it begins.

In the order of reading:

    plan       every knob and fault of a run
    kinds      every kind of fault, in words, as it is counted
    swarm      draws a plan from a seed
    workloads  what clients want
    cuts       partitions, link by link
    limits     limits of the code, made small so that small runs reach them
    amnesia    plans in which a disk is lost where it hurts
    duels      plans in which proposers fight
"""
