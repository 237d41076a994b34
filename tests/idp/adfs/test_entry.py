from __future__ import annotations

import subprocess
import sys
from urllib.parse import parse_qsl, urlsplit

import pytest

from samlauth.errors import SettingsError
from samlauth.idp.adfs.entry import RELYING_PARTIES, Entry, read_entry
from samlauth.reach import Origin

AWS = RELYING_PARTIES["aws"]


@pytest.mark.parametrize(
    "text",
    [
        "sso.example.com",
        " sso.example.com\n",
        "SSO.Example.COM",
        "sso.example.com/",
        "https://sso.example.com",
        "HTTPS://sso.example.com/",
        "https://sso.example.com:443/adfs",
        "https://sso.example.com/adfs/ls/IdpInitiatedSignOn.aspx",
        "https://sso.example.com/ADFS/ls/idpinitiatedsignon.htm#top",
        "sso.example.com/adfs/ls/idpinitiatedsignon?loginToRp=urn:amazon:webservices",
    ],
)
def test_whatever_a_person_calls_their_adfs(text: str) -> None:
    entry = read_entry(text)
    assert entry.origin == Origin("sso.example.com")
    assert entry.url(AWS, None) == (
        "https://sso.example.com/adfs/ls/IdpInitiatedSignOn.aspx"
        "?loginToRp=urn%3Aamazon%3Awebservices"
    )


def test_a_port_of_its_own() -> None:
    assert read_entry("sso.example.com:8443").origin == Origin("sso.example.com", 8443)
    url = read_entry("https://sso.example.com:8443/adfs/ls").url("urn:x", None)
    assert url.startswith("https://sso.example.com:8443/adfs/ls/IdpInitiatedSignOn.aspx?")


def test_a_host_in_another_script() -> None:
    assert read_entry("anmeldung.bücher.example").origin.host == "anmeldung.xn--bcher-kva.example"


def query(url: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)


def test_the_rest_of_a_link_is_kept() -> None:
    entry = read_entry(
        "https://sso.example.com/adfs/ls/IdpInitiatedSignOn.aspx"
        "?LoginToRP=urn:other&RedirectToIdentityProvider=AD+AUTHORITY&x=a%26b&y="
    )
    assert entry.relying_party == "urn:other"
    assert query(entry.url(AWS, None)) == [
        ("loginToRp", AWS),
        ("RedirectToIdentityProvider", "AD AUTHORITY"),
        ("x", "a&b"),
        ("y", ""),
    ]


def test_a_relay_state_names_the_relying_party_as_well() -> None:
    entry = read_entry(
        "https://sso.example.com/adfs/ls/idpinitiatedsignon"
        "?RelayState=RPID%3Durn%253Aamazon%253Awebservices2"
    )
    assert entry == Entry(Origin("sso.example.com"), (), "urn:amazon:webservices2")
    kept = read_entry("https://sso.example.com/adfs/ls/?RelayState=other")
    assert kept.query == (("RelayState", "other"),)


def test_the_home_realm_that_is_given_stands_for_the_link_s() -> None:
    entry = read_entry("https://sso.example.com/adfs/ls/?redirecttoidentityprovider=AD+AUTHORITY")
    assert query(entry.url("urn:x", "https://idp.example/?a&b")) == [
        ("loginToRp", "urn:x"),
        ("RedirectToIdentityProvider", "https://idp.example/?a&b"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("http://sso.example.com", "http://"),
        ("HTTP://sso.example.com/adfs/ls", "http://"),
        ("ftp://sso.example.com", "ftp:"),
        ("", "cannot be read"),
        ("https://", "cannot be read"),
        ("not a host", "cannot be read"),
        ("sso.example.com:port", "cannot be read"),
        ("sso.example.com:0", "does not name a host"),
        ("http:sso.example.com", "cannot be read"),
        ("a\\b", "cannot be read"),
        ("sso..example.com", "cannot be read"),
        ("https://[::1]/adfs/ls", "does not name a host"),
        ("sso.example.com<x>", "does not name a host"),
        ("https://sso.example.com/saml/start", "something else"),
        ("https://sso.example.com/adfsx/ls", "something else"),
        ("sso.example.com/\x1b[31m", "cannot be read"),
    ],
)
def test_what_can_be_none_is_said(text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_entry(text)
    assert words in caught.value.message
    assert "--adfs-host" in caught.value.hint
    assert "\x1b" not in caught.value.message


def test_what_may_be_a_secret_is_not_quoted() -> None:
    for text in ("https://ada:hunter2@sso.example.com/", "ada:hunter2@sso.example.com"):
        with pytest.raises(SettingsError) as caught:
            read_entry(text)
        assert "hunter2" not in caught.value.message + caught.value.hint
    with pytest.raises(SettingsError) as caught:
        read_entry("https://sso.example.com/other?SAMLRequest=hunter2")
    assert "hunter2" not in caught.value.message
    assert "hunter2" not in repr(read_entry("https://sso.example.com/adfs/ls?t=hunter2"))


def test_the_partitions_have_their_relying_parties() -> None:
    assert RELYING_PARTIES == {
        "aws": "urn:amazon:webservices",
        "aws-us-gov": "urn:amazon:webservices:govcloud",
        "aws-cn": "urn:amazon:webservices:cn-north-1",
    }


def test_reading_one_loads_no_parser_of_pages() -> None:
    program = "import sys, samlauth.idp.adfs.entry; sys.exit('bs4' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
