"""The answerer, with python-fido2 as it is and keys in software behind it."""

from __future__ import annotations

import json
import sys
import threading
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Literal

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from samlauth.challenges import (
    AnotherWay,
    AnyChallenge,
    AssertionRequest,
    AuthenticatorAssertion,
    EnterCode,
    EnterPin,
    NoAssertion,
    TouchKey,
    UserVerification,
)
from samlauth.effects.security_key import Access, SecurityKey, connection, devices
from samlauth.errors import NobodyToAsk, UnsafePage
from samlauth.flow import Wait
from tests.softkey import SoftKey

from .conftest import MakeKey

ORIGIN = "https://accounts.google.com"
APP_ID = "https://www.gstatic.com/securitykey/origins.json"
STRANGE = b"a handle that belongs to nobody's key here, and is as long as one"
CHALLENGE = bytes(range(32))
READY = Access("ready")

Ended = Literal["enter", "over", "time", "another"]


@dataclass
class Person:
    """Does at each wait what a list says, while the key blinks; answers questions from another."""

    does: list[Callable[[], object] | Ended] = field(default_factory=list)
    pins: list[object] = field(default_factory=list)
    terminal: bool = True
    trouble: Access = READY
    waits: list[Wait] = field(default_factory=list)
    asked: list[AnyChallenge] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    enters: list[str] = field(default_factory=list)

    def ask(self, challenge: AnyChallenge) -> object | None:
        self.asked.append(challenge)
        return self.pins.pop(0)

    def until(self, step: Wait, over: Callable[[], bool], enter: str = "when done") -> Ended:
        self.waits.append(step)
        self.enters.append(enter)
        done = self.does.pop(0)
        if isinstance(done, str):
            return done
        done()
        pause = threading.Event()
        for _ in range(1000):
            if over():
                return "over"
            pause.wait(0.01)
        raise AssertionError("nothing came of it")

    def answer(self, challenge: AnyChallenge) -> object | None:
        return self.keys.answer(challenge)

    def register(self) -> object:
        return self.keys.register(APP_ID, "google.com")

    @property
    def keys(self) -> SecurityKey:
        return SecurityKey(
            self.ask,
            self.until,
            self.told.append,
            lambda: self.terminal,
            self.hidden.append,
            lambda: self.trouble,  # the computer the tests run on may be a container
        )


def registered(key: SoftKey, name: str) -> tuple[bytes, ec.EllipticCurvePublicKey]:
    credential, private = key.register(sha256(name.encode()).digest())
    return credential, private.public_key()


def u2f(*credentials: bytes, **more: object) -> TouchKey:
    request = AssertionRequest(CHALLENGE, credentials, app_id=APP_ID)
    return replace(TouchKey(request, ORIGIN, ways=("another",)), **more)  # type: ignore[arg-type]  # its own fields


def webauthn(
    *credentials: bytes, verification: UserVerification = "discouraged", app_id: str = ""
) -> TouchKey:
    request = AssertionRequest(
        CHALLENGE,
        credentials,
        rp_id="google.com",
        app_id=app_id,
        user_verification=verification,
    )
    return TouchKey(request, ORIGIN, ways=("another",))


def signed(answer: object, public: ec.EllipticCurvePublicKey, name: str) -> AuthenticatorAssertion:
    """The answer, whose signature is one for that name; raises if it is not."""
    assert isinstance(answer, AuthenticatorAssertion)
    data = answer.authenticator_data
    assert data[:32] == sha256(name.encode()).digest()
    assert data[32] & 1
    public.verify(
        answer.signature,
        data + sha256(answer.client_data_json).digest(),
        ec.ECDSA(hashes.SHA256()),
    )
    said = json.loads(answer.client_data_json)
    assert urlsafe_b64decode(said["challenge"] + "=") == CHALLENGE
    assert said["origin"] == ORIGIN
    return answer


def touch(key: SoftKey) -> Callable[[], None]:
    return lambda: key.hold(touch="yes")


