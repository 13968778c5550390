"""Crash points of the stores on disk, enumerated: a real run is recorded call by call, and its disk is as a power failure leaves it.

    python -m tests.storage.crashes --count 20000 --seed 1 --json

`workload` writes, `recording` watches it with strace, `disk` keeps what was synced apart from what was not, `points` enumerates and
checks, `damage` flips bytes and cuts files, and `planted` has the mistakes that all this must find.
"""
