import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from samlauth.challenges import ChooseRoles
from samlauth.errors import (
    AssertionRefused,
    NetworkError,
    NobodyToAsk,
    NoSuchRole,
    STSRefused,
)
from samlauth.flow import Browse, Credentials, Flow, Page, Refusal, Request, fetch
from samlauth.login import Age, Choice, Known, SignedIn, Wanted, choose, login, naming
from samlauth.reach import Origin, Reach
from samlauth.saml import Role, SAMLResponse, read_assertion
from samlauth.testing import Replay, replay

NOTHING_WANTED, NOTHING_KNOWN = Wanted(), Known()
GIVEN = Credentials("ASIAEXAMPLE", "secret", "token", datetime(2026, 11, 21, 21, tzinfo=UTC))
TOO_LONG = Refusal("ValidationError", "DurationSeconds exceeds the MaxSessionDuration")


def role(name: str, account: str = "111111111111", provider: str = "Google") -> Role:
    return Role(
        f"arn:aws:iam::{account}:role/{name}", f"arn:aws:iam::{account}:saml-provider/{provider}"
    )


ONE, TWO, THREE = "111111111111", "222222222222", "333333333333"
ADMIN, READER, OTHER = role("Admin"), role("Reader"), role("Admin", TWO)
OFFERED = (ADMIN, READER, OTHER)
NAMES = {ONE: "production", TWO: "staging"}
NAMED = Known(aliases=NAMES)
ACS = "https://signin.aws.amazon.com/saml"


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
    in_browser = Browse("https://idp.example/start", "idp ada")

    def sign_in(self) -> Flow[SAMLResponse]:
        page = yield from fetch(Request("https://idp.example/start"))
        return SAMLResponse(page.body, ACS)


def page(*roles: Role) -> Page:
    return Page("https://idp.example/start", 200, response(*roles))


def shown(names: dict[str, str]) -> Page:
    """AWS's own list of roles; an account without a name is listed by its id."""
    labels = [f"{name} ({account})" if name else account for account, name in names.items()]
    data = json.dumps({"roles_accounts": dict.fromkeys(labels, ())}).encode()
    body = f'<meta name="data" content="{base64.b64encode(data).decode()}">'
    return Page(ACS, 200, body)


def choice(
    wanted: Wanted, *script: object, known: Known = NAMED, offered: tuple[Role, ...] = OFFERED
) -> Replay[Choice]:
    return replay(choose(SAMLResponse(response(*offered), ACS), offered, wanted, known), *script)


def clock(*minutes: float) -> Iterator[datetime]:
    for minute in minutes:
        yield datetime(2026, 11, 21, 9, tzinfo=UTC) + timedelta(minutes=minute)


def flow(
    wanted: Wanted = NOTHING_WANTED,
    known: Known = NOTHING_KNOWN,
    minutes: tuple[float, ...] = (0, 0),
) -> Flow[SignedIn]:
    return login(Provider(), wanted, known, clock(*minutes).__next__)


def test_a_response_is_as_old_as_the_last_sign_in() -> None:
    times = clock(4, 4.1, 5, 9, 9.1)
    age = Age(Provider(), times.__next__, next(clock(0)))
    assert [age.in_time(), age.in_time()] == [True, False]
    played = replay(age.renewed(), page(ADMIN))
    assert played.result == SAMLResponse(response(ADMIN), ACS)
    assert "signing in again" in played.told[0].text
    assert [age.in_time(), age.in_time()] == [True, False]


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
    assert "Admin does not allow 12 h: asked for 1 h instead" in played.told[-2].text


def test_a_learnt_duration_is_where_the_next_login_starts() -> None:
    played = replay(flow(known=Known({ADMIN.role_arn: 3600})), page(ADMIN), (GIVEN,))
    assert [call.duration_seconds for call in played.calls] == [3600]
    assert played.result.durations == {}