def ended(answer: object) -> NoAssertion:
    assert isinstance(answer, NoAssertion)
    assert answer.message
    return answer


def test_other_challenges_are_left_alone() -> None:
    assert Person().answer(EnterCode("MFA token")) is None


@pytest.mark.parametrize("kind", [{}, {"ctap2": False}, {"u2f": False}])
def test_u2f_is_signed_for_the_app_the_challenge_and_the_origin(
    make_key: MakeKey, kind: dict[str, bool]
) -> None:
    key = make_key(**kind)
    credential, public = registered(key, APP_ID)
    person = Person([touch(key)])
    answer = signed(person.answer(u2f(STRANGE, credential)), public, APP_ID)
    assert answer.credential_id == credential
    assert json.loads(answer.client_data_json)["typ"] == "navigator.id.getAssertion"
    assert "Touch your security key (SoftKey)" in person.waits[0].shows
    assert person.waits[0].seconds == 60
    assert person.enters == [""]


@pytest.mark.parametrize("kind", [{}, {"ctap2": False}, {"u2f": False}])
def test_webauthn_is_signed_for_the_rp(make_key: MakeKey, kind: dict[str, bool]) -> None:
    key = make_key(**kind)
    credential, public = registered(key, "google.com")
    answer = signed(Person([touch(key)]).answer(webauthn(credential)), public, "google.com")
    said = json.loads(answer.client_data_json)
    assert said["type"] == "webauthn.get"
    assert said["crossOrigin"] is False
    assert not answer.by_app_id


@pytest.mark.parametrize("kind", [{}, {"ctap2": False}, {"u2f": False}])
def test_webauthn_finds_what_was_registered_by_u2f(
    make_key: MakeKey, kind: dict[str, bool]
) -> None:
    key = make_key(**kind)
    credential, public = registered(key, APP_ID)
    challenge = webauthn(STRANGE, credential, app_id=APP_ID)
    answer = signed(Person([touch(key)]).answer(challenge), public, APP_ID)
    assert answer.by_app_id
    assert json.loads(answer.client_data_json)["type"] == "webauthn.get"


def test_each_answer_counts_on(make_key: MakeKey) -> None:
    key = make_key()
    credential, public = registered(key, APP_ID)
    key.hold(touch="yes")
    counters = []
    for _ in range(2):
        answer = signed(Person([lambda: None]).answer(u2f(credential)), public, APP_ID)
        counters.append(int.from_bytes(answer.authenticator_data[33:37]))
    assert counters[0] < counters[1]


def test_of_several_keys_the_one_that_is_registered_blinks(make_key: MakeKey) -> None:
    make_key(name="Other")
    key = make_key(name="Mine")
    credential, public = registered(key, APP_ID)
    person = Person([touch(key)])
    signed(person.answer(u2f(credential)), public, APP_ID)
    assert "(Mine)" in person.waits[0].shows


@pytest.mark.parametrize("ctap2", [True, False])
def test_of_several_registered_keys_the_one_that_is_touched_answers(
    make_key: MakeKey, ctap2: bool
) -> None:
    keys = [make_key(name="One", ctap2=ctap2), make_key(name="Two", ctap2=ctap2)]
    both = [registered(key, "google.com") for key in keys]
    person = Person([touch(keys[1])])
    answer = person.answer(webauthn(both[0][0], both[1][0]))
    signed(answer, both[1][1], "google.com")
    assert "(One or Two)" in person.waits[0].shows


def test_a_wrong_key_and_then_the_right_one(make_key: MakeKey) -> None:
    wrong, right = make_key(name="Wrong"), make_key(name="Right")
    right.hold(plugged=False)
    credential, public = registered(right, APP_ID)

    def change() -> Ended:
        wrong.hold(plugged=False)
        right.hold(plugged=True)
        return "enter"

    person = Person([])
    person.does = [lambda: None, touch(right)]
    until = person.until

    def first(step: Wait, over: Callable[[], bool], enter: str = "") -> Ended:
        if "registered" in step.shows:
            person.does.pop(0)
            person.waits.append(step)
            assert enter == "to try again"
            return change()
        return until(step, over, enter)

    person.until = first  # type: ignore[method-assign]  # this person changes keys
    signed(person.answer(u2f(credential)), public, APP_ID)
    assert "plugged in here (Wrong) is registered for this account" in person.waits[0].shows
    assert "(Right)" in person.waits[1].shows


