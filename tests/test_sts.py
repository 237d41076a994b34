from datetime import UTC, datetime

import pytest

from samlauth.errors import NetworkError, SamlauthError, SettingsError, STSRefused
from samlauth.flow import AssumeRoleWithSAML, Credentials, Flow, Refusal, Unmade, tell
from samlauth.saml import Assertion, Role, SAMLResponse
from samlauth.sts import Duration, Grant, Order, assume, assume_each, explain, region_for
from samlauth.testing import Replay, replay

ROLE = Role(
    "arn:aws:iam::111111111111:role/Admin", "arn:aws:iam::111111111111:saml-provider/Google"
)
RESPONSE = SAMLResponse("UmVzcG9uc2U=", "https://signin.aws.amazon.com/saml")
GIVEN = Credentials("ASIAEXAMPLE", "secret", "token", datetime(2026, 11, 21, 21, tzinfo=UTC))
TOO_LONG = Refusal(
    "ValidationError",
    "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
)


def assertion(session_duration: int | None = None) -> Assertion:
    return Assertion(
        roles=(ROLE,),
        role_session_name="ada@example.com",
        session_duration=session_duration,
        issued=None,
        not_before=None,
        not_on_or_after=None,
        destination="",
        issuer="https://accounts.google.com/o/saml2?idpid=C01abc",
    )


def run(
    *answers: Credentials | Refusal,
    duration: Duration = Duration(),  # noqa: B008 - frozen
    session_duration: int | None = None,
    learned: int | None = None,
) -> Replay[Grant]:
    flow = assume(ROLE, RESPONSE, assertion(session_duration), duration, "us-east-1", learned)
    return replay(flow, *((answer,) for answer in answers))


def asked(played: Replay[Grant]) -> list[int]:
    return [call.duration_seconds for call in played.calls]


def test_auto_starts_with_the_longest() -> None:
    played = run(GIVEN)
    assert asked(played) == [43200]
    assert played.result == Grant(ROLE, GIVEN, 43200)


def test_auto_steps_down_with_the_same_response_until_the_role_allows_it() -> None:
    played = run(TOO_LONG, TOO_LONG, GIVEN)
    assert asked(played) == [43200, 28800, 14400]
    assert {call.saml_response for call in played.calls} == {RESPONSE}
    assert played.result == Grant(ROLE, GIVEN, 14400, refused_seconds=43200)


def test_auto_starts_at_the_assertions_session_duration() -> None:
    assert asked(run(TOO_LONG, GIVEN, session_duration=10000)) == [10000, 7200]


def test_another_tools_duration_is_only_where_auto_starts() -> None:
    peer = Duration(28800, promised=False)
    assert asked(run(TOO_LONG, GIVEN, duration=peer, session_duration=3600)) == [28800, 14400]


def test_what_was_learnt_of_the_role_is_not_asked_again() -> None:
    assert asked(run(GIVEN, learned=7200)) == [7200]
    assert asked(run(GIVEN, learned=7200, session_duration=3600)) == [3600]


def test_a_promised_duration_is_asked_for_once_and_as_it_stands() -> None:
    promise = Duration(28800, promised=True)
    assert asked(run(GIVEN, duration=promise, session_duration=3600, learned=3600)) == [28800]
    with pytest.raises(STSRefused, match="does not allow credentials of 8 h") as refused:
        run(TOO_LONG, duration=promise)
    assert "-d auto" in refused.value.hint


def test_when_even_the_shortest_is_too_long_it_ends() -> None:
    with pytest.raises(STSRefused, match="does not allow credentials of"):
        run(*[TOO_LONG] * 5)


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal("ValidationError", "1 validation error detected: Value at 'roleArn' is bad"),
        Refusal("AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML", 403),
        Refusal("ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance"),
    ],
)
def test_no_other_refusal_is_tried_again(refusal: Refusal) -> None:
    with pytest.raises(STSRefused) as refused:
        run(refusal)
    assert refused.value.code == refusal.code


