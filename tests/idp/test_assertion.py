"""A SAML response in every form it is copied in, and what is no SAML response."""

from __future__ import annotations

import base64
import json
import textwrap
from urllib.parse import quote, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from samlauth.challenges import EnterAssertion
from samlauth.errors import AssertionRefused, NobodyToAsk
from samlauth.flow import Browse, within
from samlauth.idp.assertion import Given, Pasted, is_whole, read_pasted
from samlauth.saml import SAMLResponse
from samlauth.testing import replay

ACS = "https://signin.aws.amazon.com/saml"


def response(
    destination: str = ACS, recipient: str = ACS, partition: str = "aws", roles: int = 2
) -> str:
    arn = f"arn:{partition}:iam::111122223333"
    values = "".join(
        f"<s:AttributeValue>{arn}:role/Role{n},{arn}:saml-provider/Acme</s:AttributeValue>"
        for n in range(roles)
    )
    to = f' Destination="{destination}"' if destination else ""
    for_ = f' Recipient="{recipient}"' if recipient else ""
    return f"""<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol"
      xmlns:s="urn:oasis:names:tc:SAML:2.0:assertion"{to}><s:Assertion><s:Subject>
      <s:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
      <s:SubjectConfirmationData{for_}/></s:SubjectConfirmation></s:Subject><s:AttributeStatement>
      <s:Attribute Name="https://aws.amazon.com/SAML/Attributes/Role">{values}</s:Attribute>
      </s:AttributeStatement></s:Assertion></p:Response>"""


def posted(xml: str) -> str:
    return base64.b64encode(xml.encode()).decode()


XML = response()
BASE64 = posted(XML)
BODY = urlencode({"SAMLResponse": BASE64, "RelayState": "a&b"})
assert "+" in BASE64 or "/" in BASE64, "the alphabet's awkward letters have to be in it"

COPIES = {
    "base64": BASE64,
    "a line end after it": BASE64 + "\r\n",
    "wrapped": "\n".join(textwrap.wrap(BASE64, 76)) + "\n",
    "wrapped with CRLF and indented": "\r\n  ".join(textwrap.wrap(BASE64, 64)),
    "spaces in it": " ".join(textwrap.wrap(BASE64, 10)),
    "URL-encoded": quote(BASE64, safe=""),
    "URL-encoded twice": quote(quote(BASE64, safe=""), safe=""),
    "URL-encoded with its line ends": quote("\r\n".join(textwrap.wrap(BASE64, 76)), safe=""),
    "a form body": BODY,
    "a form body, the field last": urlencode({"RelayState": "x", "SAMLResponse": BASE64}),
    "a form body, not encoded": f"SAMLResponse={BASE64}&RelayState=",
    "a list of fields": f"SAMLResponse: {BASE64}\nRelayState: \n",
    "a list of fields, wrapped": "SAMLResponse: "
    + "\n".join(textwrap.wrap(BASE64, 76))
    + "\nRelayState: x",
    "a list of fields, tabbed": f"SAMLResponse\t{BASE64}\nRelayState\tx",
    "a list of fields, a line each": f"SAMLResponse\n{BASE64}\nRelayState\n\n",
    "a list of fields, quoted": f'SAMLResponse: "{BASE64}"\nRelayState: ""',
    "a JSON object": json.dumps({"RelayState": "", "SAMLResponse": BASE64}),
    "a JSON string": json.dumps(BASE64).replace("/", "\\/"),
    "a JSON string with line ends": json.dumps("\r\n".join(textwrap.wrap(BASE64, 76))),
    "a member of a JSON object": f'"SAMLResponse": "{BASE64}",',
    "quoted": f"'{BASE64}'",
    "a curl command": f"curl '{ACS}' \\\n  -H 'origin: https://idp.example' \\\n"
    f"  --data-raw '{BODY}' \\\n  --compressed",
    "a fetch call": f'fetch("{ACS}", {{\n  "body": "{BODY}",\n  "method": "POST"\n}});',
    "XML": XML,
    "XML, URL-encoded": quote(XML),
    "XML in quotes": json.dumps(XML),
    "pasted where pastes are marked": f"\x1b[200~{BASE64}\x1b[201~",
    "a byte order mark before it": f"\ufeff{BASE64}\n",
}