def test_no_key_and_another_way(make_key: MakeKey) -> None:
    person = Person(["another"])
    assert person.answer(u2f(STRANGE)) == AnotherWay()
    assert "No security key is plugged in. Insert one." in person.waits[0].shows
    assert person.waits[0].ways == ("another",)


def test_no_key_and_nobody_there(make_key: MakeKey) -> None:
    assert ended(Person(terminal=False).answer(u2f(STRANGE))).reason == "no key"
    make_key()
    assert ended(Person(terminal=False).answer(u2f(STRANGE))).reason == "wrong key"


def test_nobody_fetches_a_key(make_key: MakeKey) -> None:
    done = ended(Person(["time"]).answer(u2f(STRANGE)))
    assert done.reason == "timed out"
    assert done.message.startswith("No security key is plugged in. Nothing was done about it for")


@pytest.mark.parametrize("kind", [{"ctap2": False}, {"u2f": False}])
@pytest.mark.parametrize(("end", "reason"), [("time", "timed out"), ("another", "")])
def test_a_key_that_is_not_touched_stops_blinking(
    make_key: MakeKey, kind: dict[str, bool], end: Ended, reason: str
) -> None:
    key = make_key(**kind)
    credential, _ = registered(key, APP_ID)
    answer = Person([end]).answer(u2f(credential))
    assert answer == AnotherWay() if end == "another" else ended(answer).reason == reason
    assert not [t for t in threading.enumerate() if t.name == "security key"]
    key.hold(touch="yes")
    assert isinstance(Person([lambda: None]).answer(u2f(credential)), AuthenticatorAssertion)


@pytest.mark.parametrize("kind", [{"ctap2": False}, {"u2f": False}])
def test_a_key_that_is_pulled_out_while_it_blinks(make_key: MakeKey, kind: dict[str, bool]) -> None:
    key = make_key(**kind)
    credential, public = registered(key, APP_ID)
    person = Person(terminal=False, does=[lambda: key.hold(plugged=False)])
    assert ended(person.answer(u2f(credential))).reason == "removed"
    person = Person(
        [lambda: key.hold(plugged=False), "enter", touch(key)],
    )
    key.hold(plugged=True)
    real = person.until

    def until(step: Wait, over: Callable[[], bool], enter: str = "") -> Ended:
        if "pulled out" in step.shows:
            key.hold(plugged=True)
        return real(step, over, enter)

    person.until = until  # type: ignore[method-assign]  # this person puts it in again
    signed(person.answer(u2f(credential)), public, APP_ID)


def test_a_touch_that_is_denied(make_key: MakeKey) -> None:
    key = make_key(u2f=False)
    credential, public = registered(key, "google.com")
    deny = Person(terminal=False, does=[lambda: key.hold(touch="deny")])
    assert ended(deny.answer(webauthn(credential))).reason == "denied"
    key.hold(touch="deny")
    again = Person([lambda: None, "enter", touch(key)])
    real = again.until

    def until(step: Wait, over: Callable[[], bool], enter: str = "") -> Ended:
        if "said no" in step.shows:
            key.hold(touch="no")
        return real(step, over, enter)

    again.until = until  # type: ignore[method-assign]  # this person thinks again
    signed(again.answer(webauthn(credential)), public, "google.com")
    assert "SoftKey said no." in again.waits[1].shows


@pytest.mark.parametrize("kind", [{"ctap2": False}, {"u2f": False}])
def test_a_key_that_another_program_uses(make_key: MakeKey, kind: dict[str, bool]) -> None:
    key = make_key(**kind)
    credential, _ = registered(key, APP_ID)
    key.hold(touch="busy")
    done = ended(Person(terminal=False).answer(u2f(credential)))
    assert "in use by another program" in done.message


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_SILENT", 0.5)
    monkeypatch.setattr(devices, "_PATIENCE", 0.5)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", [{}, {"ctap2": False}, {"u2f": False}])
