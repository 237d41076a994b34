from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samlauth.errors import AssertionRefused
from samlauth.saml import MAX_BASE64, Assertion, Role, SAMLResponse, read_assertion

ACS = "https://signin.aws.amazon.com/saml"
ROLE = "arn:aws:iam::111122223333:role/Reader"
PROVIDER = "arn:aws:iam::111122223333:saml-provider/Acme"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"


def attribute(name: str, *values: str) -> str:
    inner = "".join(f"<s:AttributeValue>{value}</s:AttributeValue>" for value in values)
    full = f"https://aws.amazon.com/SAML/Attributes/{name}"
    return f'<s:Attribute Name="{full}">{inner}</s:Attribute>'


def assertion(*attributes: str, times: bool = True) -> str:
    at = ' IssueInstant="2026-03-01T10:00:00.250Z"' if times else ""
    between = ' NotBefore="2026-03-01T09:55:00Z" NotOnOrAfter="2026-03-01T11:00:00Z"'
    until = ' NotOnOrAfter="2026-03-01T10:05:00.25Z"' if times else ""
    return f"""<s:Assertion{at}><s:Issuer>https://idp.example/acme</s:Issuer><s:Subject>
      <s:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key">
        <s:SubjectConfirmationData NotOnOrAfter="2030-01-01T00:00:00Z"/></s:SubjectConfirmation>
      <s:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
        <s:SubjectConfirmationData{until} Recipient="{ACS}"/></s:SubjectConfirmation></s:Subject>
      <s:Conditions{between if times else ""}/>
      <s:AttributeStatement>{"".join(attributes)}</s:AttributeStatement></s:Assertion>"""


def status(*codes: str, message: str = "") -> str:
    nested = ""
    for code in reversed(codes):
        nested = f'<p:StatusCode Value="{code}">{nested}</p:StatusCode>'
    said = f"<p:StatusMessage>{message}</p:StatusMessage>" if message else ""
    return f"<p:Status>{nested}{said}</p:Status>"


def response(*assertions: str, head: str = "", state: str | None = None) -> str:
    return (
        f'{head}<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" '
        f'xmlns:s="urn:oasis:names:tc:SAML:2.0:assertion" Destination="{ACS}">'
        f"{status(SUCCESS) if state is None else state}{''.join(assertions)}</p:Response>"
    )


def posted(xml: str | bytes) -> SAMLResponse:
    raw = xml.encode() if isinstance(xml, str) else xml
    return SAMLResponse(base64.b64encode(raw).decode(), ACS)


def read(xml: str | bytes) -> Assertion:
    return read_assertion(posted(xml))


def read_roles(*values: str) -> Assertion:
    return read(response(assertion(attribute("Role", *values))))


def refusal(xml: str | bytes) -> AssertionRefused:
    with pytest.raises(AssertionRefused) as caught:
        read(xml)
    assert caught.value.exit_code == 8
    assert caught.value.hint
    return caught.value


def test_every_claim_is_read() -> None:
    claims = read(
        response(
            assertion(
                attribute("Role", f"{ROLE},{PROVIDER}"),
                attribute("RoleSessionName", " ada@example.com\n"),
                attribute("SessionDuration", "28800"),
            )
        )
    )
    assert claims == Assertion(
        roles=(Role(ROLE, PROVIDER),),
        role_session_name="ada@example.com",
        session_duration=28_800,
        issued=datetime(2026, 3, 1, 10, 0, 0, 250_000, UTC),
        not_before=datetime(2026, 3, 1, 9, 55, tzinfo=UTC),
        not_on_or_after=datetime(2026, 3, 1, 10, 5, 0, 250_000, UTC),
        destination=ACS,
        issuer="https://idp.example/acme",
    )


def test_what_is_not_claimed_is_none() -> None:
    pair = attribute("Role", f"{ROLE},{PROVIDER}")
    xml = response(assertion(pair, times=False)).replace(f' Destination="{ACS}"', "")
    claims = read(xml)
    assert (claims.issued, claims.not_before, claims.not_on_or_after) == (None, None, None)
    assert claims.session_duration is None
    assert (claims.role_session_name, claims.destination) == ("", "")


