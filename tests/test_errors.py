"""Faults, what a person is told of each, and the exit code: a row for every class of the tree."""

from __future__ import annotations

import ast
import base64
import fcntl
import importlib
import pkgutil
import re
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme

import samlauth
from samlauth import cli, errors, profiles, sources
from samlauth.awsfiles.edits import edit
from samlauth.challenges import ChooseMethod, Method
from samlauth.driver import run
from samlauth.effects import files
from samlauth.effects.http import Http, Limits
from samlauth.errors import SamlauthError
from samlauth.flow import AssumeRoleWithSAML, Browse, Refusal, Request, ask
from samlauth.idp.adfs import refusals as adfs
from samlauth.idp.adfs.entry import read_entry
from samlauth.idp.google import refusals as google
from samlauth.idp.google.pages.states import ErrorPage, Unknown
from samlauth.idp.plugins import Plugin
from samlauth.login import Known, Wanted, choose
from samlauth.reach import Origin, Reach
from samlauth.saml import Assertion, Role, SAMLResponse, read_assertion
from samlauth.sts import explain
from samlauth.testing import replay
from tests.effects.loopback import Proxy, Server, redirect, response
from tests.test_driver import World

ROOT = Path(samlauth.__file__).parent
ADA = "ada@example.com"
ROLES = tuple(
    Role(f"arn:aws:iam::111111111111:role/{name}", "arn:aws:iam::111111111111:saml-provider/G")
    for name in ("Admin", "Audit")
)
RESPONSE = SAMLResponse("UmVzcG9uc2U=", "https://signin.aws.amazon.com/saml")
CLAIMS = Assertion(ROLES, ADA, None, None, None, None, "", "https://idp.example.com")


class Row(NamedTuple):
    """A fault, and what is to come of it."""

    name: str
    fault: Callable[[], object]
    """Makes it happen: raises the error, or returns it."""
    kind: type[SamlauthError]
    code: int
    sentence: str
    """What happened, and what shows it."""
    next_step: str
    """Part of what to do."""


def refused_by_sts(code: str, message: str = "said so") -> Callable[[], object]:
    call = AssumeRoleWithSAML(ROLES[0], RESPONSE, 43200, "eu-west-1")
    return lambda: explain(Refusal(code, message, 400), call, CLAIMS)


def saml(xml: str) -> Callable[[], object]:
    encoded = base64.b64encode(xml.encode()).decode()
    return lambda: read_assertion(SAMLResponse(encoded, ""))


def fetched(
    reply: bytes | None = b"", *, trusted: bool = True, form: bool = False, proxy: int = 0
) -> Callable[[], object]:
    """A request to a host that replies so, or that is not there; ``proxy`` is what one answers."""

    def fetch() -> object:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            ca = trustme.CA(organization_name="Snooping Proxies Inc")
            (trustme.CA() if not trusted else ca).cert_pem.write_to_path(folder / "ca.pem")
            with socket.create_server(("127.0.0.1", 0)) as listener:
                port: int = listener.getsockname()[1]
            if reply is not None:
                server = Server(lambda _: reply or (lambda _: None), ca.issue_cert("localhost"))
                port = stack.enter_context(server).port
            environ = {"AWS_CA_BUNDLE": str(folder / "ca.pem")}
            if proxy:
                refusal = response("", proxy)
                environ["HTTPS_PROXY"] = stack.enter_context(Proxy({}, refusal)).url
            http = Http(environ, hide=lambda _: None, limits=Limits(), sleep=lambda _: None)
            stack.callback(http.close)
            request = Request(
                f"https://localhost:{port}/",
                form=(("Passwd", "hunter2"),) if form else None,
                carrying="password" if form else "nothing",
                reach=Reach(Origin("localhost", port)),
            )
            return http.send(request)

    return fetch


