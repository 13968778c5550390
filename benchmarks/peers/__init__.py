"""`make bench-peers`: redpaxos beside what engineers use today, under the same load, on the same disk, in the same minutes.

Here: etcd (three members), PySyncObj (three nodes, memory only, in its two configurations), one Redis that syncs every write. Not here:
ZooKeeper, whose load generator would have to be a Java program of its own to be no limit, and Redlock (pottery), which is a lock with a
time limit and keeps no log, so that there is no write to compare with.
"""
