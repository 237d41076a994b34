import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from samlauth.effects.state import RECENT, RELEARN, Identity, Issued, State, StateFile

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
     b'[' * 100000],
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
    del older["aliases"], older["recent"]
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