CALL = AssumeRoleWithSAML(ROLE, RESPONSE, 3600, "eu-south-1")


@pytest.mark.parametrize(
    ("code", "said", "message", "hint"),
    [
        ("ExpiredTokenException", "Token must be redeemed", "too old for AWS", "clock"),
        ("ExpiredToken", "expired", "too old for AWS", "Sign in again"),
        (
            "InvalidIdentityToken",
            "Response signature invalid",
            "does not trust the signature",
            "metadata",
        ),
        ("InvalidIdentityToken", "RoleSessionName is required", "RoleSessionName", "64"),
        ("InvalidIdentityToken", "Specified provider doesn't exist", "does not exist", "misspelt"),
        (
            "InvalidIdentityToken",
            "Issuer not present in specified provider",
            "is not of the identity provider that answered",
            "metadata",
        ),
        ("InvalidIdentityToken", "Audience is wrong", "Audience is wrong", "audience"),
        ("IDPRejectedClaim", "no", "was refused", "identity provider"),
        ("AccessDenied", "Not authorized", "does not let you assume", "trust policy"),
        ("ValidationError", TOO_LONG.message, "does not allow credentials of 1 h", "-d"),
        ("ValidationError", "bad ARN", "malformed: bad ARN", "ARNs"),
        ("RegionDisabledException", "off", "switched off in eu-south-1", "us-east-1"),
        ("PackedPolicyTooLarge", "big", "session policy", "administrator"),
        ("MalformedPolicyDocument", "odd", "session policy", "administrator"),
        ("Throttling", "slow", "limiting requests", "Wait"),
        ("IDPCommunicationError", "x", "just now", "Wait"),
        ("RequestExpired", "x", "clock is wrong", "Set the clock"),
        ("NeverHeardOf", "what", "NeverHeardOf: what", "administrator"),
    ],
)
def test_each_refusal_says_what_happened_and_what_to_do(
    code: str, said: str, message: str, hint: str
) -> None:
    error = explain(Refusal(code, said), CALL, assertion())
    assert message in error.message
    assert hint in error.hint
    assert (error.code, error.exit_code) == (code, 8)


def test_a_provider_of_another_issuer_is_not_said_to_be_missing() -> None:
    refusal = Refusal("InvalidIdentityToken", "Issuer not present in specified provider")
    error = explain(refusal, CALL, assertion())
    assert "does not exist" not in error.message
    assert assertion().issuer in error.message
    assert ROLE.principal_arn in error.message


def test_what_sts_says_cannot_reach_the_terminal_raw() -> None:
    error = explain(Refusal("NeverHeardOf", "\x1b]0;evil\x07"), CALL, assertion())
    assert "\x1b" not in error.message


def role_in(partition: str) -> Role:
    return Role(
        f"arn:{partition}:iam::111111111111:role/Admin",
        f"arn:{partition}:iam::111111111111:saml-provider/Google",
    )


@pytest.mark.parametrize(
    ("partition", "wanted", "region"),
    [
        ("aws", None, "us-east-1"),
        ("aws", "eu-west-3", "eu-west-3"),
        ("aws", "cn-north-1", "us-east-1"),
        ("aws-us-gov", None, "us-gov-west-1"),
        ("aws-us-gov", "us-east-1", "us-gov-west-1"),
        ("aws-us-gov", "us-gov-east-1", "us-gov-east-1"),
        ("aws-cn", "cn-northwest-1", "cn-northwest-1"),
        ("aws-cn", "eu-west-1", "cn-north-1"),
        ("aws-iso", None, "us-iso-east-1"),
        ("aws-iso-b", "us-isob-east-1", "us-isob-east-1"),
        ("aws-moon", "moon-base-1", "moon-base-1"),
    ],
)
def test_the_region_is_one_of_the_roles_partition(
    partition: str, wanted: str | None, region: str
) -> None:
    assert region_for(role_in(partition), wanted) == region


def test_a_partition_nobody_knows_needs_a_region() -> None:
    with pytest.raises(SettingsError, match="aws-moon") as refused:
        region_for(role_in("aws-moon"), None)
    assert "-R" in refused.value.hint


