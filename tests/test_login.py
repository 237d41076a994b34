import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from samlauth.challenges import ChooseRoles
from samlauth.errors import NobodyToAsk, NoSuchRole, STSRefused
from samlauth.flow import Credentials, Flow, Page, Refusal, Request, fetch
from samlauth.login import Known, SignedIn, Wanted, choose, login, naming
from samlauth.reach import Origin, Reach
from samlauth.saml import Role, SAMLResponse
from samlauth.testing import replay

NOTHING_WANTED, NOTHING_KNOWN = Wanted(), Known()
GIVEN = Credentials("ASIAEXAMPLE", "secret", "token", datetime(2026, 11, 21, 21, tzinfo=UTC))
TOO_LONG = Refusal("ValidationError", "DurationSeconds exceeds the MaxSessionDuration")


def role(name: str, account: str = "111111111111", provider: str = "Google") -> Role:
    return Role(
        f"arn:aws:iam::{account}:role/{name}", f"arn:aws:iam::{account}:saml-provider/{provider}"
    )


ADMIN, READER, OTHER = role("Admin"), role("Reader"), role("Admin", "222222222222")
OFFERED = (ADMIN, READER, OTHER)


def response(*roles: Role) -> str:
    values = "".join(
        f"<AttributeValue>{role.role_arn},{role.principal_arn}</AttributeValue>" for role in roles
    )
    xml = (
        "<Response><Assertion><AttributeStatement>"
        f'<Attribute Name="https://aws.amazon.com/SAML/Attributes/Role">{values}</Attribute>'
        "</AttributeStatement></Assertion></Response>"
    )
    return base64.b64encode(xml.encode()).decode()


class Provider:
    """Hands over what its one page holds."""

    reach = Reach(Origin("idp.example"))

    def sign_in(self) -> Flow[SAMLResponse]:
        page = yield from fetch(Request("https://idp.example/start"))
        return SAMLResponse(page.body, "https://signin.aws.amazon.com/saml")


def page(*roles: Role) -> Page:
    return Page("https://idp.example/start", 200, response(*roles))


def clock(*minutes: float) -> Iterator[datetime]:
    for minute in minutes:
        yield datetime(2026, 11, 21, 9, tzinfo=UTC) + timedelta(minutes=minute)


def flow(
    wanted: Wanted = NOTHING_WANTED,
    known: Known = NOTHING_KNOWN,
    minutes: tuple[float, ...] = (0, 0),
) -> Flow[SignedIn]:
    return login(Provider(), wanted, known, clock(*minutes).__next__)


def test_one_role_is_taken_without_asking() -> None:
    played = replay(flow(), page(ADMIN), (GIVEN,))
    (grant,) = played.result.grants
    assert (grant.role, grant.credentials) == (ADMIN, GIVEN)
    assert played.challenges == []
    assert [line.text for line in played.told] == [f"Assuming {ADMIN.role_arn}"]


def test_the_request_is_stamped_with_the_providers_reach() -> None:
    played = replay(flow(), page(ADMIN), (GIVEN,))
    assert [request.reach for request in played.requests] == [Provider.reach]


def test_assuming_is_said_only_once_it_is_true() -> None:
    with pytest.raises(STSRefused):
        replay(flow(), page(ADMIN), (Refusal("AccessDenied", "no", 403),))


def test_a_shorter_duration_is_said_in_one_line_and_learnt() -> None:
    played = replay(
        flow(), page(ADMIN), (TOO_LONG,), (TOO_LONG,), (TOO_LONG,), (TOO_LONG,), (GIVEN,)
    )
    assert played.result.durations == {ADMIN.role_arn: 3600}
    assert "Admin does not allow 12 h: asked for 1 h instead" in played.told[-1].text


def test_a_learnt_duration_is_where_the_next_login_starts() -> None:
    played = replay(flow(known=Known({ADMIN.role_arn: 3600})), page(ADMIN), (GIVEN,))
    assert [call.duration_seconds for call in played.calls] == [3600]
    assert played.result.durations == {}


def test_an_assertion_left_lying_is_fetched_anew_before_sts_sees_it() -> None:
    played = replay(
        flow(minutes=(0, 4.5, 4.6)),
        page(ADMIN, READER),
        (READER,),
        page(ADMIN, READER, OTHER),
        (GIVEN,),
    )
    assert played.result.grants[0].role == READER
    assert played.calls[0].saml_response.base64 == response(ADMIN, READER, OTHER)


