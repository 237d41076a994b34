from __future__ import annotations

from samlauth.sandbox.accounts import account_role, account_roles


def test_the_default_roles_differ_in_all_that_matters() -> None:
    roles = account_roles(3)
    assert [(r.account_id, r.name, r.max_session_duration, r.provider_first) for r in roles] == [
        ("111111111111", "ReadOnly", 3600, False),
        ("222222222222", "Developer", 43200, True),
        ("111111111111", "Administrator", 14400, False),
    ]


def test_any_number_of_roles_is_that_many_different_roles() -> None:
    assert len({role.role_arn for role in account_roles(500)}) == 500


def test_the_pair_comes_in_either_order() -> None:
    role, provider = (
        "arn:aws-cn:iam::111111111111:role/a/b/Name",
        "arn:aws-cn:iam::111111111111:saml-provider/GoogleWorkspace",
    )
    first = account_role("111111111111", "a/b/Name", partition="aws-cn")
    assert (first.role_arn, first.principal_arn) == (role, provider)
    assert (first.partition, first.path, first.name) == ("aws-cn", "/a/b/", "Name")
    assert first.attribute_value == f"{role},{provider}"
    last = account_role("111111111111", "a/b/Name", partition="aws-cn", provider_first=True)
    assert last.attribute_value == f"{provider},{role}"
    assert account_role("111111111111", "Name").path == "/"
