"""Load: processes that keep a number of commands outstanding, and say how long each took."""