def test_an_assertion_left_lying_is_fetched_anew_before_sts_sees_it() -> None:
    played = replay(
        flow(minutes=(0, 4.5, 4.6)),
        page(ADMIN, READER),
        shown(NAMES),
        (READER,),
        page(ADMIN, READER, OTHER),
        (GIVEN,),
    )
    assert played.result.grants[0].role == READER
    assert played.calls[0].saml_response.base64 == response(ADMIN, READER, OTHER)


OLD = Refusal("ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance")


def test_a_response_that_was_too_old_for_aws_is_fetched_anew_once() -> None:
    played = replay(flow(minutes=(0, 0, 1)), page(ADMIN), (OLD,), page(ADMIN, READER), (GIVEN,))
    assert played.result.grants[0].credentials == GIVEN
    sent = [call.saml_response.base64 for call in played.calls]
    assert sent == [response(ADMIN), response(ADMIN, READER)]
    assert "too old for AWS" in played.told[0].text
    assert not played.told[0].quiet


@pytest.mark.parametrize("minutes", [(0, 0, 1), (0, 4.5, 4.6)])
def test_but_no_more_than_once(minutes: tuple[float, ...]) -> None:
    first = [(OLD,)] if minutes[1] == 0 else []
    played = replay(
        flow(minutes=minutes), page(ADMIN), *first, page(ADMIN), (OLD,), raises=STSRefused
    )
    assert len(played.requests) == 2


def test_where_nobody_is_left_to_sign_in_again_the_first_refusal_stands() -> None:
    played = replay(
        flow(minutes=(0, 0, 1)), page(ADMIN), (OLD,), NobodyToAsk("no terminal"), raises=STSRefused
    )
    assert "clock" in played.result.hint


def test_a_role_that_the_new_response_does_not_offer_is_not_sent_to_sts() -> None:
    played = replay(flow(minutes=(0, 0, 1)), page(ADMIN), (OLD,), page(READER), raises=NoSuchRole)
    assert len(played.calls) == 1


def test_a_list_left_open_costs_a_second_sign_in_and_no_second_look_at_the_names() -> None:
    played = replay(
        flow(minutes=(0, 4.1, 4.2)),
        page(*OFFERED),
        shown(NAMES),
        (READER,),
        page(*OFFERED, role("New")),
        (GIVEN,),
    )
    assert [request.url for request in played.requests] == [
        "https://idp.example/start",
        ACS,
        "https://idp.example/start",
    ]
    assert played.calls[0].saml_response.base64 == response(*OFFERED, role("New"))
    assert played.result.aliases == NAMES


def test_a_choice_made_in_time_uses_the_response_at_hand() -> None:
    played = replay(flow(NOTHING_WANTED, NAMED, (0, 3.9)), page(*OFFERED), (READER,), (GIVEN,))
    assert played.calls[0].saml_response.base64 == response(*OFFERED)


def test_a_role_taken_away_while_the_list_was_open_is_not_sent_to_sts() -> None:
    with pytest.raises(NoSuchRole, match="Reader was taken away"):
        replay(
            flow(NOTHING_WANTED, NAMED, (0, 10, 10.1)),
            page(*OFFERED),
            (READER,),
            page(ADMIN, OTHER),
        )


def test_names_are_asked_for_under_aws_own_reach() -> None:
    played = replay(flow(), page(*OFFERED), shown(NAMES), (READER,), (GIVEN,))
    assert [request.reach for request in played.requests] == [
        Provider.reach,
        Reach(Origin("signin.aws.amazon.com")),
    ]


def test_several_roles_are_asked_about_with_all_that_is_known_of_them() -> None:
    known = Known(aliases={**NAMES, THREE: "gone"}, recent=(OTHER.role_arn,))
    played = choice(Wanted(), (READER,), known=known)
    assert played.challenges == [ChooseRoles(OFFERED, NAMES, (OTHER.role_arn,))]
    assert played.requests == []
    assert played.result == Choice((READER,))


