"""`redpaxos demo`: see three nodes agree, lose their leader, and go on."""

import click


@click.command()
@click.option("--in-process", is_flag=True, help="All in this one process, over fakeredis instead of a real server.")
@click.option("--keep", is_flag=True, help="Let the cluster run afterwards, to play with, until Ctrl-C.")
def demo(in_process: bool, keep: bool) -> int:
    """Watch three nodes agree, lose their leader, and go on.

    Starts a real server of its own and three nodes as processes, with disks in a temporary directory; leaves nothing behind. Everything
    that it prints is what happened, and it exits with 1 if anything is not as it should be.
    """
    if in_process and keep:
        raise click.UsageError("--keep needs nodes that others can reach, which --in-process does not have")
    from redpaxos.demo import run

    return run(in_process=in_process, keep=keep)
