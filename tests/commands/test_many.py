"""Which profiles a login is for, and what is said of them."""

from __future__ import annotations

import argparse
import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from samlauth import sources
from samlauth.commands import many
from samlauth.commands.login import several
from samlauth.commands.many import members
from samlauth.commands.rows import Done, Row, summary, tell
from samlauth.commands.target import target
from samlauth.credentials import Credentials
from samlauth.effects.files import AWSFiles
from samlauth.effects.state import State
from samlauth.errors import NetworkError, NoSuchRole, SamlauthError, STSRefused
from samlauth.flow import Browse, CallSTS, Flow, Refusal
from samlauth.flow import tell as say
from samlauth.reach import Origin, Reach
from samlauth.saml import Role, SAMLResponse
from samlauth.sts import Grant
from samlauth.testing import replay

ON = {"SAMLAUTH_ALL_ROLES": "true"}
WORK = {"SAMLAUTH_GROUP": "work"}


@pytest.mark.parametrize(
    ("flags", "environ", "section", "expected"),
    [
        ({}, {}, {}, False),
        ({"group": "work"}, {}, {}, True),
        ({"all_roles": "true"}, {}, {}, True),
        ({}, ON, {}, True),
        ({}, {}, {"samlauth.all_roles": "true"}, True),
        ({"profile": "work"}, {}, {"samlauth.all_roles": "true"}, True),
        ({"all_roles": "false"}, ON, {}, False),
        # A role, or a profile, that is named is meant alone; whatever else is usual.
        ({"role_arn": "Admin"}, ON, {}, False),
        ({}, WORK, {}, True),
        ({"profile": "x"}, WORK, {}, False),
        ({"role_arn": "Admin"}, WORK, {}, False),
        # That a profile has a group does not mean that all of the group are wanted.
        ({}, {}, {"samlauth.group": "work"}, False),
        ({"profile": "x"}, {}, {"samlauth.group": "work"}, False),
    ],
)
def test_when_several_profiles_are_meant(
    flags: dict[str, str], environ: dict[str, str], section: dict[str, str], expected: bool
) -> None:
    values = sources.resolve(flags, environ, section)
    assert several(values, flags) is expected


class Provider:
    """Signs in at once, each time with another response."""

    reach = Reach(Origin("idp.example"))
    in_browser = Browse("https://idp.example/start", "idp ada")

    def __init__(self) -> None:
        self.responses: list[SAMLResponse] = []

    def sign_in(self) -> Flow[SAMLResponse]:
        yield from say("signed in")
        role = "arn:aws:iam::111111111111:role/A,arn:aws:iam::111111111111:saml-provider/P"
        xml = (
            f'<Response ID="{len(self.responses)}"><Assertion><AttributeStatement>'
            '<Attribute Name="https://aws.amazon.com/SAML/Attributes/Role">'
            f"<AttributeValue>{role}</AttributeValue></Attribute>"
            "</AttributeStatement></Assertion></Response>"
        )
        encoded = base64.b64encode(xml.encode()).decode()
        self.responses.append(SAMLResponse(encoded, "https://signin.aws.amazon.com/saml"))
        return self.responses[-1]