@pytest.mark.parametrize("text", COPIES.values(), ids=COPIES)
def test_it_is_taken_as_it_was_copied(text: str) -> None:
    assert read_pasted(text) == SAMLResponse(BASE64, ACS)
    assert is_whole(text)


def test_what_stands_before_the_xml_stays_with_it() -> None:
    declared = '<?xml version="1.0" encoding="UTF-8"?>\n<!-- by acme -->\n' + XML + "\n"
    assert read_pasted(declared).base64 == posted(declared.strip())


def test_letters_beyond_ascii_in_xml_are_utf_8() -> None:
    xml = response().replace("<s:Subject>", "<s:Issuer>Grüße</s:Issuer><s:Subject>")
    assert read_pasted(xml).base64 == posted(xml)


@pytest.mark.parametrize(
    ("xml", "acs"),
    [
        (response("https://eu-west-1.signin.aws.amazon.com/saml", ACS), "https://eu-west-1.signin.aws.amazon.com/saml"),
        (response("", "https://signin.amazonaws.cn/saml"), "https://signin.amazonaws.cn/saml"),
        (response("https://hub.example/acs", ACS), ACS),
        (response("https://signin.aws.amazon.com.evil.example/saml", ""), ACS),
        (response("http://signin.aws.amazon.com/saml", ""), ACS),
        (response("not an address", "\\\\nor this"), ACS),
        (response("", "", "aws-us-gov"), "https://signin.amazonaws-us-gov.com/saml"),
        (response("", "", "aws-cn"), "https://signin.amazonaws.cn/saml"),
        (response("", "", "aws-eusc"), "https://signin.amazonaws-eusc.eu/saml"),
        (response("", "", "aws-iso-b"), ""),
    ],
)  # fmt: skip
def test_where_it_is_posted_is_its_own_word_if_that_is_aws(xml: str, acs: str) -> None:
    assert read_pasted(posted(xml)).acs == acs


@pytest.mark.parametrize("destination", [ACS, ""])
def test_one_that_aws_alone_can_read_is_taken_as_it_is(destination: str) -> None:
    to = f' Destination="{destination}"' if destination else ""
    encoded = posted(f"<Response{to}><EncryptedAssertion>x</EncryptedAssertion></Response>")
    assert read_pasted(f"SAMLResponse={quote(encoded)}") == SAMLResponse(encoded, ACS)


AUTHN_REQUEST = '<p:AuthnRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol"/>'
ASSERTION = XML[XML.index("<s:Assertion") : XML.index("</p:Response>")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        (" \r\n\t", "empty"),
        ('""', "empty"),
        ("SAMLResponse=&RelayState=x", "empty"),
        ("<!DOCTYPE html>\n<html><head>", "a web page"),
        ("<html lang=en><form>", "a web page"),
        ('<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "x">', "a web page"),
        ("SAMLRequest=fZJNT%2BMwEIb%2F&RelayState=", "a SAML request"),
        ("https://idp.example/sso?SAMLRequest=fZJNT", "a SAML request"),
        (AUTHN_REQUEST, "a SAML request"),
        (posted(AUTHN_REQUEST), "a SAML request"),
        ("https://idp.example/start", "an address"),
        (BASE64[:200] + "…", "shortened"),
        (BASE64[:200] + "...", "shortened"),
        (ASSERTION, "an element named Assertion"),
        ("hunter2 is my password", "not base64"),
        ("AAAA", "not XML"),
        (posted(response(roles=0)), "no AWS role"),
        ("[" * 100_000, "not base64"),
        ("{" * 100_000, "not base64"),
    ],
)
def test_what_is_no_response_is_called_what_it_is(text: str, said: str) -> None:
    with pytest.raises(AssertionRefused, match=said) as caught:
        read_pasted(text)
    assert caught.value.exit_code == 8
    assert caught.value.hint
    if text.strip():
        assert text.strip() not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("length", range(200, 208))