@pytest.mark.parametrize("aliases", [{}, {ONE: "production"}, {THREE: "other"}])
def test_one_unknown_name_is_enough_to_ask_aws_for_all(aliases: dict[str, str]) -> None:
    played = choice(
        Wanted(),
        shown({TWO: "staging", ONE: "new-name", THREE: "other"}),
        (READER,),
        known=Known(aliases=aliases),
    )
    assert played.challenges == [ChooseRoles(OFFERED, {ONE: "new-name", TWO: "staging"})]
    assert played.result == Choice((READER,), {ONE: "new-name", TWO: "staging"})


def test_an_account_without_a_name_is_remembered_as_such_and_shown_by_its_id() -> None:
    played = choice(Wanted(), shown({ONE: ""}), (READER,), known=NOTHING_KNOWN)
    assert played.result.aliases == {ONE: "", TWO: ""}
    assert played.challenges == [ChooseRoles(OFFERED)]
    again = choice(Wanted(), (READER,), known=Known(aliases=played.result.aliases))
    assert again.requests == []


def test_names_that_cannot_be_had_leave_those_that_are_known() -> None:
    known = Known(aliases={ONE: "production"})
    played = choice(Wanted(), NetworkError("too slow"), (READER,), known=known)
    assert played.challenges == [ChooseRoles(OFFERED, {ONE: "production"})]
    assert played.result == Choice((READER,))


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(role=READER.role_arn),
        Wanted(remembered=READER.role_arn),
        Wanted(account=ONE, role="Reader"),
        Wanted(account=ONE, remembered=READER.role_arn),
    ],
)
def test_no_name_is_asked_for_when_nobody_will_read_it(wanted: Wanted) -> None:
    played = choice(wanted, known=NOTHING_KNOWN)
    assert (played.requests, played.result) == ([], Choice((READER,)))


def test_names_can_be_switched_off() -> None:
    played = choice(Wanted(resolve_aliases=False), (READER,))
    assert played.challenges == [ChooseRoles(OFFERED)]
    played = choice(Wanted(resolve_aliases=False), (READER,), known=NOTHING_KNOWN)
    assert played.requests == []


def test_only_the_accounts_to_choose_from_need_a_name() -> None:
    known = Known(aliases={ONE: "production"})
    played = choice(Wanted(account=ONE), (READER,), known=known)
    assert played.challenges == [ChooseRoles((ADMIN, READER), {ONE: "production"})]


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
    assert choice(Wanted(role=text)).result.roles == (chosen,)


def test_a_name_that_two_accounts_have_is_asked_about_among_those() -> None:
    played = choice(Wanted(role="Admin"), (OTHER,))
    assert played.challenges == [ChooseRoles((ADMIN, OTHER), NAMES)]


@pytest.mark.parametrize(
    "text", ["admin", "Nobody", "arn:aws:iam::111111111111:role/Nobody", "Read"]
)
def test_a_role_that_is_not_offered_ends_with_the_list_of_those_that_are(text: str) -> None:
    with pytest.raises(NoSuchRole, match=text) as refused:
        choice(Wanted(role=text))
    assert all(role.role_arn in refused.value.hint for role in OFFERED)
    assert refused.value.exit_code == 7


def test_an_account_narrows_the_choice() -> None:
    played = choice(Wanted(account=ONE), (ADMIN,))
    assert played.challenges == [ChooseRoles((ADMIN, READER), NAMES)]
    assert choice(Wanted(account=TWO)).result.roles == (OTHER,)


@pytest.mark.parametrize("text", ["staging", "STAGING", "tag"])
@pytest.mark.parametrize("name", ["staging", "Staging"])
def test_an_account_can_be_given_by_its_name_or_a_part_that_no_other_has(
    text: str, name: str
) -> None:
    known = Known(aliases={**NAMES, TWO: name})
    assert choice(Wanted(account=text), known=known).result.roles == (OTHER,)


def test_a_whole_name_goes_before_a_part() -> None:
    known = Known(aliases={ONE: "production-eu", TWO: "production"})
    assert choice(Wanted(account="Production"), known=known).result.roles == (OTHER,)


