"""`python -m redpaxos`: the command line."""

from redpaxos.cli import main

if __name__ == "__main__":
    main()
