"""Replicated state machines: what the commands of the log act on."""
