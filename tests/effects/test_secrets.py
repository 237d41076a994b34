import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

from samlauth.challenges import AnyChallenge, EnterCode, EnterPassword, EnterSetting, EnterUsername
from samlauth.effects.ring import Ring
from samlauth.effects.secrets import Keyring, PasswordFile, PasswordLine, first_of
from samlauth.errors import FileError, SettingsError

GOOGLE = "https://accounts.google.com"
OURS = ("samlauth", "ada at https://accounts.google.com")
PEERS = ("aws-google-auth", "ada")
ASKED = EnterPassword("Google Password", "ada", GOOGLE)
AGAIN = EnterPassword("Google Password", "ada", GOOGLE, refused="Wrong password.")


class Memory(KeyringBackend):
    """A keyring of the library's own interface, in memory."""

    priority = 1

    def __init__(self, stored: dict[tuple[str, str], str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring leaves it untyped
        self.stored = stored
        self.read_only = False

    def get_password(self, service: str, username: str) -> str | None:
        return self.stored.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if not self.read_only:
            self.stored[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.read_only or (service, username) not in self.stored:
            raise PasswordDeleteError("no such password")
        del self.stored[service, username]


def ask_person(challenge: AnyChallenge) -> object | None:
    return "typed" if isinstance(challenge, EnterPassword) else "123456"


class Run:
    """One run of samlauth with a keyring in which this is ``stored``."""

    def __init__(self, stored: dict[tuple[str, str], str]) -> None:
        self.ring = Memory(stored)
        keyring.set_keyring(self.ring)
        self.warnings: list[str] = []
        self.is_late = False
        self.turns: list[str] = []
        self.passwords = Keyring(
            ask_person, Ring(self.warnings.append), self.warnings.append, self.turn
        )

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        if self.is_late:
            raise FileError("It is another's turn.")
        self.turns.append(f"has {name}")
        yield
        self.turns.append(f"over, with {self.ring.stored}")


Begin = Callable[..., Run]


@pytest.fixture
def begin() -> Iterator[Begin]:
    before = keyring.get_keyring()
    yield lambda *entries: Run(dict(entries))
    keyring.set_keyring(before)


def test_a_stored_password_is_given_without_asking(begin: Begin) -> None:
    run = begin((OURS, "stored"))
    assert run.passwords.answer(ASKED) == "stored"
    assert run.warnings == []


def test_the_password_aws_google_auth_stored_is_taken_newline_and_all(begin: Begin) -> None:
    assert begin((PEERS, "stored\n")).passwords.answer(ASKED) == "stored"


def test_our_own_comes_before_it(begin: Begin) -> None:
    assert begin((PEERS, "older"), (OURS, "newer")).passwords.answer(ASKED) == "newer"


def test_another_providers_password_is_not_googles(begin: Begin) -> None:
    elsewhere = EnterPassword("Password", "ada", "https://adfs.example.com")
    assert begin((PEERS, "stored"), (OURS, "stored")).passwords.answer(elsewhere) == "typed"


def test_another_persons_password_is_not_adas(begin: Begin) -> None:
    somebody = EnterPassword("Google Password", "bob", GOOGLE)
    assert begin((PEERS, "stored"), (OURS, "stored")).passwords.answer(somebody) == "typed"


def test_a_run_has_its_turn_until_the_stored_password_is_known_to_be_right(begin: Begin) -> None:
    run = begin((OURS, "stored"))
    run.passwords.answer(ASKED)
    assert run.turns == [f"has {OURS[1]}"]
    run.passwords.answer(EnterCode("MFA token"))
    assert run.turns == [f"has {OURS[1]}", f"over, with {run.ring.stored}"]


def test_a_wrong_one_is_removed_before_the_turn_is_over(begin: Begin) -> None:
    run = begin((OURS, "stored"))
    run.passwords.answer(ASKED)
    run.passwords.answer(AGAIN)
    assert run.turns == [f"has {OURS[1]}", "over, with {}"]


def test_nobody_waits_for_a_person_who_types(begin: Begin) -> None:
    run = begin()
    run.passwords.answer(ASKED)
    assert run.turns == [f"has {OURS[1]}", "over, with {}"]


def test_what_another_run_is_trying_is_not_sent_besides(begin: Begin) -> None:
    run = begin((OURS, "stored"))
    run.is_late = True
    assert run.passwords.answer(ASKED) == "typed"
    assert "another samlauth is still trying it" in "".join(run.warnings)


def test_a_typed_password_is_kept_only_once_it_was_shown_to_be_right(begin: Begin) -> None:
    run = begin()
    assert run.passwords.answer(ASKED) == "typed"
    assert run.ring.stored == {}
    run.passwords.keep()
    assert run.ring.stored == {OURS: "typed"}


def test_a_refused_password_is_removed_and_asked_for(begin: Begin) -> None:
    run = begin((OURS, "stale"), (("other", "ada"), "kept"))
    assert run.passwords.answer(ASKED) == "stale"
    assert run.passwords.answer(AGAIN) == "typed"
    assert run.ring.stored == {("other", "ada"): "kept"}
    assert "has been removed" in run.warnings[0]
    run.passwords.keep()
    assert run.ring.stored[OURS] == "typed"


def test_a_refused_password_of_aws_google_auths_stays_and_is_not_sent_again(begin: Begin) -> None:
    run = begin((PEERS, "stale\n"))
    assert run.passwords.answer(ASKED) == "stale"
    assert run.passwords.answer(AGAIN) == "typed"
    assert run.ring.stored == {PEERS: "stale\n", OURS: ""}
    assert "leaves it there" in run.warnings[0]
    later = begin(*run.ring.stored.items())
    assert later.passwords.answer(ASKED) == "typed"
    later.passwords.keep()
    assert later.ring.stored == {PEERS: "stale\n", OURS: "typed"}


def test_with_ours_refused_an_older_one_does_not_come_back(begin: Begin) -> None:
    run = begin((PEERS, "oldest"), (OURS, "stale"))
    run.passwords.answer(ASKED)
    run.passwords.answer(AGAIN)
    assert begin(*run.ring.stored.items()).passwords.answer(ASKED) == "typed"


def test_a_refused_one_that_cannot_be_removed_is_the_persons_to_remove(begin: Begin) -> None:
    run = begin((OURS, "stale"))
    run.ring.read_only = True
    run.passwords.answer(ASKED)
    assert run.passwords.answer(AGAIN) == "typed"
    assert "keyring del samlauth 'ada at https://accounts.google.com'" in run.warnings[-1]


def test_one_that_was_right_is_given_again_to_the_same_run(begin: Begin) -> None:
    run = begin((OURS, "stored"))
    assert [run.passwords.answer(ASKED), run.passwords.answer(ASKED)] == ["stored", "stored"]
    assert run.ring.stored == {OURS: "stored"}


def test_a_refused_typed_password_is_asked_for_again_without_the_keyring(begin: Begin) -> None:
    run = begin()
    run.passwords.answer(ASKED)
    run.ring.stored[OURS] = "put there by another run"
    assert run.passwords.answer(AGAIN) == "typed"
    assert run.ring.stored == {OURS: "put there by another run"}


def test_a_stored_password_that_was_right_is_not_written_again(begin: Begin) -> None:
    run = begin((PEERS, "stored"))
    run.passwords.answer(ASKED)
    run.passwords.keep()
    assert run.ring.stored == {PEERS: "stored"}


def test_other_challenges_pass_through(begin: Begin) -> None:
    assert begin().passwords.answer(EnterCode("MFA token")) == "123456"


@pytest.mark.parametrize(
    ("piped", "password"),
    [
        ("pw\nrest\n", "pw"),
        ("pw\r\n", "pw"),
        ("pw", "pw"),
        (" p w \n", " p w "),
        ("", None),
        ("\n", None),
    ],
)
def test_a_piped_password_is_its_first_line_without_the_newline(
    piped: str, password: str | None
) -> None:
    assert PasswordLine(io.StringIO(piped)).answer(ASKED) == password


def test_a_piped_password_is_given_once_and_nothing_more_is_read() -> None:
    stream = io.StringIO("one\ntwo\n")
    line = PasswordLine(stream)
    assert (line.answer(EnterCode("MFA token")), line.answer(ASKED), line.answer(AGAIN)) == (
        None,
        "one",
        None,
    )
    assert stream.read() == "two\n"


def test_a_byte_order_mark_is_no_part_of_a_password(tmp_path: Path) -> None:
    """Windows' editors and PowerShell's pipe put one before the text."""
    file = tmp_path / "password"
    file.write_text("hunter2\n", "utf-8-sig")
    file.chmod(0o600)
    assert PasswordFile(str(file)).answer(ASKED) == "hunter2"
    assert PasswordLine(io.StringIO("\ufeffhunter2\n")).answer(ASKED) == "hunter2"


def test_a_line_is_read_as_utf_8_in_any_locale() -> None:
    piped = io.BytesIO("pässword\n".encode())
    stream = io.TextIOWrapper(piped, encoding="ascii", errors="surrogateescape")
    assert PasswordLine(stream).answer(ASKED) == "pässword"


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
def test_a_line_that_is_no_text_is_never_sent(errors: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(b"p\xe4ss\n"), encoding="utf-8", errors=errors)
    with pytest.raises(SettingsError, match="not UTF-8 text") as raised:
        PasswordLine(stream).answer(ASKED)
    assert "ss" not in raised.value.message.partition("text")[2]


def test_the_first_answerer_that_can_answer_does() -> None:
    answer = first_of(PasswordLine(io.StringIO("piped\n")).answer, ask_person)
    assert (answer(ASKED), answer(AGAIN)) == ("piped", "typed")


def test_without_a_known_name_the_first_line_is_the_name() -> None:
    line = PasswordLine(io.StringIO(" ada \npw\n"), names=True)
    assert line.answer(EnterSetting("username", "Google username")) == "ada"
    assert line.answer(ASKED) == "pw"


def test_a_name_is_read_only_where_it_is_asked_for() -> None:
    assert PasswordLine(io.StringIO("pw\nrest\n"), names=True).answer(ASKED) == "pw"


@pytest.mark.parametrize(
    "challenge",
    [
        EnterSetting("idp_id", "Google IDP ID"),
        EnterSetting("username", "Google username", "That is not a name."),
        EnterUsername("ADFS username", "Unknown."),
    ],
)
def test_nothing_else_is_read_from_it(challenge: AnyChallenge) -> None:
    stream = io.StringIO("ada\npw\n")
    assert PasswordLine(stream, names=True).answer(challenge) is None
    assert stream.read() == "ada\npw\n"


def test_a_password_is_never_taken_for_a_name_where_no_name_was_promised() -> None:
    line = PasswordLine(io.StringIO("pw\n"))
    assert line.answer(EnterSetting("username", "Google username")) is None
    assert line.answer(EnterUsername("ADFS username")) is None
    assert line.answer(ASKED) == "pw"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_bytes(b" p w\xc3\xa9\r\nrest\n")
    path.chmod(0o600)
    return path


def test_a_password_file_gives_its_first_line_once(file: Path) -> None:
    answer = PasswordFile(str(file)).answer
    assert (answer(EnterCode("MFA token")), answer(ASKED), answer(ASKED)) == (None, " p wé", None)


def test_a_password_of_a_file_is_not_sent_after_a_refused_one(file: Path) -> None:
    assert PasswordFile(str(file)).answer(AGAIN) is None


def test_a_password_may_come_through_a_pipe() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"piped\n")
    os.close(writing)
    assert PasswordFile(f"/dev/fd/{reading}").answer(ASKED) == "piped"
    os.close(reading)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o644])
