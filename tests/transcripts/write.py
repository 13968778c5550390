"""Draw the ladders of all scripts again: python -m tests.transcripts.write."""

from tests.transcripts.test_transcripts import LADDERS, SCRIPTS


def write_all() -> None:
    """Replace what is kept by what the scripts draw."""
    LADDERS.mkdir(exist_ok=True)
    for path in LADDERS.iterdir():
        path.unlink()
    for script in SCRIPTS:
        (LADDERS / f"{script.__name__}.txt").write_text(script().ladder())


if __name__ == "__main__":
    write_all()
