"""Couriers for bytes: one small port, and its implementations.

A transport knows nothing of Paxos. It may lose, duplicate, delay and reorder payloads; it never alters or invents one.
"""