@pytest.mark.parametrize(
    "value",
    [
        f"{ROLE},{PROVIDER}",
        f"{PROVIDER},{ROLE}",
        f"  {ROLE} ,\n\t{PROVIDER}  ",
        f"{ROLE},{PROVIDER},",
        f",{PROVIDER},{ROLE},,",
        f"{ROLE},,{PROVIDER}",
    ],
)
def test_a_pair_is_read_in_either_order_with_stray_commas_and_space(value: str) -> None:
    assert read_roles(value).roles == (Role(ROLE, PROVIDER),)


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn", "aws-iso-b", "aws-eusc"])
def test_every_partition_is_read(partition: str) -> None:
    value = f"{ROLE},{PROVIDER}".replace("arn:aws:", f"arn:{partition}:")
    assert read_roles(value).roles[0].partition == partition


def test_a_role_knows_its_parts() -> None:
    role = Role("arn:aws-cn:iam::999988887777:role/ci/prod/Deploy+2", PROVIDER)
    assert (role.partition, role.account_id) == ("aws-cn", "999988887777")
    assert (role.path, role.name) == ("/ci/prod/", "Deploy+2")
    assert Role(ROLE, PROVIDER).path == "/"


def test_a_role_s_name_may_hold_a_comma() -> None:
    role = "arn:aws:iam::111122223333:role/a,b"
    assert read_roles(f"{role},{PROVIDER}").roles[0].name == "a,b"
    assert read_roles(f"{PROVIDER},{role}").roles[0].name == "a,b"


def test_the_provider_s_account_may_be_odd() -> None:
    provider = "arn:aws:iam::123456789:saml-provider/Acme"
    role = ROLE.replace("arn:aws:", "arn:aws-cn:")
    assert read_roles(f"{role},{provider}").roles == (Role(role, provider),)


def test_roles_keep_their_order_and_come_once() -> None:
    other = PROVIDER.replace("Acme", "Backup")
    found = read_roles(f"{ROLE},{other}", f"{ROLE},{PROVIDER}", f"{other},{ROLE}").roles
    assert found == (Role(ROLE, other), Role(ROLE, PROVIDER))


@pytest.mark.parametrize(
    "value",
    [
        ROLE,
        PROVIDER,
        f"{ROLE},{ROLE}",
        f"{ROLE},{ROLE}2,{PROVIDER}",
        f"{ROLE} {PROVIDER}",
        f"{ROLE.replace('111122223333', '')},{PROVIDER}",
        f"{ROLE.replace('iam', 'sts')},{PROVIDER}",
        f"{ROLE.replace('aws', 'AWS')},{PROVIDER}",
        f"{ROLE.replace('Reader', 'Rea der')},{PROVIDER}",
        f"{ROLE.replace('Reader', 'R' * 65)},{PROVIDER}",
        f"{ROLE.replace('Reader', 'Rеader')},{PROVIDER}",  # noqa: RUF001 - Cyrillic on purpose
        f"{ROLE.replace('111122223333', '१११११११११११११')},{PROVIDER}",
        f"{ROLE.replace('Reader', 'Reader&#10;arn')},{PROVIDER}",
        "Administrators",
    ],
)
def test_what_is_no_pair_is_counted_and_left_out(value: str) -> None:
    claims = read_roles(value, f"{ROLE},{PROVIDER}")
    assert claims.roles == (Role(ROLE, PROVIDER),)
    assert claims.ignored == 1


@pytest.mark.parametrize(
    ("role", "provider"), [(PROVIDER, ROLE), ("", PROVIDER), (ROLE, ""), (f"{ROLE}\n", PROVIDER)]
)
def test_a_role_cannot_be_made_of_anything_else(role: str, provider: str) -> None:
    with pytest.raises(ValueError, match="not the ARN of"):
        Role(role, provider)