@pytest.mark.parametrize("make", [str, lambda text: quote(text, safe=""), lambda _: XML])
def test_one_that_is_cut_off_is_said_to_be(length: int, make: object) -> None:
    assert callable(make)
    cut = make(BASE64)[:length]
    with pytest.raises(AssertionRefused, match="cut off: its end is missing"):
        read_pasted(cut)
    assert not is_whole(cut)


def test_one_that_a_terminal_cut_is_said_to_be() -> None:
    long = posted(response(roles=60))
    with pytest.raises(AssertionRefused, match=r"after 4,095 characters.*terminal") as caught:
        read_pasted(long[:4095] + "\n")
    assert "--saml-assertion FILE" in caught.value.hint
    with pytest.raises(AssertionRefused, match=r"cut off: its end is missing after 5,000 char"):
        read_pasted(long[:5000])


@pytest.mark.parametrize(
    "text",
    ["", "\n", "curl 'https://signin.aws.amazon.com/saml' \\\n", BASE64[:76] + "\n", "hello"],
)
def test_more_may_come_while_there_is_no_end(text: str) -> None:
    assert not is_whole(text)


@given(st.text() | st.text("SAMLResponse=<>%\"'{}: \n\\PD94AB+/"))
@example("%")
@example("\ud800")
@example("<\ud800")
@example("<a")
@example('"\\ud800"')
@example("SAMLResponse=\ud800")
def test_any_text_is_read_or_refused(text: str) -> None:
    is_whole(text)
    with pytest.raises(AssertionRefused):
        read_pasted(text)


def test_a_given_response_serves_one_sign_in() -> None:
    provider = Given(BODY)
    run = replay(within(provider.reach, provider.sign_in()))
    assert run.result == SAMLResponse(BASE64, ACS)
    again = replay(within(provider.reach, provider.sign_in()), raises=AssertionRefused)
    assert "too old" in again.result.message
    assert "five minutes" in again.result.hint
    assert again.result.exit_code == 8


def test_what_is_given_is_not_shown() -> None:
    provider = Given(BASE64)
    assert BASE64[:40] not in f"{provider!r} {vars(provider)!r}"


def test_nonsense_is_refused_when_it_is_given() -> None:
    with pytest.raises(AssertionRefused, match="empty"):
        Given("")


def test_it_is_asked_for_with_the_way_to_get_it() -> None:
    provider = Pasted(Browse("https://idp.example/aws", "browser"))
    run = replay(within(provider.reach, provider.sign_in()), BASE64)
    assert run.result == SAMLResponse(BASE64, ACS)
    [asked] = run.challenges
    assert isinstance(asked, EnterAssertion)
    assert asked.refused == ""
    for told in ("https://idp.example/aws", "Network", "SAMLResponse", "five minutes"):
        assert told in asked.note
    assert max(map(len, asked.note.splitlines())) <= 100


def test_it_is_asked_for_again_when_it_cannot_be_read() -> None:
    provider = Pasted()
    run = replay(provider.sign_in(), "<html>", BASE64[:100], BASE64)
    assert run.result.base64 == BASE64
    refused = [c.refused for c in run.challenges if isinstance(c, EnterAssertion)]
    assert refused[0] == ""
    assert refused[1].startswith("That is a web page")
    assert refused[2].startswith("The SAML response is cut off")
    assert [bool(c.note) for c in run.challenges if isinstance(c, EnterAssertion)] == [
        True,
        False,
        False,
    ]


def test_it_is_asked_for_three_times_at_most() -> None:
    run = replay(Pasted().sign_in(), "", "<html>", "x", raises=AssertionRefused)
    assert "not base64" in run.result.message


def test_it_is_asked_for_anew_when_it_grew_too_old() -> None:
    provider = Pasted()
    replay(provider.sign_in(), BASE64)
    [asked] = replay(provider.sign_in(), BASE64).challenges
    assert isinstance(asked, EnterAssertion)
    assert "too old" in asked.refused


def test_with_nobody_there_it_is_not_asked_for() -> None:
    replay(Pasted().sign_in(), NobodyToAsk("no terminal"), raises=NobodyToAsk)
