from __future__ import annotations

import pytest

from samlauth.effects.proxies import Proxy, proxy_for
from samlauth.errors import SettingsError
from samlauth.reach import Origin

IDP = Origin("accounts.google.com")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTPS_PROXY": "http://p:8080"}, Proxy("http", "p", 8080, "HTTPS_PROXY")),
        ({"https_proxy": "p:8080"}, Proxy("http", "p", 8080, "https_proxy")),
        ({"HTTPS_PROXY": "a:1", "https_proxy": "b:2"}, Proxy("http", "b", 2, "https_proxy")),
        ({"ALL_PROXY": "a:1", "HTTPS_PROXY": "b:2"}, Proxy("http", "b", 2, "HTTPS_PROXY")),
        ({"all_proxy": "https://a"}, Proxy("https", "a", 443, "all_proxy")),
        ({"HTTP_PROXY": "a:1"}, None),
        ({"HTTPS_PROXY": "http://[::1]:8080"}, Proxy("http", "::1", 8080, "HTTPS_PROXY")),
    ],
)
def test_proxies_come_from_the_environment(environ: dict[str, str], expected: Proxy | None) -> None:
    assert proxy_for(environ, IDP) == expected


def test_a_proxys_password_is_kept_but_never_shown() -> None:
    proxy = proxy_for({"HTTPS_PROXY": "http://ada:p%40ss@proxy.test:8080"}, IDP)
    assert proxy is not None
    assert proxy.authorization == "Basic YWRhOnBAc3M="
    for shown in (repr(proxy), str(proxy), proxy.url):
        assert "proxy.test" in shown
        for secret in ("p@ss", "p%40ss", "ada", "YWRhOnBAc3M"):
            assert secret not in shown


@pytest.mark.parametrize(
    "value", ["socks5://ada:hunter2@p:1", "http://ada:hunter2@p:port", "http://", "http://[::1"]
)
def test_a_proxy_that_cannot_be_used_is_refused_without_its_value(value: str) -> None:
    with pytest.raises(SettingsError, match="ALL_PROXY names a") as caught:
        proxy_for({"ALL_PROXY": value}, IDP)
    assert "hunter2" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("no_proxy", "host", "port", "direct"),
    [
        ("*", "accounts.google.com", 443, True),
        ("google.com", "accounts.google.com", 443, True),
        (".google.com", "accounts.google.com", 443, True),
        ("*.google.com", "accounts.google.com", 443, True),
        ("GOOGLE.com", "accounts.google.com", 443, True),
        ("a.test, accounts.google.com ,b.test", "accounts.google.com", 443, True),
        ("oogle.com", "accounts.google.com", 443, False),
        ("google.com.evil.test", "accounts.google.com", 443, False),
        ("adfs.test:8443", "adfs.test", 8443, True),
        ("adfs.test:8443", "adfs.test", 443, False),
        ("10.0.0.0/8", "10.1.2.3", 443, True),
        ("10.0.0.0/8", "11.1.2.3", 443, False),
        ("10.0.0.0/99", "10.1.2.3", 443, False),
        ("10.1.2.3", "10.1.2.3", 443, True),
        ("2.3", "10.1.2.3", 443, False),
        ("::1", "::1", 443, True),
        ("[::1]:8443", "::1", 8443, True),
        ("fe80::/10", "fe80::1", 443, True),
        (",. ", "adfs.test", 443, False),
        ("", "adfs.test", 443, False),
    ],
)
def test_no_proxy(no_proxy: str, host: str, port: int, direct: bool) -> None:
    environ = {"HTTPS_PROXY": "http://p:8080", "NO_PROXY": no_proxy}
    assert (proxy_for(environ, Origin(host, port)) is None) is direct
