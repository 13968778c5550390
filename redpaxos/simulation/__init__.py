"""Finding faults: in redpaxos, and in what is built on it."""