def test_a_key_that_is_silent_and_then_put_in_anew(
    make_key: MakeKey, kind: dict[str, bool]
) -> None:
    key = make_key(**kind)
    credential, public = registered(key, APP_ID)
    key.hold(touch="silent")
    done = ended(Person(terminal=False).answer(u2f(credential)))
    assert (done.reason, done.message) == ("removed", "SoftKey does not answer.")

    person = Person(["enter", touch(key)])
    real = person.until

    def until(step: Wait, over: Callable[[], bool], enter: str = "") -> Ended:
        if "does not answer" in step.shows:
            key.hold(plugged=False)
            key.hold(plugged=True, touch="no")
        return real(step, over, enter)

    person.until = until  # type: ignore[method-assign]  # this person puts it in anew
    signed(person.answer(u2f(credential)), public, APP_ID)
    text = "SoftKey does not answer. Pull it out and put it in again."
    assert person.waits[0].shows == text


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", [{"ctap2": False}, {"u2f": False}])
def test_a_key_that_falls_silent_while_it_blinks(make_key: MakeKey, kind: dict[str, bool]) -> None:
    key = make_key(**kind)
    credential, _ = registered(key, APP_ID)
    person = Person(terminal=False, does=[lambda: key.hold(touch="silent")])
    assert "does not answer" in ended(person.answer(u2f(credential))).message
    key.hold(plugged=False)


@pytest.mark.usefixtures("impatient")
def test_a_key_that_is_at_work_without_end(make_key: MakeKey) -> None:
    key = make_key(u2f=False)
    credential, public = registered(key, APP_ID)
    key.hold(touch="endless")
    done = ended(Person(terminal=False).answer(u2f(credential)))
    assert done.message == "SoftKey does not answer."
    key.hold(touch="yes")
    signed(Person([lambda: None]).answer(u2f(credential)), public, APP_ID)


@pytest.mark.usefixtures("impatient")
def test_a_silent_key_keeps_no_other_from_answering(make_key: MakeKey) -> None:
    silent, mine = make_key(name="Silent"), make_key(name="Mine")
    credential, public = registered(mine, APP_ID)
    silent.hold(touch="silent")
    person = Person([touch(mine)])
    signed(person.answer(u2f(credential)), public, APP_ID)
    assert "(Mine)" in person.waits[0].shows
    silent.hold(plugged=False)


@pytest.mark.usefixtures("impatient")
def test_beside_a_strange_key_a_silent_one_is_named(make_key: MakeKey) -> None:
    silent = make_key(name="Silent")
    make_key(name="Strange")
    silent.hold(touch="silent")
    done = ended(Person(terminal=False).answer(u2f(STRANGE)))
    assert done.message == "Silent does not answer."
    silent.hold(plugged=False)


# PINs


@pytest.mark.parametrize(
    ("verification", "always", "asked"),
    [
        ("required", False, True),
        ("preferred", False, True),
        ("discouraged", False, False),
        ("discouraged", True, True),
    ],
)
def test_whether_the_pin_is_asked_for(
    make_key: MakeKey, verification: UserVerification, always: bool, asked: bool
) -> None:
    key = make_key(pin="1234é", always_uv=always, u2f=False, name="YubiKey")
    credential, public = registered(key, "google.com")
    person = Person([touch(key)], pins=["1234e\u0301"])
    answer = person.answer(webauthn(STRANGE, credential, verification=verification))
    good = signed(answer, public, "google.com")
    assert good.credential_id == credential
    assert person.asked == ([EnterPin("PIN of YubiKey", ways=("another",))] if asked else [])
    assert person.hidden == (["1234e\u0301"] if asked else [])
    assert bool(good.authenticator_data[32] & 4) == asked


