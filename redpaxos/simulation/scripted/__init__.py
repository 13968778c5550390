"""Schedules written by hand, played by the real roles, and drawn as message ladders."""