def nobody_answers() -> object:
    ways = (Method("sms", "Text message"), Method("totp", "Authenticator"))
    return run(ask(ChooseMethod(ways)), World(None).effects)


def chosen(wanted: Wanted) -> Callable[[], object]:
    return lambda: replay(choose(RESPONSE, ROLES, wanted, Known()), raises=SamlauthError).result


def locked_file() -> object:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "state")
        with Path(f"{path}.lock").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            with files.locked(path, 0.05):
                return None


def file_in_a_file() -> object:
    with tempfile.NamedTemporaryFile() as file:
        return files.AWSFiles(Path(file.name, "config"), Path(file.name, "c")).read_config("x")


class Broken:
    reach = Reach(Origin("idp.example.com"))

    in_browser = Browse("https://idp.example.com/", "acme")

    def sign_in(self) -> object:
        raise ZeroDivisionError


def failing_plugin() -> object:
    return replay(Plugin("acme", "The identity provider acme", Broken()).sign_in())


def profile_with(**config: str) -> Callable[[], object]:
    return lambda: profiles.refuse_unwritable("x", config, {}, named=True)


TABLE = (
    # 1: not expected
    Row("a plugin that breaks", failing_plugin, SamlauthError, 1,
        "The identity provider acme failed while it signed you in: ZeroDivisionError.",
        "Tell those who wrote the plugin."),
    # 2: the command line
    Row("a command that is none", lambda: cli.dispatch(["nonsense"]), errors.UsageError, 2,
        "'nonsense' is not a command of samlauth.", "The commands are login, env"),
    Row("a flag that is none", lambda: cli.dispatch(["status", "--nonsense=hunter2"]),
        errors.UsageError, 2, "samlauth has no option --nonsense.", "samlauth status --help"),
    Row("a password as a flag", lambda: cli.dispatch(["status", "--password=hunter2"]),
        errors.UsageError, 2, "samlauth has no option --password.", "is never given on the command"),
    Row("a value that is none", lambda: sources.resolve({"duration": "a while"}, {}, {}),
        errors.UsageError, 2, "--duration is 'a while', which is neither seconds", "Correct it"),
    # 3: settings
    Row("a setting that is none",
        lambda: sources.resolve({}, {"SAMLAUTH_DURATION": "a while"}, {}), errors.SettingsError, 3,
        "SAMLAUTH_DURATION is 'a while', which is neither seconds", "remove it to get the default"),
    Row("two identity providers",
        lambda: sources.resolve({}, {}, {"samlauth.idp_id": "C01", "samlauth.adfs_host": "a"}),
        errors.SettingsError, 3, "samlauth.idp_id and samlauth.adfs_host belong to different",
        "with --idp"),
    Row("a profile with a role", profile_with(role_arn="r", source_profile="s"),
        errors.SettingsError, 3, "takes its role from another profile (role_arn)",
        "samlauth -p s"),
    Row("a profile of Identity Center", profile_with(sso_session="s"), errors.SettingsError, 3,
        "uses IAM Identity Center (sso_…)", "another profile"),
    Row("an ADFS over http", lambda: read_entry("http://adfs.example.com"), errors.SettingsError, 3,
        "begins with http://, which would send your password for everybody", "https alone"),
    # 4: the identity provider said no
    Row("a wrong password", lambda: google.password(ADA, "Wrong password. Try again."),
        errors.SignInRefused, 4,
        "Google did not accept the password of ada@example.com: Wrong password. Try again.",
        "may lock the account"),
    Row("an account that is none", lambda: google.unknown_account("No such account."),
        errors.SignInRefused, 4, "Google did not accept the account: No such account.", "(-u)"),
    Row("an app that is none", lambda: google.app_error("app_not_configured", ADA, "C01", "12"),
        errors.SignInRefused, 4, "Google knows no AWS app by -I C01 and -S 12", "idpid and spid"),
    Row("a password ADFS refuses", lambda: adfs.password("ada", ""), errors.SignInRefused, 4,
        "ADFS did not accept the password of ada: it asked for it again", "DOMAIN\\user"),
    # 5: the second factor
    Row("a wrong code", lambda: google.code(ADA, "Wrong code."), errors.CodeRefused, 5,
        "Google did not accept the code: Wrong code.", "the clock of the device"),
    Row("a prompt nobody answers", lambda: google.unanswered_prompt(90), errors.CodeRefused, 5,
        "The prompt on your phone was not answered within 90 seconds.", "--mfa"),
    # 6: a person or a browser is needed
    Row("too many attempts", lambda: google.error_page(ErrorPage(429, "/signin")),
        errors.NeedsPerson, 6, "error page (HTTP 429), at /signin: too many attempts", "Wait"),
    Row("nobody to ask", nobody_answers, errors.NobodyToAsk, 6,
        "samlauth has to ask for the way to prove that it is you, and there is no terminal",
        "Name one with --mfa: sms, totp."),
    Row("nobody to choose", lambda: replay(
            choose(RESPONSE, ROLES, Wanted(resolve_aliases=False), Known()),
            errors.NobodyToAsk("nobody", hint="none"), raises=errors.NobodyToAsk).result,
        errors.NobodyToAsk, 6, "There are 2 roles to choose from, and no terminal to ask on.",
        "Name one with -r:\n  arn:aws:iam::111111111111:role/Admin"),
    Row("a browser that is wanted", lambda: google.rejected("deniedsigninrejected"),
        errors.NeedsBrowser, 6,
        "Google refused to sign in from this program and wants a browser (reason deniedsignin",
        "in a browser on this network"),
    Row("an account at home elsewhere", lambda: google.federated("login.example.com"),
        errors.NeedsBrowser, 6, "Google sent us on to login.example.com", "ask your administrator"),
    Row("a page nobody knows", lambda: google.unreadable(Unknown("a page without a form", "Hi")),
        errors.PageUnreadable, 6,
        "Google showed a page without a form, which this version cannot answer. It says: “Hi”",
        "in a browser"),
    Row("a page that would send the password away",
        lambda: Reach(Origin("idp.example.com")).check("https://evil.example.net/", "password"),
        errors.UnsafePage, 6, "wanted your password sent to https://evil.example.net, which is not",
        "look at the address bar"),
    Row("a redirect of the password", fetched(redirect(307, "https://evil.example.net/"), form=True),
        errors.UnsafePage, 6, "wanted your answer sent once more, to evil.example.net. It was not.",
        "Sign in with your browser"),
    Row("an address with http", lambda: Reach(Origin("a.example.com")).check("http://a.example.com"),
        errors.UnsafePage, 6, "asked for http:// at a.example.com; only https is safe.",
        "look at the address bar"),
    # 7: the role
    Row("a role that is not offered", chosen(Wanted("Root")), errors.NoSuchRole, 7,
        "The role Root is not among those you are offered.", "These are:\n"),
    # 8: AWS
    Row("no role at all", saml(
            '<Response xmlns="urn:oasis:names:tc:SAML:2.0:protocol"><Status><StatusCode Value='
            '"urn:oasis:names:tc:SAML:2.0:status:Success"/></Status><Assertion/></Response>'),
        errors.AssertionRefused, 8, "You signed in, but no AWS role is assigned to you.",
        "Ask your administrator"),
    Row("a refusal as a response", saml(
            '<Response><Status><StatusCode Value="urn:x:Responder"/></Status></Response>'),
        errors.AssertionRefused, 8, "did not sign you in to AWS (status Responder)", "the status"),
    Row("no SAML", saml("hello"), errors.AssertionRefused, 8, "is not XML", "as the browser posts"),
    Row("a response that is too old", refused_by_sts("ExpiredTokenException"), errors.STSRefused, 8,
        "too old for AWS, which takes it for five minutes.", "clock"),
    Row("a signature AWS does not know",
        refused_by_sts("InvalidIdentityToken", "Response signature invalid"), errors.STSRefused, 8,
        "does not trust the signature of https://idp.example.com", "metadata"),
    Row("a role that is not allowed", refused_by_sts("AccessDenied"), errors.STSRefused, 8,
        "AWS does not let you assume arn:aws:iam::111111111111:role/Admin", "trust policy"),
    Row("a duration that is too long",
        refused_by_sts("ValidationError", "DurationSeconds exceeds the MaxSessionDuration"),
        errors.STSRefused, 8, "does not allow credentials of 12 h.", "-d auto"),
    Row("a region that is off", refused_by_sts("RegionDisabledException"), errors.STSRefused, 8,
        "STS is switched off in eu-west-1", "-R, such as us-east-1"),
    Row("throttling", refused_by_sts("Throttling"), errors.STSRefused, 8,
        "AWS is limiting requests", "Wait a minute"),
    Row("a clock that is wrong", refused_by_sts("SignatureDoesNotMatch"), errors.STSRefused, 8,
        "AWS thinks this machine's clock is wrong: said so", "Set the clock"),
    Row("what nobody foresaw", refused_by_sts("Surprise"), errors.STSRefused, 8,
        "AWS refused arn:aws:iam::111111111111:role/Admin: Surprise: said so", "administrator"),
    # 9: the network
    Row("nobody listens", fetched(None), errors.NetworkError, 9, "refused the connection.", "VPN"),
    Row("a certificate nobody trusts", fetched(trusted=False), errors.NetworkError, 9,
        "is not trusted: it is signed by “Snooping Proxies Inc”. Nothing was sent.",
        "--ca-bundle"),
    Row("a server that is busy", fetched(response("", 503)), errors.NetworkError, 9,
        "has no answer at the moment (503 Service Unavailable).", "in a minute"),
    Row("a password nobody answered", fetched(b"", form=True), errors.NetworkError, 9,
        "Your answer had been sent: it may have counted as an attempt.", "does not send it again"),
    Row("a proxy that wants a password", fetched(proxy=407), errors.NetworkError, 9,
        "wants a user name and password.", "HTTPS_PROXY"),
    Row("a loop", fetched(redirect(302, "/")), errors.NetworkError, 9,
        "redirected more than 10 times.", "your browser"),
    # 10: files
    Row("a lock that is held", locked_file, errors.FileError, 10,
        "has been locked by another program for 0.05 seconds.", "fuser"),
    Row("a section twice", lambda: edit(b"[x]\n[x]\n", {"x": {"region": "r"}}), errors.FileError,
        10, "line 2: the section [x] is there already in line 1.", "Make the two one"),
    Row("a file that cannot be read", file_in_a_file, errors.FileError, 10,
        "could not be read: Not a directory.", "ls -ld"),
)  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_a_fault_is_a_sentence_a_next_step_and_an_exit_code(
    row: Row, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        error = row.fault()
    except SamlauthError as raised:
        error = raised
    assert type(error) is row.kind
    assert isinstance(error, SamlauthError)
    assert error.exit_code == row.code
    assert row.sentence in error.message
    assert row.next_step in error.hint
    cli.report(error)
    told = capsys.readouterr().err
    assert told.startswith(f"samlauth: {error.message}\n  ")
    assert "hunter2" not in told


def tree(root: type[SamlauthError] = SamlauthError) -> Iterator[type[SamlauthError]]:
    yield root
    for kind in root.__subclasses__():
        yield from tree(kind)


def test_every_class_of_the_tree_has_a_row() -> None:
    for module in pkgutil.walk_packages(samlauth.__path__, "samlauth."):
        if not module.name.endswith((".windows", ".__main__")):
            importlib.import_module(module.name)
    known = {kind for kind in tree() if kind.__module__.startswith("samlauth.")}
    assert known - {row.kind for row in TABLE} == set()
    assert len({row.name for row in TABLE}) == len(TABLE)


def test_the_document_of_the_tree_has_their_codes() -> None:
    document = errors.__doc__ or ""
    for kind in {row.kind for row in TABLE}:
        (line,) = re.findall(rf"^.*\b{kind.__name__}\b.*$", document, re.MULTILINE)
        if number := re.search(r" (\d+) ", line):
            assert int(number[1]) == kind.exit_code, kind
        else:
            assert kind.exit_code == (kind.__base__ or SamlauthError).exit_code, kind  # type: ignore[attr-defined]  # a class of the tree


def made() -> Iterator[tuple[str, ast.Call]]:
    """Every place that makes an error of the tree."""
    names = {kind.__name__ for kind in tree()}
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(node, ast.Call) and isinstance(called, ast.Name) and called.id in names:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def test_each_error_that_is_made_says_what_to_do_next() -> None:
    places = list(made())
    assert len(places) > 250
    without = [
        place
        for place, call in places
        if not any(
            word.arg == "hint"
            and not (isinstance(word.value, ast.Constant) and not word.value.value)
            for word in call.keywords
        )
    ]
    assert without == []


# The document for people


TROUBLESHOOTING = ROOT.parent / "docs" / "troubleshooting.md"
ANYTHING = "…"


def texts(node: ast.AST) -> Iterator[str]:
    """The texts in a piece of code, with … for what is filled in."""
    for inner in ast.walk(node):
        match inner:
            case ast.JoinedStr(values=values):
                yield "".join(
                    str(part.value) if isinstance(part, ast.Constant) else ANYTHING
                    for part in values
                )
            case ast.Constant(value=str(text)):
                yield text


def quoted() -> Iterator[tuple[str, int | None]]:
    """Each text that the document quotes, and the exit code it has there."""
    found = re.findall(
        r"^\*\*`(.+?)`\*\*(?: \((\d+)\))?$", TROUBLESHOOTING.read_text("utf-8"), re.MULTILINE
    )
    yield from ((text, int(code) if code else None) for text, code in found)


@cache
def pattern(text: str) -> re.Pattern[str]:
    """What it looks like with anything filled in."""
    return re.compile(".*".join(map(re.escape, text.split(ANYTHING))), re.DOTALL)


@cache
def has_words(text: str) -> bool:
    return len(re.findall(r"[a-z]", text)) >= 10


def is_said_by(quote: str, text: str) -> bool:
    """Whether the text of the code says what is quoted: a part of it, or all with words filled in."""
    if not has_words(text):
        return False
    if pattern(quote).search(text):
        return True
    return ANYTHING in text and bool(pattern(text).fullmatch(quote))


def test_what_the_document_quotes_is_what_the_code_says() -> None:
    trees = [ast.parse(path.read_text("utf-8")) for path in sorted(ROOT.rglob("*.py"))]
    everything = {text for tree_ in trees for text in texts(tree_)}
    rows = list(quoted())
    assert len(rows) > 30
    unknown = [
        quote for quote, _ in rows if not any(is_said_by(quote, text) for text in everything)
    ]
    assert unknown == []


def test_the_exit_codes_of_the_document_are_those_of_the_errors() -> None:
    codes = {kind.__name__: kind.exit_code for kind in tree()}
    said = [
        (codes[call.func.id], text)
        for _, call in made()
        if isinstance(call.func, ast.Name)
        for text in texts(call)
    ]
    for quote, code in quoted():
        found = {number for number, text in said if is_said_by(quote, text)}
        assert code is None or not found or code in found, (quote, code, found)


def test_the_document_has_every_exit_code() -> None:
    intro = TROUBLESHOOTING.read_text("utf-8").partition("\n## ")[0]
    assert all(re.search(rf"\b{kind.exit_code} [a-z]", intro, re.IGNORECASE) for kind in tree())