@pytest.mark.parametrize(
    "value", ["Admin<!-- x -->suffix", "Admin<?x?>suffix", "Admin<![CDATA[suffix]]>"]
)
def test_a_comment_inside_a_value_does_not_cut_it_short(value: str) -> None:
    role = ROLE.replace("Reader", value)
    assert read_roles(f"{role},{PROVIDER}").roles[0].name == "Adminsuffix"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("900", 900),
        ("43200", 43_200),
        (" 3600 ", 3600),
        ("899", None),
        ("43201", None),
        ("1h", None),
        ("-3600", None),
        ("3600.0", None),
        ("", None),
        ("٣٦٠٠", None),
        ("9" * 5000, None),
    ],
)
def test_a_senseless_session_duration_is_ignored(text: str, seconds: int | None) -> None:
    pair = attribute("Role", f"{ROLE},{PROVIDER}")
    claims = read(response(assertion(pair, attribute("SessionDuration", text))))
    assert claims.session_duration == seconds


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T10:00:00Z", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01T10:00:00", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01T10:00:00.1234567Z", datetime(2026, 3, 1, 10, 0, 0, 123_456, UTC)),
        ("2026-03-01T12:00:00+02:00", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-02-30T10:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("2026-03-01", None),
        ("soon", None),
        ("", None),
    ],
)
def test_times_are_utc_and_senseless_ones_none(text: str, moment: datetime | None) -> None:
    xml = response(assertion(attribute("Role", f"{ROLE},{PROVIDER}")))
    assert read(xml.replace("2026-03-01T10:00:00.250Z", text)).issued == moment


def test_only_a_bearer_s_confirmation_counts() -> None:
    xml = response(assertion(attribute("Role", f"{ROLE},{PROVIDER}")))
    assert read(xml.replace("cm:bearer", "cm:sender-vouches")).not_on_or_after is None


def test_names_count_by_their_end_and_prefixes_not_at_all() -> None:
    xml = response(assertion(attribute("Role", f"{ROLE},{PROVIDER}")))
    assert read(xml.replace("<s:", "<").replace("</s:", "</")).roles
    assert read(xml.replace("s:Attr", "undeclared:Attr")).roles
    assert read(xml.replace("aws.amazon.com", "aws.amazon.example")).roles
    other = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
    for name in (other, "https://aws.amazon.com/SAML/Attributes/LastRole", "Role"):
        refusal(xml.replace("https://aws.amazon.com/SAML/Attributes/Role", name))


def test_utf_16_is_xml_too() -> None:
    pair = attribute("Role", f"{ROLE},{PROVIDER}")
    assert read(response(assertion(pair)).encode("utf-16")).roles


ENTITIES = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE r>",
        '<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE r [<!ENTITY % a SYSTEM "http://127.0.0.1:9/"> %a;]>',
        f'<!DOCTYPE r [<!ENTITY a0 "x">{ENTITIES}]>',
        f'<!DOCTYPE r [<!ENTITY a "{"x" * 1000}">]>',
        '<!DOCTYPE r [<!ENTITY a "arn:evil">]>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_a_document_type_is_refused_in_any_encoding(doctype: str, encoding: str) -> None:
    xml = response(assertion(attribute("Role", f"{ROLE},{PROVIDER}")), head=doctype)
    assert "document type declaration" in refusal(xml.encode(encoding)).message


def test_an_inclusion_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "roles").write_text(f"{ROLE},{PROVIDER}")
    xi = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" parse="text" href="file://{tmp_path}/roles"/>'
    refusal(response(assertion(attribute("Role", xi))))


def test_what_sts_would_not_take_is_refused_before_it_is_decoded() -> None:
    # Not even base64: the size is what is complained about.
    with pytest.raises(AssertionRefused, match="100001 characters"):
        read_assertion(SAMLResponse("!" * (MAX_BASE64 + 1), ACS))
    with pytest.raises(AssertionRefused, match="not base64"):
        read_assertion(SAMLResponse("!" * MAX_BASE64, ACS))


@pytest.mark.parametrize("text", ["", "    ", "YQ", "Y!==", "a-_b", "PDw="])
def test_what_is_not_base64_or_not_xml_is_named(text: str) -> None:
    with pytest.raises(AssertionRefused, match=r"not base64|not XML"):
        read_assertion(SAMLResponse(text, ACS))


def test_xml_that_was_not_encoded_is_named() -> None:
    with pytest.raises(AssertionRefused, match="takes it in base64"):
        read_assertion(SAMLResponse(response(), ACS))


@pytest.mark.parametrize(
    "xml",
    [
        b"plain words",
        b"<a><b></a>",
        b"<a/>more",
        b"<a>&nbsp;</a>",
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b"<a>\xff</a>",
        b"<a>" * 20_000,
    ],
)
def test_what_is_not_xml_is_named(xml: bytes) -> None:
    assert "not XML" in refusal(xml).message


