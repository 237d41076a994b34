"""Roles taken with other credentials, against scripts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from samlauth.chains import Hop, explain, follow, prove, session_name, take_with_token
from samlauth.challenges import EnterCode
from samlauth.errors import SettingsError, STSRefused
from samlauth.flow import (
    AssumeRole,
    AssumeRoleWithWebIdentity,
    Caller,
    Credentials,
    GetCallerIdentity,
    Refusal,
)
from samlauth.testing import replay

DEV = "arn:aws:iam::888777666555:role/assumed-dev"
OPS = "arn:aws-us-gov:iam::777666555444:role/ops/assumed-ops"
END = datetime(2026, 11, 21, 21, tzinfo=UTC)
FIRST, SECOND, THIRD = (Credentials(f"ASIA{n}", f"secret{n}", f"token{n}", END) for n in "123")
SERIAL = "arn:aws:iam::111111111111:mfa/ada"


def test_each_role_is_taken_with_the_credentials_of_the_one_before() -> None:
    hops = (Hop(DEV), Hop(OPS, "ops", 900))
    played = replay(follow(hops, FIRST, "ada@example.com", "eu-west-1"), (SECOND,), (THIRD,))
    assert played.result == THIRD
    assert played.other_calls == [
        AssumeRole(DEV, "ada@example.com", FIRST, 3600, "eu-west-1"),
        AssumeRole(OPS, "ops", SECOND, 900, "us-gov-west-1"),
    ]


def test_what_was_given_reaches_sts() -> None:
    hop = Hop(
        DEV,
        "ada",
        1800,
        external_id="partner-7",
        tags=(("team", "a"), ("cost", "b")),
        transitive_tag_keys=("team",),
        source_identity="ada",
        policy="{}",
        policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",),
    )
    played = replay(follow((hop,), FIRST, "x", None), (SECOND,))
    assert played.other_calls == [
        AssumeRole(
            DEV,
            "ada",
            FIRST,
            1800,
            "us-east-1",
            "{}",
            ("arn:aws:iam::aws:policy/ReadOnlyAccess",),
            external_id="partner-7",
            tags=(("team", "a"), ("cost", "b")),
            transitive_tag_keys=("team",),
            source_identity="ada",
        )
    ]
    assert played.challenges == []


def test_a_serial_number_asks_for_its_code_and_sends_it_once() -> None:
    hop = Hop(DEV, serial_number=SERIAL)
    played = replay(follow((hop,), FIRST, "ada", None), " 123 456 ", (SECOND,))
    (challenge,) = played.challenges
    assert isinstance(challenge, EnterCode)
    assert SERIAL in challenge.note
    (call,) = played.other_calls
    assert isinstance(call, AssumeRole)
    assert (call.serial_number, call.token_code) == (SERIAL, "123456")
    assert "123456" not in repr(call)


def test_the_first_refusal_ends_it() -> None:
    hops = (Hop(DEV, external_id="wrong"), Hop(OPS))
    refused = replay(
        follow(hops, FIRST, "ada", None),
        (Refusal("AccessDenied", "not authorized", 403),),
        raises=STSRefused,
    )
    assert DEV in refused.result.message
    assert "wrong" in refused.result.hint
    assert refused.result.exit_code == 8


def test_a_chain_lasts_an_hour_at_most() -> None:
    with pytest.raises(SettingsError, match="an hour at most"):
        Hop(DEV, duration_seconds=3601)
    with pytest.raises(SettingsError, match="15 minutes"):
        Hop(DEV, duration_seconds=899)


@pytest.mark.parametrize("name", ["a", "ada lovelace", "x" * 65, "ada\n"])
def test_a_name_that_aws_does_not_take_is_said_before_it_is_asked(name: str) -> None:
    with pytest.raises(STSRefused, match="session name") as refused:
        Hop(DEV, name)
    assert refused.value.exit_code == 8
    with pytest.raises(STSRefused, match="source identity"):
        Hop(DEV, source_identity=name)


@pytest.mark.parametrize(
    ("person", "name"),
    [
        ("ada@example.com", "ada@example.com"),
        ("CORP\\ada b", "CORP-ada-b"),
        ("é", "samlauth"),
        ("", "samlauth"),
        ("x" * 70, "x" * 64),
    ],
)
def test_a_session_is_named_after_the_person(person: str, name: str) -> None:
    assert session_name(person) == name


TOKEN_CALL = AssumeRoleWithWebIdentity(DEV, "ada", "ey.secret.token", 3600, "us-east-1")


def test_a_token_takes_a_role() -> None:
    played = replay(take_with_token(TOKEN_CALL), (FIRST,))
    assert (played.result, played.other_calls) == (FIRST, [TOKEN_CALL])
    assert "secret" not in repr(TOKEN_CALL)
    with pytest.raises(STSRefused, match="has expired"):
        replay(take_with_token(TOKEN_CALL), (Refusal("ExpiredTokenException", "old"),))


def test_proof_is_whose_aws_says_they_are() -> None:
    played = replay(prove(FIRST, OPS, None), (Caller("arn:x"),))
    assert played.result == Caller("arn:x")
    assert played.other_calls == [GetCallerIdentity(FIRST, "us-gov-west-1")]
    with pytest.raises(STSRefused, match="InvalidClientTokenId"):
        replay(prove(FIRST, DEV, None), (Refusal("InvalidClientTokenId", "no"),))


CALL = AssumeRole(DEV, "ada", FIRST, 1800, "eu-south-1")


@pytest.mark.parametrize(
    ("code", "said", "message", "hint"),
    [
        ("AccessDenied", "MultiFactorAuthentication failed", "MFA code", "next code"),
        ("AccessDenied", "no", "does not let you take", "--external-id"),
        ("ExpiredToken", "old", "taken with have expired", "--force"),
        ("InvalidClientTokenId", "x", "does not know the credentials", "--force"),
        ("ValidationError", "at 'roleSessionName'", "session name ada", "64"),
        ("ValidationError", "The requested DurationSeconds exceeds", "30 min", "-d"),
        ("ValidationError", "odd", "malformed: odd", "values"),
        ("PackedPolicyTooLarge", "101%", "larger than AWS takes: 101%", "--policy-arn"),
        ("MalformedPolicyDocument", "odd", "cannot read the session policy", "policy editor"),
        ("RegionDisabledException", "off", "switched off in eu-south-1", "-R"),
        ("Throttling", "slow", "limiting requests", "Wait"),
        ("InternalFailure", "x", "just now", "-R"),
        ("SignatureDoesNotMatch", "x", "clock", "Set the clock"),
        ("NeverHeardOf", "\x1bwhat", "NeverHeardOf: ", "administrator"),
    ],
)
def test_each_refusal_says_what_happened_and_what_to_do(
    code: str, said: str, message: str, hint: str
) -> None:
    error = explain(Refusal(code, said), CALL)
    assert message in error.message
    assert hint in error.hint
    assert "\x1b" not in error.message
    assert (error.code, error.exit_code) == (code, 8)
