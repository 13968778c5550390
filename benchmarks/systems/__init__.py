"""What is measured: one small class a system, which starts it, says what to load it with, and ends it."""
