"""Exhaustive search of small cases, with the real roles."""
