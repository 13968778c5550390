"""`make bench-peers`: redpaxos beside what engineers use today, under the same load, on the same disk, in the same minutes.

etcd (three members), ZooKeeper (three servers), PySyncObj (three nodes, memory only, in its two configurations), one Redis that syncs every
write, and, for a lock that is taken and released, pottery's Redlock. What is not installed is left out, and named. Pure roles are compared
with essential-paxos apart from these, in one process: `python -m benchmarks roles`.
"""
