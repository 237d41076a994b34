import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from samlauth.effects.state import (
    RECENT,
    RELEARN,
    Identity,
    Issued,
    State,
    StateFile,
    encode_issued,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ADA = Identity("google", "C01", "12", "ada@example.com", "arn:aws:iam::111111111111:role/Admin")
ISSUED = Issued("ASIAEXAMPLE", ADA, NOW, NOW + timedelta(hours=12))


def test_what_is_kept_is_read_back(tmp_path: Path) -> None:
    memory = StateFile.beside(tmp_path / "config")
    names = {"111111111111": "production", "222222222222": ""}
    memory.update(
        lambda state: state.with_login(
            "sts", ISSUED, {ADA.role_arn: 3600}, names, [ADA.role_arn, "other"]
        )
    )
    assert memory.load() == State(
        {"sts": ISSUED},
        {ADA.role_arn: (3600, NOW)},
        {"111111111111": ("production", NOW), "222222222222": ("", NOW)},
        (ADA.role_arn, "other"),
        memory.load().uses,
    )
    assert memory.path.stat().st_mode & 0o777 == 0o600
    assert memory.path.parent.stat().st_mode & 0o777 == 0o700


def test_another_login_leaves_the_rest_alone(tmp_path: Path) -> None:
    memory = StateFile.beside(tmp_path / "config")
    other = replace(ISSUED, access_key_id="ASIAOTHER")
    memory.update(lambda state: state.with_login("one", ISSUED, {"a": 3600}, {"1": "x", "2": "y"}))
    memory.update(lambda state: state.with_login("two", other, {"b": 7200}, {"2": "z"}))
    state = memory.load()
    assert state.profiles == {"one": ISSUED, "two": other}
    assert state.allowed(NOW) == {"a": 3600, "b": 7200}
    assert state.names(NOW) == {"1": "x", "2": "z"}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"format": 2}', b'{"format": 1}', b'{"format": 1, "profiles": 3, "durations": {}}',
     b'{"format": 1, "profiles": {"x": {}}, "durations": {}}', b"\xff\xfe", b'"format"',
     b'{"format": 1, "profiles": {}, "durations": {"a": {"seconds": "x", "seen": "y"}}}',
     b'{"format": 1, "profiles": {}, "durations": {}, "aliases": {"1": "x"}}',
     b'{"format": 1, "profiles": {}, "durations": {}, "aliases": []}',
     b'{"format": 1, "profiles": {}, "durations": {}, "recent": 3}',
     b'[' * 100000,
     *(
         json.dumps({"format": 1, "profiles": {"x": {**encode_issued(ISSUED), **wrong}}, "durations": {}}).encode()
         for wrong in (
             {"access_key_id": None},
             {"identity": {**asdict(ADA), "role_arn": "x"}},
             {"identity": {**asdict(ADA), "username": 3}},
             {"expiration": "9999-12-31T23:59:59-14:00"},
         )
     ),
     b'{"format": 1, "profiles": {}, "durations": {"a": {"seconds": Infinity, "seen": "2026-11-21"}}}'],
)  # fmt: skip
def test_a_file_that_cannot_be_understood_counts_as_empty_and_is_replaced(
    tmp_path: Path, content: bytes
) -> None:
    memory = StateFile.beside(tmp_path / "config")
    memory.path.parent.mkdir()
    memory.path.write_bytes(content)
    assert memory.load() == State()
    memory.update(lambda state: state.with_login("sts", ISSUED, {}))
    assert memory.load().profiles == {"sts": ISSUED}


def test_a_state_that_cannot_be_written_fails_nothing(tmp_path: Path) -> None:
    (tmp_path / "samlauth").write_text("a file where the folder should be")
    memory = StateFile.beside(tmp_path / "config")
    memory.update(lambda state: state.with_login("sts", ISSUED, {}))
    assert memory.load() == State()


@pytest.mark.parametrize(
    ("hours", "fresh"), [(0, True), (5.9, True), (6, False), (11, False), (13, False)]
)
def test_credentials_are_fresh_for_the_first_half_of_their_life(hours: float, fresh: bool) -> None:
    assert ISSUED.is_fresh(NOW + timedelta(hours=hours)) is fresh