OTHER = Role(
    "arn:aws:iam::222222222222:role/Reader", "arn:aws:iam::222222222222:saml-provider/Google"
)
BUSY = Refusal("Throttling", "Rate exceeded")
EXPIRED = Refusal("ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance")
NO = Refusal("AccessDenied", "no", 403)
HOUR = Duration(3600, promised=True)


def run_each(
    *script: object, orders: tuple[Order, ...] = (Order(ROLE), Order(OTHER)), in_time: bool = True
) -> Replay[tuple[Grant | SamlauthError, ...]]:
    return replay(assume_each(orders, RESPONSE, assertion(), lambda: in_time), *script)


def asked_for(played: Replay[tuple[Grant | SamlauthError, ...]]) -> list[tuple[Role, int]]:
    return [(call.role, call.duration_seconds) for call in played.calls]


def test_several_roles_are_asked_for_in_one_step() -> None:
    played = run_each((GIVEN, GIVEN), orders=(Order(ROLE, HOUR), Order(OTHER, HOUR)))
    assert played.result == (Grant(ROLE, GIVEN, 3600), Grant(OTHER, GIVEN, 3600))
    assert asked_for(played) == [(ROLE, 3600), (OTHER, 3600)]


def test_only_those_that_were_too_long_are_asked_for_again() -> None:
    played = run_each((TOO_LONG, GIVEN), (TOO_LONG,), (GIVEN,))
    assert played.result == (
        Grant(ROLE, GIVEN, 14400, refused_seconds=43200),
        Grant(OTHER, GIVEN, 43200),
    )
    assert asked_for(played) == [(ROLE, 43200), (OTHER, 43200), (ROLE, 28800), (ROLE, 14400)]


def test_each_order_has_its_own_duration_region_and_limit() -> None:
    orders = (Order(ROLE, HOUR, "eu-west-1"), Order(OTHER, learned=7200))
    played = run_each((TOO_LONG, GIVEN), orders=orders)
    assert [(call.region, call.duration_seconds) for call in played.calls] == [
        ("eu-west-1", 3600),
        ("us-east-1", 7200),
    ]
    refused, granted = played.result
    assert isinstance(refused, STSRefused) and "does not allow credentials of 1 h" in str(refused)
    assert isinstance(granted, Grant)


def test_a_refusal_and_a_lost_connection_leave_the_others_be() -> None:
    lost = NetworkError("gone")
    third = Order(Role(OTHER.role_arn + "2", OTHER.principal_arn))
    played = run_each((NO, GIVEN, Unmade(lost)), orders=(Order(ROLE), Order(OTHER), third))
    refused, granted, away = played.result
    assert isinstance(refused, STSRefused) and ROLE.role_arn in refused.message
    assert isinstance(granted, Grant)
    assert away is lost


def test_an_error_of_the_only_call_left_is_its_own() -> None:
    lost = NetworkError("gone")
    played = run_each((GIVEN, TOO_LONG), lost)
    assert played.result == (Grant(ROLE, GIVEN, 43200), lost)


def test_what_was_throttled_waits_for_the_rest_and_comes_again_after_a_pause() -> None:
    played = run_each((BUSY, TOO_LONG), (GIVEN,), None, (GIVEN,))
    assert asked_for(played) == [(ROLE, 43200), (OTHER, 43200), (OTHER, 28800), (ROLE, 43200)]
    assert [wait.seconds for wait in played.waits] == [2]
    assert all(isinstance(result, Grant) for result in played.result)


def test_throttling_that_does_not_end_is_a_refusal_in_the_end() -> None:
    busy = (BUSY, BUSY)
    played = run_each(busy, None, busy, None, busy, None, busy)
    assert [wait.seconds for wait in played.waits] == [2, 5, 10]
    assert all(
        isinstance(result, STSRefused) and "limiting requests" in result.message
        for result in played.result
    )


