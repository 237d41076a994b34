"""What a browser is started with."""

from pathlib import Path

import pytest

from samlauth.effects.browser.arguments import devtools, plain
from samlauth.errors import SettingsError

FOLDER = Path("/profile")
PIPE = "--remote-debugging-pipe"
URL = "https://accounts.example/"


def value(arguments: list[str], flag: str) -> str | None:
    found = [text.partition("=")[2] for text in arguments if text.partition("=")[0] == flag]
    assert len(found) <= 1  # of two, it is not always the same that counts
    return found[0] if found else None


@pytest.mark.parametrize("headless", [True, False])
def test_one_that_is_driven(headless: bool) -> None:
    arguments = devtools(FOLDER, {}, PIPE, headless=headless)
    assert PIPE in arguments
    assert ("--headless=new" in arguments) == headless
    assert arguments[-1] == "about:blank"


def test_the_plain_one_has_no_flag_of_automation() -> None:
    arguments = plain(FOLDER, {}, URL)
    assert arguments[-1] == URL
    assert not [
        text
        for text in arguments
        if any(word in text for word in ("remote", "automation", "headless", "sandbox"))
    ]


def test_both_keep_cookies_the_same_way() -> None:
    for arguments in (plain(FOLDER, {}, URL), devtools(FOLDER, {}, PIPE, headless=True)):
        assert value(arguments, "--user-data-dir") == "/profile"
        assert value(arguments, "--password-store") == "basic"


def test_the_plain_one_finds_no_address_for_aws() -> None:
    rules = value(plain(FOLDER, {}, URL), "--host-resolver-rules")
    assert rules is not None
    for host in ("signin.aws.amazon.com", "*.signin.aws.amazon.com", "signin.amazonaws.cn"):
        assert f"MAP {host} ~NOTFOUND" in rules.split(",")
    assert value(plain(FOLDER, {}, URL), "--proxy-bypass-list") is None


def test_nor_does_it_send_aws_to_the_proxy() -> None:
    environ = {"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "corp.example,10.0.0.0/8"}
    arguments = plain(FOLDER, environ, URL)
    assert value(arguments, "--proxy-server") == "http://proxy.example:3128"
    bypass = (value(arguments, "--proxy-bypass-list") or "").split(";")
    assert {"signin.aws.amazon.com", "*.signin.amazonaws-us-gov.com"} <= set(bypass)
    assert bypass[-3:] == ["corp.example", "*.corp.example", "10.0.0.0/8"]
    driven = devtools(FOLDER, environ, PIPE, headless=True)
    assert value(driven, "--proxy-bypass-list") == "corp.example;*.corp.example;10.0.0.0/8"


def test_a_password_for_the_proxy_is_not_shown() -> None:
    arguments = plain(FOLDER, {"all_proxy": "http://ada:hunter2@proxy.example:3128"}, URL)
    assert value(arguments, "--proxy-server") == "http://proxy.example:3128"
    assert not [text for text in arguments if "hunter2" in text]


def test_a_proxy_for_nothing_is_none() -> None:
    environ = {"HTTPS_PROXY": "http://proxy.example:3128", "no_proxy": "*"}
    assert value(plain(FOLDER, environ, URL), "--proxy-server") is None


def test_a_proxy_that_cannot_be_used_is_an_error() -> None:
    with pytest.raises(SettingsError, match="socks5"):
        devtools(FOLDER, {"ALL_PROXY": "socks5://proxy.example"}, PIPE, headless=True)
