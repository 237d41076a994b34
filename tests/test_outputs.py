"""Nothing that a command prints can move a cursor, colour a terminal or turn the reading order.

Each command meets hostile text in every place from which it prints: arguments, both AWS files, what it
remembers, a SAML response, a report that somebody sent.
"""

from __future__ import annotations

import io
import json
import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samlauth import cli
from samlauth.effects.console import Console
from samlauth.effects.state import Identity, Issued, StateFile
from samlauth.flow import Page
from samlauth.reports import Event, Report, Seen, encode
from tests.e2e.test_canaries import as_before
from tests.test_saml import assertion, attribute, posted, response

PAYLOADS = (
    "\x1b[2J\x1b]0;owned\x07",
    "\x1b]52;c;aGk=\x07",
    "\u202egnp.exe",
    "\u2066x\u2069",
    "in\u200bvis\ufeffible",
    "\x9b31m\x85\x90",
    "line\u2028para\u2029",
    "\ud800\udfff \U000e0041\ue000",
    "a\rb\x08\x08c\x7f",
    "\N{CJK UNIFIED IDEOGRAPH-7BA1}" * 80,
)
HOSTILE = st.sampled_from(PAYLOADS) | st.text(
    st.characters(exclude_categories=(), exclude_characters="\n"), min_size=1, max_size=40
)
ONE_LINE = HOSTILE.map(lambda text: "".join(text.splitlines()) or "x")
"""As a line of a file has it: what ends a line there ends the value, too."""


@contextmanager
def terminal() -> Iterator[tuple[Path, io.StringIO]]:
    """A home of its own, and what is printed; nobody is at the terminal."""

    def nobody() -> Console:
        raise OSError

    printed = io.StringIO()
    with as_before(), TemporaryDirectory() as folder:
        os.environ.clear()
        os.environ.update(HOME=folder, TERM="xterm-256color", HTTPS_PROXY="http://127.0.0.1:1")
        (Path(folder) / ".aws").mkdir(mode=0o700)
        with (
            pytest.MonkeyPatch.context() as patch,
            redirect_stdout(printed),
            redirect_stderr(printed),
        ):
            patch.setattr(Console, "open", nobody)
            patch.setattr("sys.stdin", io.StringIO())
            yield Path(folder) / ".aws", printed


def assert_harmless(printed: io.StringIO) -> None:
    text = printed.getvalue()
    assert text
    bad = {
        character
        for character in text
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    }
    assert bad <= {"\n"}, text
    assert "Traceback" not in text
    assert "should not have" not in text, text


