import io
from collections.abc import Callable, Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail
from keyring.errors import KeyringLocked, PasswordDeleteError

from samlauth.challenges import AnyChallenge, EnterCode, EnterPassword
from samlauth.effects.secrets import Keyring, PasswordLine, first_of

GOOGLE = "https://accounts.google.com"
OURS = "samlauth https://accounts.google.com"
ASKED = EnterPassword("Google Password", "ada", GOOGLE)
AGAIN = EnterPassword("Google Password", "ada", GOOGLE, refused="Wrong password.")


class Memory(KeyringBackend):
    """A keyring of the library's own interface, in memory."""

    priority = 1

    def __init__(self, **stored: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring leaves it untyped
        self.stored = {tuple(key.split("|")): value for key, value in stored.items()}
        self.broken: Exception | None = None

    def _work(self) -> None:
        if self.broken is not None:
            raise self.broken

    def get_password(self, service: str, username: str) -> str | None:
        self._work()
        return self.stored.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._work()
        self.stored[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._work()
        if (service, username) not in self.stored:
            raise PasswordDeleteError("no such password")
        del self.stored[service, username]


@pytest.fixture
def use() -> Iterator[Callable[[KeyringBackend], None]]:
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)


def ask_person(challenge: AnyChallenge) -> object | None:
    return "typed" if isinstance(challenge, EnterPassword) else "123456"


def test_a_stored_password_is_given_without_asking(use: Callable[[KeyringBackend], None]) -> None:
    use(Memory(**{f"{OURS}|ada": "stored"}))
    warnings: list[str] = []
    assert Keyring(ask_person, warnings.append).answer(ASKED) == "stored"
    assert warnings == []


def test_the_password_aws_google_auth_stored_is_taken_newline_and_all(
    use: Callable[[KeyringBackend], None],
) -> None:
    use(Memory(**{"aws-google-auth|ada": "stored\n"}))
    assert Keyring(ask_person, print).answer(ASKED) == "stored"


def test_another_providers_password_is_not_googles(use: Callable[[KeyringBackend], None]) -> None:
    use(Memory(**{"aws-google-auth|ada": "stored", f"{OURS}|ada": "stored"}))
    elsewhere = EnterPassword("Password", "ada", "https://adfs.example.com")
    assert Keyring(ask_person, print).answer(elsewhere) == "typed"


def test_a_typed_password_is_kept_only_once_it_was_shown_to_be_right(
    use: Callable[[KeyringBackend], None],
) -> None:
    ring = Memory()
    use(ring)
    passwords = Keyring(ask_person, print)
    assert passwords.answer(ASKED) == "typed"
    assert ring.stored == {}
    passwords.keep()
    assert ring.stored == {(OURS, "ada"): "typed"}


@pytest.mark.parametrize("service", [OURS, "aws-google-auth"])
def test_a_refused_stored_password_is_deleted_and_asked_for(
    use: Callable[[KeyringBackend], None], service: str
) -> None:
    ring = Memory(**{f"{service}|ada": "stale", "other|ada": "kept"})
    use(ring)
    warnings: list[str] = []
    passwords = Keyring(ask_person, warnings.append)
    assert passwords.answer(ASKED) == "stale"
    assert passwords.answer(AGAIN) == "typed"
    assert ring.stored == {("other", "ada"): "kept"}
    assert "has been removed" in warnings[0]
    passwords.keep()
    assert ring.stored[OURS, "ada"] == "typed"


def test_a_refused_typed_password_is_asked_for_again_without_the_keyring(
    use: Callable[[KeyringBackend], None],
) -> None:
    ring = Memory()
    use(ring)
    passwords = Keyring(ask_person, print)
    passwords.answer(ASKED)
    ring.stored[OURS, "ada"] = "put there by another run"
    assert passwords.answer(AGAIN) == "typed"
    assert ring.stored == {(OURS, "ada"): "put there by another run"}


def test_a_stored_password_that_was_right_is_not_written_again(
    use: Callable[[KeyringBackend], None],
) -> None:
    ring = Memory(**{"aws-google-auth|ada": "stored"})
    use(ring)
    passwords = Keyring(ask_person, print)
    passwords.answer(ASKED)
    passwords.keep()
    assert ring.stored == {("aws-google-auth", "ada"): "stored"}


def test_a_keyring_that_fails_is_warned_about_once_and_the_person_is_asked(
    use: Callable[[KeyringBackend], None],
) -> None:
    ring = Memory()
    ring.broken = KeyringLocked("locked")
    use(ring)
    warnings: list[str] = []
    passwords = Keyring(ask_person, warnings.append)
    assert passwords.answer(ASKED) == "typed"
    passwords.keep()
    assert len(warnings) == 1
    assert "it is locked" in warnings[0]


def test_a_machine_without_a_keyring_is_told_so(use: Callable[[KeyringBackend], None]) -> None:
    use(fail.Keyring())  # type: ignore[no-untyped-call]  # keyring leaves it untyped
    warnings: list[str] = []
    assert Keyring(ask_person, warnings.append).answer(ASKED) == "typed"
    assert "this machine has none" in warnings[0]


def test_a_plaintext_backend_is_never_used(use: Callable[[KeyringBackend], None]) -> None:
    plaintext = type("PlaintextKeyring", (Memory,), {"__module__": "keyrings.alt.file"})
    ring = plaintext(**{f"{OURS}|ada": "stored"})
    use(ring)
    warnings: list[str] = []
    passwords = Keyring(ask_person, warnings.append)
    assert passwords.answer(ASKED) == "typed"
    passwords.keep()
    assert ring.stored == {(OURS, "ada"): "stored"}
    assert "unencrypted" in warnings[0]


def test_other_challenges_pass_through() -> None:
    assert Keyring(ask_person, print).answer(EnterCode("MFA token")) == "123456"


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


def test_the_first_answerer_that_can_answer_does() -> None:
    answer = first_of(PasswordLine(io.StringIO("piped\n")).answer, ask_person)
    assert (answer(ASKED), answer(AGAIN)) == ("piped", "typed")
