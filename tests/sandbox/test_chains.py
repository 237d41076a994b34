"""What the rehearsal's STS refuses as AWS does."""

from __future__ import annotations

import pytest

from samlauth.sandbox.chains import Wanted
from samlauth.sandbox.trust import Fault

ROLE = "arn:aws:iam::888777666555:role/assumed-dev"
GOOD = {"RoleArn": ROLE, "RoleSessionName": "ada"}
WANTED = Wanted({ROLE: "partner-7"}, {ROLE: ("serial", "123456")})
ALL = {**GOOD, "ExternalId": "partner-7", "SerialNumber": "serial", "TokenCode": "123456"}


def test_what_fits_passes() -> None:
    WANTED.check("AssumeRole", ALL, 0)
    Wanted().check("AssumeRole", GOOD, 0)
    Wanted().check("GetCallerIdentity", {}, 0)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"ExternalId": "x"}, "AccessDenied"),
        ({"SerialNumber": "x"}, "AccessDenied"),
        ({"TokenCode": "x"}, "AccessDenied"),
        ({"DurationSeconds": "3601"}, "ValidationError"),
        ({"RoleSessionName": "ada b"}, "ValidationError"),
        ({"RoleSessionName": ""}, "ValidationError"),
        ({"SourceIdentity": "é!"}, "ValidationError"),
        ({"RoleArn": "dev"}, "ValidationError"),
        ({"Policy": "x" * 2049}, "PackedPolicyTooLarge"),
        ({"Tags.member.1.Value": "x" * 2049}, "PackedPolicyTooLarge"),
    ],
)
def test_what_does_not_fit_is_refused(changed: dict[str, str], code: str) -> None:
    with pytest.raises(Fault) as refused:
        WANTED.check("AssumeRole", {**ALL, **changed}, 0)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("token", "code"), [("x", "InvalidIdentityToken"), ("e30.e30.x", "InvalidIdentityToken")]
)
def test_a_token_has_to_be_one(token: str, code: str) -> None:
    with pytest.raises(Fault) as refused:
        Wanted().check("AssumeRoleWithWebIdentity", {**GOOD, "WebIdentityToken": token}, 0)
    assert refused.value.code == code