def write(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8", "surrogatepass"))


KEYS = (
    "samlauth.username", "samlauth.idp_id", "samlauth.sp_id", "samlauth.duration", "samlauth.idp",
    "samlauth.mfa", "samlauth.role_arn", "samlauth.url", "samlauth.adfs_host", "samlauth.nonsense",
    "samlauth.keyring", "google_config.google_idp_id", "google_config.duration", "gsts.sp_id",
    "adfs_config.adfs_host", "adfs_config.ssl_verification", "region", "credential_process",
)  # fmt: skip


@given(st.sampled_from(KEYS), ONE_LINE)
@settings(max_examples=50, deadline=None)
def test_values_of_the_files(key: str, text: str) -> None:
    with terminal() as (aws, printed):
        write(aws / "config", f"[profile x]\n{key} = {text}\n[profile {text}]\n{key} = y\n")
        for words in (
            ["settings", "-p", "x"],
            ["settings", "-p", "x", "--json"],
            ["import", "--check"],
            ["status"],
            ["env", "-p", "x"],
            ["logout", "-p", "x"],
        ):
            printed.write("-\n")
            cli.guarded(words)
        assert_harmless(printed)


ARGUMENT = HOSTILE.map(
    lambda text: (
        text.replace("\0", "").encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
    )
)
"""As a system hands it over: without NUL, and bytes that are no UTF-8 as Python has them."""


@given(ARGUMENT)
@settings(max_examples=15, deadline=None)
def test_arguments(text: str) -> None:
    with terminal() as (_, printed):
        for words in (
            [text],
            ["--" + text],
            ["-p", text],
            ["-p", "x", "-d", text],
            ["-p", "x", "--idp", text],
            ["-p", "x", "--adfs-host", text],
            ["-p", "x", "--url", text],
            ["-p", "x", "--ca-bundle", text, "-I", "C0", "-S", "1", "-u", "a"],
            ["-p", "x", "--saml-assertion", text],
            ["settings", "-u", text, "-p", "x"],
            ["status", "-p", text],
            ["env", "-p", "x", "--format", text],
            ["exec", "-p", "x", "--" + text],
            ["configure", "chain", text, "--source-profile", text, "--role-arn", text],
            ["totp", text],
            ["replay", text],
            ["report", "-o", text],
            ["logout", "-p", text],
            ["rehearse", text],
        ):
            cli.guarded(words)
        assert_harmless(printed)


@given(HOSTILE, HOSTILE)
@settings(max_examples=40, deadline=None)
def test_what_is_remembered(role: str, who: str) -> None:
    now = datetime.now(UTC)
    identity = Identity("google", who, who, who, role)
    with terminal() as (aws, printed):
        write(aws / "credentials", "[x]\naws_access_key_id = ASIA1\naws_secret_access_key = y\n")
        issued = Issued("ASIA1", identity, now, now + timedelta(hours=1))
        memory = StateFile.beside(aws / "config")
        memory.update(lambda state: state.with_login("x", issued, {}, {"1": who}, [role]))
        for words in (["status"], ["status", "--short", "-p", "x"], ["roles"], ["env", "-p", "y"]):
            printed.write("-\n")
            cli.guarded(words)
        assert_harmless(printed)


XML = st.sampled_from(PAYLOADS) | st.text(
    st.characters(min_codepoint=32, codec="utf-8"), min_size=1, max_size=40
)


@given(st.lists(XML, min_size=1, max_size=3))
@settings(max_examples=25, deadline=None)
def test_roles_of_a_response(names: list[str]) -> None:
    clean = [
        "".join(c for c in name if c >= " " and not "\ud800" <= c <= "\udfff") for name in names
    ]
    roles = [
        f"arn:aws:iam::111122223333:role/{escape(name)},arn:aws:iam::111122223333:saml-provider/A"
        for name in clean
    ]
    with terminal() as (aws, printed):
        body = posted(response(assertion(attribute("Role", *roles, *roles), times=False))).base64
        write(aws / "response", body)
        cli.guarded(
            [
                "-p",
                "x",
                "--saml-assertion",
                str(aws / "response"),
                "--no-resolve-aliases",
                "-r",
                "Z",
            ]
        )
        assert_harmless(printed)


@given(HOSTILE)
@settings(max_examples=40, deadline=None)
def test_a_report_that_somebody_sent(text: str) -> None:
    pages = (
        Seen(Page(text, 200, text, elsewhere=text), text),
        Seen(Page(text, 200, ""), text, True),
    )
    events = (Event(0.0, text, 0.0, 200, 0),)
    report = Report(text, text, text, 6, (text,), {"samlauth": text}, events, pages)
    with terminal() as (aws, printed):
        (aws / "samlauth").mkdir(mode=0o700)
        for path in (aws / "sent", aws / "samlauth" / "failure"):
            path.write_bytes(json.dumps(json.loads(encode(report))).encode())
            path.chmod(0o600)
        cli.guarded(["replay", str(aws / "sent")])
        cli.guarded(["report", "-o", str(aws / "x.zip")])
        assert_harmless(printed)


@pytest.mark.parametrize("text", PAYLOADS)
def test_each_known_payload_is_there_to_be_escaped(text: str) -> None:
    """The other tests are worth something only while what they plant is what they look for."""
    printed = io.StringIO(text)
    if any(
        unicodedata.category(c)[0] == "C" or unicodedata.category(c) in {"Zl", "Zp"} for c in text
    ):
        with pytest.raises(AssertionError):
            assert_harmless(printed)