def test_a_bare_assertion_is_named() -> None:
    bare = assertion().replace("<s:Assertion", '<s:Assertion xmlns:s="urn:x"', 1)
    assert "Assertion" in refusal(bare).message


def test_an_encrypted_assertion_is_named() -> None:
    refused = refusal(response("<s:EncryptedAssertion/>"))
    assert "encrypted" in refused.message
    assert "saml-provider" in refused.hint


def test_but_taken_to_offer_what_a_person_knows_it_to() -> None:
    named = (Role(ROLE, PROVIDER),)
    found = read_assertion(posted(response("<s:EncryptedAssertion/>")), named)
    assert (found.roles, found.encrypted, found.session_duration) == (named, True, None)
    assert (
        "status" in refusal(response("<s:EncryptedAssertion/>", state=status("urn:x:No"))).message
    )
    # What can be read is read.
    plain = response(assertion(attribute("Role", f"{ROLE}2,{PROVIDER}")))
    offered = read_assertion(posted(plain), named)
    assert offered.roles == (Role(f"{ROLE}2", PROVIDER),)
    assert not offered.encrypted
    with pytest.raises(AssertionRefused, match="no assertion"):
        read_assertion(posted(response("<s:EncryptedAssertion/>" * 2)), named)


def test_exactly_one_assertion_is_expected() -> None:
    one = assertion(attribute("Role", f"{ROLE},{PROVIDER}"))
    assert "no assertion" in refusal(response()).message
    assert "more than one" in refusal(response(one, one)).message
    wrapped = f"<p:Extensions>{one}</p:Extensions>"
    assert "more than one" in refusal(response(wrapped, one)).message
    assert "no assertion" in refusal(response(wrapped)).message
    nested = one.replace("<s:Subject>", f"<s:Advice>{one}</s:Advice><s:Subject>")
    assert "more than one" in refusal(response(nested)).message


def test_a_status_other_than_success_is_shown_and_harmless() -> None:
    top, sub = "urn:x:status:Responder", "urn:x:status:AuthnFailed"
    # XML 1.0 cannot carry most controls, but it can carry C1 ones and bidirectional marks.
    said = "Not &#x9b;31m you,\n   \u202eada"
    error = refusal(response(state=status(top, sub, message=said)))
    assert "status Responder, AuthnFailed" in error.message
    assert error.message.endswith("Not \\x9b31m you, \\u202eada")
    assert refusal(response(state=status(top))).message.endswith("(status Responder).")


def test_success_or_no_status_at_all_is_read_on() -> None:
    one = assertion(attribute("Role", f"{ROLE},{PROVIDER}"))
    assert read(response(one, state="")).roles
    assert read(response(one, state="<p:Status/>")).roles
    assert read(response(one, state=status(SUCCESS, "urn:x:more"))).roles


def test_no_role_at_all_is_the_administrator_s() -> None:
    who = attribute("RoleSessionName", "ada@example.com")
    for attributes in ((who,), (who, attribute("Role")), (who, attribute("Role", " "))):
        error = refusal(response(assertion(*attributes)))
        assert error.message == "You signed in, but no AWS role is assigned to you."
        assert "ada@example.com" in error.hint


def test_roles_that_are_none_are_shown() -> None:
    error = refusal(response(assertion(attribute("Role", "Admins\u202e", "Users"))))
    assert "2 sent" in error.message
    assert "Admins\\u202e" in error.message


def test_the_base64_stays_as_it_was_posted() -> None:
    once = base64.b64encode(response().encode()).decode()
    folded = "\r\n".join(once[at : at + 76] for at in range(0, len(once), 76))
    assert SAMLResponse(f" {folded}\n", ACS).base64 == once


def test_the_response_does_not_show_in_its_repr() -> None:
    value = posted(response())
    assert value.base64[:20] not in repr(value)
    assert ACS in repr(value)


@given(st.binary(max_size=2000) | st.text(max_size=500).map(str.encode))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    with pytest.raises(AssertionRefused):
        read(raw)


@given(st.lists(st.text(max_size=80), max_size=6))
def test_no_value_breaks_the_reader(values: list[str]) -> None:
    printable = ["".join(c for c in value if c.isprintable() or c in "\t\n") for value in values]
    claims = read_roles(*map(escape, printable), f"{ROLE},{PROVIDER}")
    assert claims.roles == (Role(ROLE, PROVIDER),)