def test_what_was_learnt_is_believed_for_a_month() -> None:
    state = State().with_login("sts", ISSUED, {"a": 3600}, {"1": "x"})
    almost = NOW + RELEARN - timedelta(minutes=1)
    assert (state.allowed(almost), state.names(almost)) == ({"a": 3600}, {"1": "x"})
    assert (state.allowed(NOW + RELEARN), state.names(NOW + RELEARN)) == ({}, {})


def test_the_role_used_last_comes_first_and_each_comes_once() -> None:
    state = State()
    for roles in (["a"], ["b"], ["a"], ["c", "d"]):
        state = state.with_login("sts", ISSUED, {}, roles=roles)
    assert state.recent == ("c", "d", "a", "b")


def used(*uses: tuple[str, float], state: State | None = None) -> State:
    """The state after roles were used, each so many weeks after NOW."""
    state = state or State()
    for role, weeks in uses:
        then = replace(ISSUED, issued=NOW + timedelta(weeks=weeks))
        state = state.with_login("sts", then, {}, roles=[role])
    return state


def test_behind_the_last_come_those_used_lately_and_often() -> None:
    assert used(("a", 0), ("a", 0.1), ("b", 0.2), ("c", 0.3)).recent == ("c", "a", "b")
    # Two uses are worth one that is a week younger, and less than one still younger than that.
    assert used(("a", 0), ("a", 0), ("b", 0.9), ("c", 1.5)).recent == ("c", "a", "b")
    assert used(("a", 0), ("a", 0), ("b", 1.1), ("c", 1.5)).recent == ("c", "b", "a")


def test_a_clock_that_was_set_back_breaks_no_order() -> None:
    assert used(("a", 5000), ("b", -3000), ("c", 0)).recent == ("c", "a", "b")


def test_uses_are_kept_for_the_roles_that_are_and_counted_on(tmp_path: Path) -> None:
    memory = StateFile(tmp_path / "state")
    memory.update(lambda _: used(*((str(number), number) for number in range(RECENT + 5))))
    kept = memory.load()
    assert set(kept.uses) == set(kept.recent)
    again = used(("24", RECENT + 5), ("x", RECENT + 5), state=kept)
    assert again.recent[:3] == ("x", "24", "23")


def test_roles_of_a_file_from_before_uses_were_counted_keep_their_order() -> None:
    before = State(recent=("a", "b", "c"))
    assert used(("c", 0), ("d", 0), state=before).recent == ("d", "c", "a", "b")


def test_only_so_many_roles_are_remembered(tmp_path: Path) -> None:
    state = State()
    for number in range(RECENT + 5):
        state = state.with_login("sts", ISSUED, {}, roles=[str(number)])
    assert len(state.recent) == RECENT == 20
    assert state.recent[0] == "24"
    memory = StateFile(tmp_path / "state")
    memory.path.write_text(
        json.dumps({"format": 1, "profiles": {}, "durations": {}, "recent": list("x" * 30)})
    )
    assert len(memory.load().recent) == RECENT


def test_a_file_from_before_names_and_roles_were_remembered_is_read(tmp_path: Path) -> None:
    memory = StateFile(tmp_path / "state")
    memory.update(lambda state: state.with_login("sts", ISSUED, {"a": 3600}, {"1": "x"}, ["r"]))
    older = json.loads(memory.path.read_bytes())
    del older["aliases"], older["recent"], older["uses"]
    memory.path.write_text(json.dumps(older))
    assert memory.load() == State({"sts": ISSUED}, {"a": (3600, NOW)})


def test_an_offer_is_declined_for_a_month_or_for_good() -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    state = State()
    assert state.may_offer("it", begin)
    state = state.with_declined("it", "no", begin).with_declined("that", "never", begin)
    later = begin + RELEARN
    assert [state.may_offer(offer, begin) for offer in ("it", "that")] == [False, False]
    assert [state.may_offer(offer, later) for offer in ("it", "that")] == [True, False]