def test_a_response_that_grows_too_old_is_not_waited_with() -> None:
    played = run_each((BUSY, GIVEN), in_time=False)
    assert played.waits == []
    assert isinstance(played.result[0], STSRefused) and isinstance(played.result[1], Grant)


class Ages:
    """A response that is in time as often as it is said to be, and the sign-ins that renew it."""

    def __init__(self, *in_time: bool, error: SamlauthError | None = None) -> None:
        self._in_time = list(in_time)
        self._error = error
        self.renewed = 0

    def in_time(self) -> bool:
        return self._in_time.pop(0)

    def renew(self) -> Flow[SAMLResponse]:
        self.renewed += 1
        yield from tell("signing in again")
        if self._error:
            raise self._error
        return SAMLResponse(f"{self.renewed:04}", RESPONSE.acs)

    def run(self, *script: object) -> Replay[tuple[Grant | SamlauthError, ...]]:
        orders = (Order(ROLE), Order(OTHER))
        flow = assume_each(orders, RESPONSE, assertion(), self.in_time, self.renew)
        played = replay(flow, *script)
        assert not self._in_time
        return played


def sent(played: Replay[tuple[Grant | SamlauthError, ...]]) -> list[tuple[str, int]]:
    """The response of each call, and its duration."""
    return [(call.saml_response.base64, call.duration_seconds) for call in played.calls]


def test_a_response_that_grew_too_old_while_stepping_down_is_renewed() -> None:
    # Asked before each round, and after it.
    ages = Ages(True, True, False, True, True, True)
    played = ages.run((TOO_LONG, GIVEN), (TOO_LONG,), (GIVEN,))
    old = RESPONSE.base64
    assert sent(played) == [(old, 43200), (old, 43200), ("0001", 28800), ("0001", 14400)]
    assert [line.text for line in played.told] == ["signing in again"]
    assert all(isinstance(result, Grant) for result in played.result)


def test_what_came_too_late_comes_once_more() -> None:
    ages = Ages(True, False, False, True)
    played = ages.run((EXPIRED, GIVEN), (GIVEN,))
    assert sent(played)[-1] == ("0001", 43200)
    assert all(isinstance(result, Grant) for result in played.result)


def test_and_only_once() -> None:
    ages = Ages(True, False, False, False)
    played = ages.run((EXPIRED, GIVEN), (EXPIRED,))
    refused, granted = played.result
    assert isinstance(refused, STSRefused) and "too old for AWS" in refused.message
    assert isinstance(granted, Grant)
    assert ages.renewed == 1


def test_a_clock_that_is_wrong_is_not_signed_in_for_again() -> None:
    played = Ages(True, True).run((EXPIRED, EXPIRED))
    assert all(isinstance(result, STSRefused) for result in played.result)


def test_a_response_that_cannot_be_renewed_leaves_those_be_that_are_had() -> None:
    lost = NetworkError("gone")
    played = Ages(True, True, False, error=lost).run((GIVEN, TOO_LONG))
    assert played.result == (Grant(ROLE, GIVEN, 43200), lost)


def test_one_that_is_too_old_and_not_ours_to_renew_is_said_to_be() -> None:
    played = run_each((TOO_LONG, EXPIRED), (EXPIRED,), in_time=False)
    assert all(
        isinstance(result, STSRefused) and "too old for AWS" in result.message
        for result in played.result
    )


def test_throttling_goes_on_with_a_new_response() -> None:
    ages = Ages(True, True, False, True)
    played = ages.run((BUSY, GIVEN), None, (GIVEN,))
    assert [wait.seconds for wait in played.waits] == [2]
    assert sent(played)[-1] == ("0001", 43200)


def test_a_role_of_an_unknown_partition_is_not_asked_for() -> None:
    far = Role("arn:aws-far:iam::1:role/x", "arn:aws-far:iam::1:saml-provider/G")
    played = run_each((GIVEN,), orders=(Order(far), Order(ROLE)))
    assert isinstance(played.result[0], SettingsError)
    assert [call.role for call in played.calls] == [ROLE]