@pytest.mark.parametrize("brought", [False, True])
def test_a_sign_in_that_grows_too_old_is_renewed_unless_it_was_brought(
    brought: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes = [0]

    def now() -> datetime:
        return datetime(2026, 11, 21, 9, minutes[0], tzinfo=UTC)

    def whole() -> Flow[Done]:
        given = provider if brought else None
        flow = many._whole(lead, [row], argparse.Namespace(), State(), given, every=False)
        step = next(flow)
        while True:
            reply = yield step
            if isinstance(step, CallSTS):
                minutes[0] += 5
            try:
                step = flow.send(reply)
            except StopIteration as done:
                return cast("Done", done.value)

    provider = Provider()
    monkeypatch.setattr(many, "provider_for", lambda _: provider)
    monkeypatch.setattr(many, "_now", now)
    environ = {"AWS_CONFIG_FILE": str(tmp_path / "config")}
    flags = {"username": "ada", "idp_id": "C01abc", "sp_id": "1", "profile": "a", "role_arn": "A"}
    lead = target(flags, environ)
    row = Row("a", "A", lead, lead)
    too_long = Refusal("ValidationError", "DurationSeconds exceeds the MaxSessionDuration")
    given = Credentials("ASIAEXAMPLE", "secret", "token", datetime(2026, 11, 21, 21, tzinfo=UTC))
    played = replay(whole(), (too_long,), (given,))
    sent = [call.saml_response for call in played.calls]
    assert sent == (provider.responses * 2 if brought else provider.responses)
    assert len(provider.responses) == (1 if brought else 2)
    (done,) = played.result.rows
    assert isinstance(done.result, Grant)


def test_who_is_of_a_group(tmp_path: Path) -> None:
    config, everybodys = tmp_path / "config", tmp_path / "shared"
    config.write_text(
        "[profile one]\nsamlauth.group = work\n"
        "[profile derived]\nsamlauth.base = one\n"
        "[profile other]\nsamlauth.group = play\n"
        '[profile "with space"]\nsamlauth.group = work\n'
        "[profile moved]\nsamlauth.group = play\n"
        "[default]\nsamlauth.group = work\n"
        "[profile não]\nsamlauth.group = work\n"
    )
    everybodys.write_text("[profile moved]\ngroup = work\n[profile theirs]\ngroup = work\n")
    everybodys.chmod(0o644)
    aws = AWSFiles(config, tmp_path / "credentials")
    environ = {"SAMLAUTH_CONFIG": str(everybodys)}
    assert list(members(aws, environ, "work")) == ["one", "with space", "default", "theirs"]
    assert list(members(aws, environ, "play")) == ["other", "moved"]
    assert list(members(aws, environ, "none")) == []


ROLE = Role("arn:aws:iam::111111111111:role/Admin", "arn:aws:iam::111111111111:saml-provider/G")
GIVEN = Credentials("ASIAEXAMPLE", "s3cret", "t0ken", datetime(2026, 11, 21, 21, tzinfo=UTC))
GOOD = Row("dev", ROLE.role_arn, Grant(ROLE, GIVEN, 3600))
BAD = Row("", "arn:\x1b[1m", NoSuchRole("Not offered."))


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    tell([GOOD, BAD], quiet=False)
    out, err = capsys.readouterr()
    good, bad = err.splitlines()
    assert out == ""
    until = f"{GIVEN.expiration.astimezone():%Y-%m-%d %H:%M}"
    assert good == f"dev  {ROLE.role_arn}  until {until}"
    assert bad.split() == ["-", r"arn:\x1b[1m", "failed:", "Not", "offered."]
    assert bad.index("failed") == good.index("until")


def test_quiet_people_hear_of_failures_alone(capsys: pytest.CaptureFixture[str]) -> None:
    tell([GOOD, BAD], quiet=True)
    assert capsys.readouterr().err.splitlines() == [r"-  arn:\x1b[1m  failed: Not offered."]


@pytest.mark.parametrize(
    ("failed", "number", "code", "said"),
    [
        ([STSRefused("a", hint="x")], 2, 8, "1 of 2 failed; the others are written."),
        ([NetworkError("a"), NetworkError("b")], 3, 8, "2 of 3 failed; the others are written."),
        ([NetworkError("a"), NetworkError("b")], 2, 9, "2 of 2 failed; nothing was written."),
        ([NoSuchRole("a"), NetworkError("b")], 2, 8, "2 of 2 failed; nothing was written."),
    ],
)
def test_the_exit_code_of_several(
    failed: list[SamlauthError], number: int, code: int, said: str
) -> None:
    error = summary(failed, number)
    assert (error.exit_code, error.message) == (code, said)


def test_each_hint_is_given_once() -> None:
    failed = [STSRefused("a", hint="x"), STSRefused("b", hint="x"), STSRefused("c", hint="y")]
    assert summary(failed, 3).hint == "x\ny"
