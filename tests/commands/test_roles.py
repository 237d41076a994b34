"""The roles that are offered: which names are looked up, and how they are shown."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

from lxml import etree

from samlauth import sources
from samlauth.commands.roles import Offer, as_json, as_table, offered
from samlauth.errors import NetworkError
from samlauth.flow import Page
from samlauth.saml import Role, SAMLResponse
from samlauth.sandbox.assertions import Statement
from samlauth.sources import Settings
from samlauth.testing import replay

ACS = "https://signin.aws.amazon.com/saml"
DEV, PROD = "111111111111", "222222222222"
NAMES = (
    '<div class="saml-account-name">Account: dev (111111111111)</div>'
    '<div class="saml-account-name">Account: 222222222222</div>'
)


def role(account: str, name: str = "Admin") -> Role:
    return Role(f"arn:aws:iam::{account}:role/{name}", f"arn:aws:iam::{account}:saml-provider/G")


def response(*roles: Role) -> SAMLResponse:
    values = tuple(f"{one.role_arn},{one.principal_arn}" for one in roles)
    said = Statement("https://idp.example", "ada", values, datetime.now(UTC), "ada").response()
    return SAMLResponse(base64.b64encode(etree.tostring(said)).decode(), ACS)


def wanted(**more: str) -> Settings:
    """Settings with which the person signs in in the browser."""
    return sources.resolve({"url": "https://idp.example/aws", **more}, {}, {})


OFFER = Offer((role(DEV), role(PROD, "Longer")), {DEV: "d\x1b[1mv", PROD: ""})


def test_a_table_any_tool_can_cut() -> None:
    assert as_table(OFFER).splitlines() == [
        rf"{DEV}  d\x1b[1mv  {role(DEV).role_arn}   {role(DEV).principal_arn}",
        f"{PROD}  -          arn:aws:iam::{PROD}:role/Longer  {role(PROD).principal_arn}",
    ]


def test_the_roles_of_an_account_are_together_and_fit_a_screen() -> None:
    offer = Offer((role(PROD, "B"), role(DEV), role(PROD, "A")), {})
    assert as_table(offer, 58).splitlines() == [
        *(f"{DEV}  -  {role(DEV).role_arn}", f"  {role(DEV).principal_arn}"),
        *(f"{PROD}  -  {role(PROD, 'A').role_arn}", f"  {role(PROD).principal_arn}"),
        *(f"{PROD}  -  {role(PROD, 'B').role_arn}", f"  {role(PROD).principal_arn}"),
    ]


def test_an_array_of_objects() -> None:
    first, second = json.loads(as_json(OFFER))
    assert first == {
        "account": DEV,
        "account_name": "d\x1b[1mv",
        "role_arn": role(DEV).role_arn,
        "principal_arn": role(DEV).principal_arn,
    }
    assert second["account_name"] is None


def test_names_that_are_not_known_are_looked_up_once() -> None:
    both = response(role(DEV), role(PROD))
    run = replay(offered(wanted(), {}), both, Page(ACS, 200, NAMES))
    assert run.result.roles == (role(DEV), role(PROD))
    assert run.result.names == run.result.learnt == {DEV: "dev", PROD: ""}
    again = replay(offered(wanted(), run.result.names), both)
    assert (again.requests, again.result.learnt) == ([], {})
    assert again.result.names == run.result.names


def test_names_are_not_looked_up_where_nobody_wants_them_or_it_would_sign_in() -> None:
    for values, roles in (
        (wanted(resolve_aliases="false"), (role(DEV), role(PROD))),
        (wanted(), (role(DEV),)),
    ):
        run = replay(offered(values, {}), response(*roles))
        assert run.requests == []
        assert run.result.roles == roles


def test_roles_without_names_are_roles_all_the_same() -> None:
    both = response(role(DEV), role(PROD))
    run = replay(offered(wanted(), {DEV: "dev"}), both, NetworkError("down"))
    assert run.result == Offer((role(DEV), role(PROD)), {DEV: "dev"})