def test_a_password_file_that_others_can_use_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(SettingsError, match=f"others .mode {mode:04o}") as refused:
        PasswordFile(str(file))
    assert "chmod 600" in refused.value.hint


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give it away")
def test_a_password_file_of_somebody_elses_is_refused(file: Path) -> None:
    os.chown(file, 1234, -1)
    with pytest.raises(SettingsError, match="belongs to somebody else"):
        PasswordFile(str(file))


def test_what_a_container_is_given_has_no_choice(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.chmod(0o444)
    monkeypatch.setattr("samlauth.effects.secrets._MOUNTED", file.parent)
    assert PasswordFile(str(file)).answer(ASKED) == " p wé"


def test_a_link_from_there_is_no_way_around_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.chmod(0o444)
    mounted = file.parent / "mounted"
    mounted.mkdir()
    (mounted / "password").symlink_to(file)
    monkeypatch.setattr("samlauth.effects.secrets._MOUNTED", mounted)
    with pytest.raises(SettingsError, match="others"):
        PasswordFile(str(mounted / "password"))


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "no password"), (b"  \npw\n", "no password"), (b"caf\xe9\n", "UTF-8")],
)
def test_a_password_file_without_one_is_refused(file: Path, content: bytes, why: str) -> None:
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=why):
        PasswordFile(str(file))


@pytest.mark.parametrize("name", ["missing", ".", "a\0b", "~nobody-of-that-name/x"])
def test_a_password_file_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="--password-file"):
        PasswordFile(name if name[0] == "~" else f"{tmp_path}/{name}")
