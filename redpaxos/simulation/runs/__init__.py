"""What lets runs happen: one, with its faults, or very many; and what makes a failing one small, and shows it.

In the order of reading:

    running    one seed, one run, one result
    faults     makes faults happen, and mends what the core needs at the end
    rounds     the other scheduler: lossy synchronous rounds
    fleet      many runs, over the cores, stopped and continued
    minimize   from a run that fails to what it takes
    story      a run as a ladder
    graphs     link graphs, and whether a log gets on under them
    trials     a state machine of one's own
"""