def test_a_part_of_two_names_ends_with_both() -> None:
    known = Known(aliases={ONE: "team-a", TWO: "team-b"})
    with pytest.raises(NoSuchRole, match="team is part of the names of 2") as refused:
        choice(Wanted(account="team"), known=known)
    assert "111111111111 (team-a), 222222222222 (team-b)" in refused.value.hint


def test_a_part_of_a_known_name_is_not_taken_while_another_could_be_meant() -> None:
    known = Known(aliases={ONE: "production-eu"})
    page = shown({ONE: "production-eu", TWO: "production"})
    assert choice(Wanted(account="production"), page, known=known).result.roles == (OTHER,)


@pytest.mark.parametrize("resolve", [True, False])
def test_a_name_not_known_yet_is_looked_up_whatever_the_person_is_to_see(resolve: bool) -> None:
    wanted = Wanted(account="staging", resolve_aliases=resolve)
    played = choice(wanted, shown(NAMES), known=NOTHING_KNOWN)
    assert played.result == Choice((OTHER,), NAMES)
    wanted = Wanted(account="production", remembered=READER.role_arn, resolve_aliases=resolve)
    played = choice(wanted, shown(NAMES), known=NOTHING_KNOWN)
    assert played.result == Choice((READER,), NAMES)


def test_a_name_that_is_new_is_found_although_the_old_one_is_known() -> None:
    known = Known(aliases={ONE: "production", TWO: "test"})
    played = choice(Wanted(account="staging"), shown(NAMES), known=known)
    assert played.result == Choice((OTHER,), NAMES)


def test_a_role_of_another_account_than_the_one_named_is_said_to_be_that() -> None:
    with pytest.raises(NoSuchRole, match="offered to you, but not in the account") as refused:
        choice(Wanted(account=TWO, role="Reader"))
    assert OTHER.role_arn in refused.value.hint
    assert READER.role_arn not in refused.value.hint


def test_aws_is_asked_once_only() -> None:
    with pytest.raises(NoSuchRole):
        choice(Wanted(account="nowhere"), shown(NAMES), known=NOTHING_KNOWN)
    played = choice(
        Wanted(account="prod"), shown({ONE: "production"}), (ADMIN,), known=NOTHING_KNOWN
    )
    assert len(played.requests) == 1


@pytest.mark.parametrize("account", [THREE, "nowhere"])
def test_an_account_without_a_role_ends_with_those_that_have_one(account: str) -> None:
    script = [] if account == THREE else [shown(NAMES)]
    with pytest.raises(NoSuchRole, match=account) as refused:
        choice(Wanted(account=account), *script)
    assert refused.value.hint == (
        "You have roles in: 111111111111 (production), 222222222222 (staging)."
    )


def test_names_that_cannot_be_had_are_said_to_be_the_reason() -> None:
    with pytest.raises(NoSuchRole, match="production") as refused:
        choice(Wanted(account="production"), NetworkError("too slow"), known=NOTHING_KNOWN)
    assert "111111111111, 222222222222. AWS gave no names" in refused.value.hint
    with pytest.raises(NoSuchRole, match=THREE) as refused:
        choice(Wanted(account=THREE), known=NOTHING_KNOWN)
    assert refused.value.hint == "You have roles in: 111111111111, 222222222222."


def test_the_remembered_role_is_used_and_said() -> None:
    played = choice(Wanted(remembered=READER.role_arn))
    assert played.result.roles == (READER,)
    assert "remembered; -a chooses again" in played.told[0].text


def test_the_remembered_role_is_not_used_outside_the_account() -> None:
    wanted = Wanted(remembered=READER.role_arn, account="222222222222")
    played = choice(wanted)
    assert played.result.roles == (OTHER,)
    assert played.told == []