def test_several_roles_are_asked_about() -> None:
    played = replay(choose(OFFERED, Wanted()), (READER,))
    assert played.challenges == [ChooseRoles(OFFERED)]
    assert played.result == (READER,)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        (ADMIN.role_arn, ADMIN),
        (OTHER.role_arn, OTHER),
        ("Reader", READER),
        (f"{OTHER.principal_arn},{OTHER.role_arn}", OTHER),
    ],
)
def test_a_role_can_be_named(text: str, chosen: Role) -> None:
    assert replay(choose(OFFERED, Wanted(role=text))).result == (chosen,)


def test_a_name_that_two_accounts_have_is_asked_about_among_those() -> None:
    played = replay(choose(OFFERED, Wanted(role="Admin")), (OTHER,))
    assert played.challenges == [ChooseRoles((ADMIN, OTHER))]


@pytest.mark.parametrize(
    "text", ["admin", "Nobody", "arn:aws:iam::111111111111:role/Nobody", "Read"]
)
def test_a_role_that_is_not_offered_ends_with_the_list_of_those_that_are(text: str) -> None:
    with pytest.raises(NoSuchRole, match=text) as refused:
        replay(choose(OFFERED, Wanted(role=text)))
    assert all(role.role_arn in refused.value.hint for role in OFFERED)
    assert refused.value.exit_code == 7


def test_an_account_narrows_the_choice() -> None:
    played = replay(choose(OFFERED, Wanted(account="111111111111")), (ADMIN,))
    assert played.challenges == [ChooseRoles((ADMIN, READER))]
    assert replay(choose(OFFERED, Wanted(account="222222222222"))).result == (OTHER,)


def test_an_account_without_a_role_ends_with_those_that_have_one() -> None:
    with pytest.raises(NoSuchRole, match="333333333333") as refused:
        replay(choose(OFFERED, Wanted(account="333333333333")))
    assert "111111111111, 222222222222" in refused.value.hint


def test_the_remembered_role_is_used_and_said() -> None:
    played = replay(choose(OFFERED, Wanted(remembered=READER.role_arn)))
    assert played.result == (READER,)
    assert "remembered; -a chooses again" in played.told[0].text


def test_the_remembered_role_is_not_used_outside_the_account() -> None:
    wanted = Wanted(remembered=READER.role_arn, account="222222222222")
    played = replay(choose(OFFERED, wanted))
    assert played.result == (OTHER,)
    assert played.told == []


def test_a_remembered_role_that_is_gone_is_asked_for_again_even_when_one_is_left() -> None:
    played = replay(choose((ADMIN,), Wanted(remembered=READER.role_arn)), (ADMIN,))
    assert played.challenges == [ChooseRoles((ADMIN,))]
    assert "no longer offered" in played.told[0].text


def test_a_remembered_role_that_is_gone_ends_it_where_nobody_can_be_asked() -> None:
    with pytest.raises(NoSuchRole) as refused:
        replay(
            choose((ADMIN, OTHER), Wanted(remembered=READER.role_arn)), NobodyToAsk("no terminal")
        )
    assert ADMIN.role_arn in refused.value.hint


def test_a_choice_without_a_terminal_names_the_flag_and_the_roles() -> None:
    with pytest.raises(NobodyToAsk, match="3 roles") as refused:
        replay(choose(OFFERED, Wanted()), NobodyToAsk("no terminal"))
    assert "-r" in refused.value.hint
    assert READER.role_arn in refused.value.hint
    assert refused.value.exit_code == 6


def test_one_role_through_two_providers_is_named_by_both_arns() -> None:
    twin = Role(ADMIN.role_arn, ADMIN.principal_arn + "2")
    offered = (ADMIN, twin)
    played = replay(choose(offered, Wanted(role=ADMIN.role_arn)), (twin,))
    assert played.challenges == [ChooseRoles(offered)]
    text = naming(twin, offered)
    assert replay(choose(offered, Wanted(remembered=text))).result == (twin,)
    assert naming(ADMIN, (ADMIN, READER)) == ADMIN.role_arn