def test_a_wrong_pin_is_asked_for_again_with_the_tries_that_are_left(make_key: MakeKey) -> None:
    key = make_key(pin="1234")
    credential, public = registered(key, "google.com")
    person = Person([touch(key)], pins=["4321", "1234"])
    answer = person.answer(webauthn(credential, verification="required"))
    signed(answer, public, "google.com")
    assert isinstance(person.asked[1], EnterPin)
    assert "7 tries are left" in person.asked[1].refused
    assert key.memory.tries == 8


def test_three_wrong_pins_and_the_key_wants_to_be_pulled_out(make_key: MakeKey) -> None:
    key = make_key(pin="1234")
    credential, _ = registered(key, "google.com")
    person = Person(["another"], pins=["1", "2", "3"])
    assert person.answer(webauthn(credential, verification="required")) == AnotherWay()
    assert "three were wrong" in person.waits[0].shows
    assert key.memory.tries == 5


def test_a_key_without_any_tries_left(make_key: MakeKey) -> None:
    key = make_key(pin="1234")
    credential, _ = registered(key, "google.com")
    key.keep(replace(key.memory, tries=1))
    person = Person(pins=["1"], terminal=False)
    done = ended(person.answer(webauthn(credential, verification="required")))
    assert done.reason == "blocked"
    assert "wrong too often" in done.message
    assert len(person.asked) == 1


def test_another_way_than_the_pin(make_key: MakeKey) -> None:
    key = make_key(pin="1234")
    credential, _ = registered(key, "google.com")
    person = Person(pins=[AnotherWay()])
    assert person.answer(webauthn(credential, verification="required")) == AnotherWay()


def test_a_pin_and_nobody_to_ask(make_key: MakeKey) -> None:
    key = make_key(pin="1234")
    credential, _ = registered(key, "google.com")
    with pytest.raises(NobodyToAsk, match="PIN"):
        Person(pins=[None]).answer(webauthn(credential, verification="required"))


def test_a_key_that_cannot_know_its_owner(make_key: MakeKey) -> None:
    for kind in ({}, {"ctap2": False}):
        key = make_key(**kind)
        credential, _ = registered(key, "google.com")
        done = Person(terminal=False).answer(webauthn(credential, verification="required"))
        assert ended(done).reason == "wrong key"
        key.hold(plugged=False)


def test_of_two_keys_the_one_that_can_know_its_owner_is_asked(make_key: MakeKey) -> None:
    plain, mine = make_key(name="Plain"), make_key(name="Mine", pin="1234")
    first, _ = registered(plain, "google.com")
    second, public = registered(mine, "google.com")
    person = Person([touch(mine)], pins=["1234"])
    answer = person.answer(webauthn(first, second, verification="required"))
    signed(answer, public, "google.com")
    assert "(Mine)" in person.waits[0].shows


@pytest.mark.parametrize("selects", [True, False])
def test_of_two_keys_with_pins_the_one_that_is_touched_is_asked_for_its(
    make_key: MakeKey, selects: bool
) -> None:
    keys = [
        make_key(name="One", pin="1111", selects=selects),
        make_key(name="Two", pin="2222", selects=selects, u2f=False),
    ]
    (first, _), (second, public) = [registered(key, "google.com") for key in keys]
    person = Person([touch(keys[1]), lambda: None], pins=["2222"])
    answer = person.answer(webauthn(first, second, verification="required"))
    good = signed(answer, public, "google.com")
    assert good.authenticator_data[32] & 4
    assert [wait.shows for wait in person.waits] == [
        "Touch the key you want to use (One or Two)",
        "Touch your security key again (Two)",
    ]
    assert [wait.ways for wait in person.waits] == [("another",)] * 2
    assert person.asked == [EnterPin("PIN of Two", ways=("another",))]
    assert keys[0].memory.counter == 1  # it was looked for, and signed nothing
    assert len(keys[1].memory.credentials) == 1


