"""Which role goes to which profile, settled before STS is asked."""

import pytest

from samlauth.batch import named, the_role
from samlauth.errors import NoSuchRole, SettingsError
from samlauth.login import Accounts
from samlauth.saml import Role, SAMLResponse
from samlauth.testing import replay

ONE, TWO = "111111111111", "222222222222"


def role(name: str, account: str = ONE) -> Role:
    return Role(
        f"arn:aws:iam::{account}:role/{name}", f"arn:aws:iam::{account}:saml-provider/Google"
    )


ADMIN, READER, OTHER = role("Admin"), role("team/Reader"), role("Admin", TWO)
NAMES = {ONE: "dev", TWO: "prod"}


def test_a_template_names_a_profile_for_each_role() -> None:
    found = named((ADMIN, READER, OTHER), NAMES, "{alias}-{role}")
    assert found.roles == {"dev-Admin": ADMIN, "dev-Reader": READER, "prod-Admin": OTHER}
    assert found.refused == ()
    assert list(named((OTHER,), {}, "{account}/{role}").roles) == [f"{TWO}/Admin"]


@pytest.mark.parametrize("names", [{ONE: "dev"}, {ONE: "dev", TWO: ""}])
def test_an_account_without_a_name_is_not_called_otherwise(names: dict[str, str]) -> None:
    found = named((ADMIN, OTHER), names, "{alias}-{role}")
    assert found.roles == {"dev-Admin": ADMIN}
    ((refused, error),) = found.refused
    assert refused == OTHER
    assert TWO in error.message and "{account}" in error.hint


def test_an_impossible_name_fails_that_role_alone() -> None:
    long = role("x" * 64)
    found = named((ADMIN, long), NAMES, "{alias}-{role}")
    assert list(found.roles) == ["dev-Admin"]
    ((refused, error),) = found.refused
    assert refused == long
    assert "64 are the most" in error.message and "--profile-name" in error.hint


@pytest.mark.parametrize(
    ("roles", "template"),
    [
        ((ADMIN, OTHER), "{role}"),
        ((ADMIN, READER), "{alias}"),
        ((ADMIN, OTHER), "everything"),
        ((READER, role("Reader")), "{alias}-{role}"),
    ],
)
def test_two_roles_of_one_profile_are_refused_by_both_names(
    roles: tuple[Role, Role], template: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        named(roles, NAMES, template)
    assert all(role.role_arn in caught.value.message for role in roles)


def meant(text: str | None, account: str | None = None, *offered: Role) -> Role:
    roles = offered or (ADMIN, READER, OTHER)
    accounts = Accounts(SAMLResponse("", ""), {ONE, TWO}, NAMES)
    return replay(the_role(roles, accounts, text, account)).result


def test_the_role_of_a_profile() -> None:
    assert meant(OTHER.role_arn) == OTHER
    assert meant("Reader") == READER
    assert meant("Admin", TWO) == OTHER
    assert meant("Admin", "prod") == OTHER
    assert meant(None, None, ADMIN) == ADMIN


@pytest.mark.parametrize(
    ("text", "account", "said"),
    [
        ("Admin", None, "Admin is the name of 2 of your roles."),
        ("Nobody", None, "The role Nobody is not among those you are offered."),
        ("Reader", TWO, f"The role Reader is offered to you, but not in the account {TWO}."),
        (None, None, "No role is remembered, and you are offered 3."),
    ],
)
def test_a_profile_that_means_no_one_role(text: str | None, account: str | None, said: str) -> None:
    with pytest.raises(NoSuchRole) as caught:
        meant(text, account)
    assert caught.value.message == said
