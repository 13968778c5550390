"""Paxos for the Redis you already run."""
