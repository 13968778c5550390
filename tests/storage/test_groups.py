"""The filter of groups: it never denies one that it was given, and rarely takes another for one."""

from actors.storage.groups import Groups


def test_nothing_is_in_an_empty_filter() -> None:
    assert "log" not in Groups()
    assert "" not in Groups()


def test_what_was_added_is_there_and_of_the_rest_hardly_any() -> None:
    groups = Groups()
    for number in range(20_000):
        groups.add(f"decree:{number}")
    assert all(f"decree:{number}" in groups for number in range(20_000))
    assert sum(f"other:{number}" in groups for number in range(20_000)) < 20
