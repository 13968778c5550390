"""How fast redpaxos is, and what limits it: `python -m benchmarks` (or `make bench`), and `python -m benchmarks peers`.

Every system is driven by load processes of their own, in a closed loop: each command is followed by the next as soon as it is answered.
All cases take turns in several rounds, so that a disturbance of the machine hits all of them; the tables show medians over the rounds
and how far the rounds lie apart. What the disk and the sockets cost by themselves is measured in the same run.
"""
