"""The protocol, pure: roles take a message and return effects.

Nothing in this package reads a clock, draws a random number, opens a file or a socket, starts a thread or writes a log line.
A run of it is a function of its inputs, so the same code serves a unit test, the simulator and a node on a real disk.
"""