def test_a_remembered_role_that_is_gone_is_asked_for_again_even_when_one_is_left() -> None:
    wanted = Wanted(remembered=READER.role_arn)
    played = choice(wanted, (ADMIN,), known=NOTHING_KNOWN, offered=(ADMIN,))
    assert played.challenges == [ChooseRoles((ADMIN,))]
    assert played.requests == []
    assert "no longer offered" in played.told[0].text


def test_a_remembered_role_that_is_gone_ends_it_where_nobody_can_be_asked() -> None:
    with pytest.raises(NoSuchRole) as refused:
        choice(
            Wanted(remembered=READER.role_arn), NobodyToAsk("no terminal"), offered=(ADMIN, OTHER)
        )
    assert ADMIN.role_arn in refused.value.hint


def test_a_choice_without_a_terminal_names_the_flag_and_the_roles() -> None:
    with pytest.raises(NobodyToAsk, match="3 roles") as refused:
        choice(Wanted(), NobodyToAsk("no terminal"))
    assert "-r" in refused.value.hint
    assert READER.role_arn in refused.value.hint
    assert refused.value.exit_code == 6


def test_one_role_through_two_providers_is_named_by_both_arns() -> None:
    twin = Role(ADMIN.role_arn, ADMIN.principal_arn + "2")
    offered = (ADMIN, twin)
    played = choice(Wanted(role=ADMIN.role_arn), (twin,), offered=offered)
    assert played.challenges == [ChooseRoles(offered, {ONE: "production"})]
    text = naming(twin, read_assertion(SAMLResponse(response(*offered), ACS)))
    assert choice(Wanted(remembered=text), offered=offered).result.roles == (twin,)
    two = read_assertion(SAMLResponse(response(ADMIN, READER), ACS))
    assert naming(ADMIN, two) == ADMIN.role_arn


LOCKED = "<Response><EncryptedAssertion/></Response>"


def locked() -> Page:
    """What only AWS can read."""
    encoded = base64.b64encode(LOCKED.encode()).decode()
    return Page("https://idp.example/start", 200, encoded)


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("source", ["role", "remembered"])
def test_an_encrypted_response_gives_the_role_that_is_named_with_its_provider(
    source: str, *, swapped: bool
) -> None:
    both = [READER.role_arn, READER.principal_arn]
    text = " , ".join(reversed(both) if swapped else both)
    wanted = Wanted(role=text) if source == "role" else Wanted(remembered=text)
    played = replay(flow(wanted), locked(), (GIVEN,))
    (grant,) = played.result.grants
    assert grant.role == READER
    assert played.calls[0].saml_response.base64 == locked().body
    assert played.challenges == []
    # Its ARN alone would be of no use the next time.
    assert naming(READER, played.result.assertion) == ",".join(both)
    told = [line.text for line in played.told]
    assert told[-1] == f"Assuming {READER.role_arn}"


@pytest.mark.parametrize("text", [None, READER.role_arn, "Reader", f"{READER.role_arn},Reader"])
def test_and_none_where_the_provider_is_not(text: str | None) -> None:
    played = replay(flow(Wanted(role=text)), locked(), raises=AssertionRefused)
    assert "encrypted" in played.result.message
    assert "-r " in played.result.hint


def test_an_encrypted_response_that_is_too_old_is_fetched_anew() -> None:
    wanted = Wanted(role=f"{READER.role_arn},{READER.principal_arn}")
    script = locked(), (OLD,), locked(), (GIVEN,)
    played = replay(flow(wanted, minutes=(0, 0, 1)), *script)
    assert [call.role for call in played.calls] == [READER, READER]


def test_the_notes_are_shown_by_the_accounts_ids_and_names() -> None:
    notes = {ONE: "by id", NAMES[TWO].lower(): "by name", NAMES[ONE].lower(): "less", "x": "other"}
    played = choice(Wanted(notes=notes), (READER,))
    (asked,) = played.challenges
    assert isinstance(asked, ChooseRoles)
    assert asked.notes == {ONE: "by id", TWO: "by name"}