@pytest.mark.parametrize("touched", [0, 1])
def test_of_a_key_with_a_pin_and_one_without_either_may_be_touched(
    make_key: MakeKey, touched: int
) -> None:
    keys = [make_key(name="Plain"), make_key(name="Locked", pin="1234")]
    both = [registered(key, "google.com") for key in keys]
    person = Person([touch(keys[touched]), lambda: None], pins=["1234"])
    answer = person.answer(webauthn(both[0][0], both[1][0], verification="preferred"))
    signed(answer, both[touched][1], "google.com")
    assert "(Plain or Locked)" in person.waits[0].shows
    assert len(person.asked) == touched
    assert len(person.waits) == 1 + touched


@pytest.mark.parametrize("selects", [True, False])
@pytest.mark.parametrize(("end", "reason"), [("time", "timed out"), ("another", "")])
def test_keys_of_which_none_is_touched_stop_blinking(
    make_key: MakeKey, selects: bool, end: Ended, reason: str
) -> None:
    keys = [make_key(pin="1", selects=selects) for _ in range(2)]
    both = [registered(key, "google.com")[0] for key in keys]
    answer = Person([end]).answer(webauthn(*both, verification="required"))
    assert answer == AnotherWay() if end == "another" else ended(answer).reason == reason
    assert not [t for t in threading.enumerate() if t.name == "security key"]


def test_of_two_keys_with_pins_the_one_that_is_left_will_do(make_key: MakeKey) -> None:
    keys = [make_key(name="One", pin="1111"), make_key(name="Two", pin="2222")]
    (first, _), (second, public) = [registered(key, "google.com") for key in keys]

    def swap() -> None:
        keys[0].hold(plugged=False)
        keys[1].hold(touch="yes")

    person = Person([swap, lambda: None], pins=["2222"])
    signed(person.answer(webauthn(first, second, verification="required")), public, "google.com")


def test_a_key_that_is_registered_by_its_pin_alone(make_key: MakeKey) -> None:
    make_key(pin="1234", always_uv=True, u2f=False)
    done = ended(Person([lambda: None]).register())
    assert done.message == "SoftKey wants its PIN, which is not asked for here."


# What keeps keys away


def test_without_the_package_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "samlauth.effects.security_key.devices", raising=False)
    monkeypatch.setitem(sys.modules, "fido2", None)
    done = ended(Person().answer(u2f(STRANGE)))
    assert done.reason == "not installed"
    assert "pip install 'samlauth[fido2]'" in done.message


def test_trouble_is_told_and_not_waited_for(make_key: MakeKey) -> None:
    trouble = Access("wsl", "WSL sees no keys.", "Attach it.")
    done = ended(Person(trouble=trouble).answer(u2f(STRANGE)))
    assert done == NoAssertion("no access", "WSL sees no keys.", "Attach it.")
    key = make_key()
    credential, public = registered(key, APP_ID)
    person = Person([touch(key)], trouble=trouble)
    signed(person.answer(u2f(credential)), public, APP_ID)


@pytest.mark.parametrize("rp_id", ["example.com", "com", "evil.accounts.google.com"])
def test_a_page_that_asks_in_anothers_name(make_key: MakeKey, rp_id: str) -> None:
    key = make_key()
    credential, _ = registered(key, rp_id)
    key.hold(touch="yes")
    challenge = webauthn(credential)
    request = replace(challenge.request, rp_id=rp_id)
    with pytest.raises(UnsafePage, match="not its own"):
        Person().answer(replace(challenge, request=request))
    assert key.memory.counter == 0


def test_a_module_of_ours_that_is_missing_is_no_missing_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "samlauth.effects.security_key.devices", raising=False)
    monkeypatch.setitem(sys.modules, "samlauth.effects.security_key.devices", None)
    with pytest.raises(ModuleNotFoundError):
        Person().answer(u2f(STRANGE))


def test_why_it_is_asked_again_is_said(make_key: MakeKey) -> None:
    person = Person(["another"])
    person.answer(u2f(STRANGE, refused="Not\u202e you"))
    assert person.told == ["Not\\u202e you"]
