"""Durable storage for the roles: one port, SQLite on disk, and a dictionary for tests."""
