from __future__ import annotations

import logging
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import pytest
import trustme

from samlauth import __version__
from samlauth.effects import sts as sts_module
from samlauth.effects.http import Http
from samlauth.effects.sts import STS
from samlauth.errors import NetworkError, SettingsError
from samlauth.flow import (
    AssumeRole,
    AssumeRoleWithSAML,
    AssumeRoleWithWebIdentity,
    Caller,
    CallSTS,
    Credentials,
    GetCallerIdentity,
    Refusal,
    Unmade,
)
from samlauth.saml import Role, SAMLResponse
from tests.effects.loopback import Proxy, Received, Reply, Server, response

XMLNS = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'
SECRET = "wJalrXUtnFEMI/K7MDENG/s3cr3tKEY"
TOKEN = "FwoGZXIvYXdzEs3cr3tTOKEN=="
ASSERTION = "PHNhbWxwOlJlc3BvbnNlPnMzY3IzdA=="


def granted(
    access_key_id: str = "ASIAEXAMPLE",
    expiration: str = "2026-11-21T21:00:00Z",
    operation: str = "AssumeRoleWithSAML",
) -> bytes:
    return response(
        f"""<{operation}Response {XMLNS}><{operation}Result><Credentials>
        <AccessKeyId>{access_key_id}</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey>
        <SessionToken>{TOKEN}</SessionToken><Expiration>{expiration}</Expiration>
        </Credentials></{operation}Result></{operation}Response>"""
    )


def error(code: str, message: str = "no", status: int = 400) -> bytes:
    return response(
        f"<ErrorResponse {XMLNS}><Error><Type>Sender</Type><Code>{code}</Code>"
        f"<Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>",
        status,
    )


def call(name: str = "Dev", region: str = "eu-west-1") -> AssumeRoleWithSAML:
    role = Role(
        f"arn:aws:iam::000111000111:role/{name}", "arn:aws:iam::000111000111:saml-provider/Google"
    )
    return AssumeRoleWithSAML(
        role, SAMLResponse(ASSERTION, "https://signin.aws.amazon.com/saml"), 3600, region
    )


def parameters(request: Received) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


class Bench:
    """STS by any of its names, on loopback behind a CONNECT proxy."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.ca = trustme.CA()
        self._bundle = folder / "ca.pem"
        self.ca.cert_pem.write_to_path(self._bundle)
        self._stack = stack
        self.routes: dict[str, int] = {}
        self.now = 0.0
        """The seconds that a run counts."""
        self.proxy = stack.enter_context(Proxy(self.routes))

    def serves(
        self,
        reply: Callable[[Received], Reply],
        host: str = "sts.eu-west-1.amazonaws.com",
        certificate: trustme.LeafCert | None = None,
    ) -> Server:
        certificate = certificate or self.ca.issue_cert(host)
        server = self._stack.enter_context(Server(reply, certificate))
        self.routes[f"{host}:443"] = server.port
        return server

    def http(self, **environ: str) -> Http:
        everything = {"HTTPS_PROXY": self.proxy.url, "AWS_CA_BUNDLE": str(self._bundle), **environ}
        http = Http(everything, hide=lambda _: None, clock=lambda: self.now)
        self._stack.callback(http.close)
        return http

    def sts(self, **environ: str) -> STS:
        return STS(self.http(**environ))

    def slow(self, seconds: float, *replies: Reply) -> Callable[[Received], Reply]:
        """The replies in turn, the last one for ever, each so long after it was asked for."""
        left = list(replies)

        def reply(_: Received) -> Reply:
            self.now += seconds
            return left.pop(0) if len(left) > 1 else left[0]

        return reply


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(tmp_path, stack)


class TestTheCall:
    def test_credentials(self, bench: Bench) -> None:
        server = bench.serves(lambda _: granted())
        expected = Credentials(
            "ASIAEXAMPLE", SECRET, TOKEN, datetime(2026, 11, 21, 21, 0, tzinfo=UTC)
        )
        (found,) = bench.sts().call(CallSTS((call(),)))
        assert found == expected
        assert isinstance(found, Credentials)
        assert found.expiration.tzinfo is UTC
        (request,) = server.requests
        assert parameters(request) == {
            "Action": "AssumeRoleWithSAML",
            "Version": "2011-06-15",
            "RoleArn": "arn:aws:iam::000111000111:role/Dev",
            "PrincipalArn": "arn:aws:iam::000111000111:saml-provider/Google",
            "SAMLAssertion": ASSERTION,
            "DurationSeconds": "3600",
        }
        assert "authorization" not in request.headers
        assert f"samlauth/{__version__}" in request.headers["user-agent"]
        assert bench.proxy.asked == ["CONNECT sts.eu-west-1.amazonaws.com:443"]

    def test_an_expiration_elsewhere_is_told_in_utc(self, bench: Bench) -> None:
        bench.serves(lambda _: granted(expiration="2026-11-21T23:00:00+02:00"))
        (found,) = bench.sts().call(CallSTS((call(),)))
        assert isinstance(found, Credentials)
        assert found.expiration.isoformat() == "2026-11-21T21:00:00+00:00"

    @pytest.mark.parametrize(
        ("region", "host"),
        [
            ("us-east-1", "sts.us-east-1.amazonaws.com"),
            ("us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"),
            ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
        ],
    )
    def test_the_endpoint_is_the_regions(self, bench: Bench, region: str, host: str) -> None:
        bench.serves(lambda _: granted(), host)
        assert bench.sts().call(CallSTS((call(region=region),)))
        assert bench.proxy.asked == [f"CONNECT {host}:443"]

    def test_the_fips_endpoint(self, bench: Bench) -> None:
        bench.serves(lambda _: granted(), "sts-fips.us-east-1.amazonaws.com")
        assert bench.sts(AWS_USE_FIPS_ENDPOINT="true").call(CallSTS((call(region="us-east-1"),)))

    def test_several_calls_are_answered_in_their_order(self, bench: Bench) -> None:
        together = threading.Barrier(3, timeout=20)

        def answer(request: Received) -> bytes:
            together.wait()  # all three are under way at once
            name = parameters(request)["RoleArn"].rpartition("/")[2]
            return error("AccessDenied", name, 403) if name == "Two" else granted(name)

        bench.serves(answer)
        found = bench.sts().call(CallSTS((call("One"), call("Two"), call("Three"))))
        assert [
            result.access_key_id if isinstance(result, Credentials) else result for result in found
        ] == ["One", Refusal("AccessDenied", "Two", 403), "Three"]

    def test_never_more_than_eight_at_once(self, bench: Bench) -> None:
        eight, lock = threading.Barrier(8, timeout=20), threading.Lock()
        now = most = 0

        def answer(_: Received) -> bytes:
            nonlocal now, most
            with lock:
                now += 1
                most = max(most, now)
            eight.wait()  # goes on once eight are under way
            with lock:
                now -= 1
            return granted()

        bench.serves(answer)
        found = bench.sts().call(CallSTS((call(),) * 24))
        assert sum(isinstance(result, Credentials) for result in found) == 24
        assert most == 8

    def test_of_several_calls_one_that_cannot_be_made_leaves_the_others_be(
        self, bench: Bench
    ) -> None:
        bench.serves(lambda _: granted())
        away, senseless = "ap-southeast-2", "no such region"
        calls = (call(), call(region=away), call(), call(region=senseless), call(region=away))
        one, lost, other, wrong, lost_too = bench.sts().call(CallSTS(calls))
        assert isinstance(one, Credentials) and isinstance(other, Credentials)
        assert isinstance(lost, Unmade) and isinstance(lost_too, Unmade)
        assert isinstance(lost.error, NetworkError) and isinstance(lost_too.error, NetworkError)
        assert isinstance(wrong, Unmade) and isinstance(wrong.error, SettingsError)

    def test_where_nothing_answers_not_all_of_many_are_tried(self, bench: Bench) -> None:
        found = bench.sts().call(CallSTS((call(),) * 100))
        assert all(isinstance(result, Unmade) for result in found)
        assert 1 <= len(bench.proxy.asked) <= 16

    def test_no_calls_no_answers(self, bench: Bench) -> None:
        assert bench.sts().call(CallSTS(())) == ()

    @pytest.mark.parametrize(
        ("code", "status"),
        [
            ("ExpiredTokenException", 400),
            ("InvalidIdentityToken", 400),
            ("ValidationError", 400),
            ("AccessDenied", 403),
            ("RegionDisabledException", 403),
        ],
    )
    def test_what_sts_refuses_is_a_reply_and_not_repeated(
        self, bench: Bench, code: str, status: int
    ) -> None:
        server = bench.serves(lambda _: error(code, "in STS's words", status))
        assert bench.sts().call(CallSTS((call(),))) == (Refusal(code, "in STS's words", status),)
        assert len(server.requests) == 1

    def test_what_does_not_fit_sts_is_left_to_sts(self, bench: Bench) -> None:
        bench.serves(lambda _: error("ValidationError", "too short"))
        short = AssumeRoleWithSAML(call().role, SAMLResponse("x", ""), 1, "eu-west-1")
        assert bench.sts().call(CallSTS((short,))) == (Refusal("ValidationError", "too short"),)


class TestEndpoints:
    @pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"])
    def test_the_environments_is_used(self, bench: Bench, variable: str) -> None:
        server = bench.serves(lambda _: granted(), "sts.example.test")
        assert bench.sts(**{variable: "https://sts.example.test"}).call(CallSTS((call(),)))
        assert len(server.requests) == 1

    def test_stss_own_comes_first(self, bench: Bench) -> None:
        server = bench.serves(lambda _: granted(), "sts.example.test")
        sts = bench.sts(
            AWS_ENDPOINT_URL="https://other.example.test",
            AWS_ENDPOINT_URL_STS="https://sts.example.test",
        )
        assert sts.call(CallSTS((call(),)))
        assert len(server.requests) == 1

    def test_plain_http_stays_on_this_machine(self, bench: Bench) -> None:
        with Server(lambda _: granted()) as server:
            sts = bench.sts(AWS_ENDPOINT_URL=f"http://127.0.0.1:{server.port}")
            assert sts.call(CallSTS((call(),)))
            sts._connections.close()
        assert bench.proxy.asked == []

    @pytest.mark.parametrize(
        "endpoint",
        ["http://sts.example.test", "http://10.0.0.1:5000", "sts.example.test", "https://["],
    )
    def test_any_other_is_refused_before_anything_is_sent(
        self, bench: Bench, endpoint: str
    ) -> None:
        with pytest.raises(SettingsError, match="AWS_ENDPOINT_URL"):
            bench.sts(AWS_ENDPOINT_URL=endpoint).call(CallSTS((call(),)))
        assert bench.proxy.asked == []

    @pytest.mark.parametrize("region", ["", "eu west", "eu-west-1.evil.test/", "\x1b[31m"])
    def test_what_is_no_region(self, bench: Bench, region: str) -> None:
        with pytest.raises(SettingsError, match="no STS endpoint") as caught:
            bench.sts().call(CallSTS((call(region=region),)))
        assert "\x1b" not in caught.value.message
        assert bench.proxy.asked == []

    def test_preparing_leaves_wrong_settings_to_the_call(self, bench: Bench) -> None:
        sts = bench.sts(AWS_ENDPOINT_URL="http://10.0.0.1:5000")
        sts.prepare()
        with pytest.raises(SettingsError):
            sts.call(CallSTS((call(),)))


class TestFaults:
    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_transient_answers_are_tried_four_times(self, bench: Bench, status: int) -> None:
        server = bench.serves(lambda _: response("<html>busy", status))
        with pytest.raises(NetworkError, match=rf"eu-west-1.* is not STS: it sent status {status}"):
            bench.sts().call(CallSTS((call(),)))
        assert len(server.requests) == 4

    @pytest.mark.parametrize(
        "fault",
        [
            lambda sock: None,
            lambda sock: sock.sendall(response("<Assume", length=900)),
            lambda sock: sock.sendall(b"220 mail.test\r\n"),
        ],
        ids=["closed", "cut", "no http"],
    )
    def test_a_broken_answer_is_tried_again(
        self, bench: Bench, fault: Callable[[socket.socket], None]
    ) -> None:
        replies: list[Reply] = [fault, fault, fault, granted()]
        bench.serves(lambda _: replies.pop(0))
        assert isinstance(bench.sts().call(CallSTS((call(),)))[0], Credentials)

    def test_and_then_given_up(self, bench: Bench) -> None:
        server = bench.serves(lambda _: lambda sock: None)
        with pytest.raises(NetworkError, match=r"sts\.eu-west-1.* broke the connection") as caught:
            bench.sts().call(CallSTS((call(),)))
        assert len(server.requests) == 4
        assert caught.value.__cause__ is caught.value.__context__ is None

    def test_what_sts_says_may_help_again_is_repeated(self, bench: Bench) -> None:
        replies = [error("IDPCommunicationError"), granted()]
        bench.serves(lambda _: replies.pop(0))
        assert isinstance(bench.sts().call(CallSTS((call(),)))[0], Credentials)

    @pytest.mark.parametrize(
        "body",
        [
            f"<html><body>{SECRET}",
            f"<html><body>{SECRET}</body></html>",
            f"<AssumeRoleWithSAMLResponse {XMLNS}><AssumeRoleWithSAMLResult>{SECRET}",
            "",
        ],
    )
    @pytest.mark.parametrize("status", [200, 302, 403])
    def test_what_is_not_sts_is_named_and_not_quoted(
        self, bench: Bench, body: str, status: int
    ) -> None:
        server = bench.serves(lambda _: response(body, status))
        with pytest.raises(NetworkError, match=r"answered for sts\.eu-west-1") as caught:
            bench.sts().call(CallSTS((call(),)))
        assert SECRET not in caught.value.message
        assert caught.value.__cause__ is caught.value.__context__ is None
        assert len(server.requests) == 1

    def test_an_endless_answer_is_cut_off(self, bench: Bench) -> None:
        bench.serves(lambda _: response(b" " * 1_100_000))
        with pytest.raises(NetworkError, match="came damaged"):
            bench.sts().call(CallSTS((call(),)))

    def test_an_untrusted_certificate_is_not_tried_again(self, bench: Bench) -> None:
        stranger = trustme.CA(organization_name="Stranger")
        host = "sts.eu-west-1.amazonaws.com"
        server = bench.serves(lambda _: granted(), certificate=stranger.issue_cert(host))
        with pytest.raises(NetworkError, match="not trusted: it is signed by “Stranger”"):
            bench.sts().call(CallSTS((call(),)))
        assert server.requests == []
        # Once to call, once more to see whose certificate it is.
        assert len(bench.proxy.asked) == 2

    def test_a_proxy_that_says_no(self, bench: Bench) -> None:
        with (
            Proxy({}, refusal=response("", 407)) as proxy,
            pytest.raises(NetworkError, match="wants a user name"),
        ):
            bench.sts(HTTPS_PROXY=proxy.url).call(CallSTS((call(),)))
        assert len(proxy.asked) == 1

    def test_a_proxy_of_no_use_is_a_setting(self, bench: Bench) -> None:
        with pytest.raises(SettingsError, match="HTTPS_PROXY"):
            bench.sts(HTTPS_PROXY="socks5://p:1").call(CallSTS((call(),)))


class TestTheRun:
    """A call has what is left of the two minutes of a run, whose other part is the sign-in's."""

    BUSY = response("<html>busy", 503)

    def test_attempts_end_with_the_run(self, bench: Bench) -> None:
        server = bench.serves(bench.slow(50, self.BUSY))
        with pytest.raises(NetworkError) as caught:
            bench.sts().call(CallSTS((call(),)))
        assert len(server.requests) == 3
        assert caught.value.message == (
            "This sign-in has waited for answers for 120 seconds, which is too long; "
            "sts.eu-west-1.amazonaws.com was not asked any more."
        )
        assert caught.value.hint
        assert caught.value.exit_code == 9
        assert caught.value.__cause__ is caught.value.__context__ is None

    def test_what_the_sign_in_took_is_gone(self, bench: Bench) -> None:
        server = bench.serves(lambda _: granted())
        http = bench.http()
        with http.counted():
            bench.now += 119
        assert isinstance(STS(http).call(CallSTS((call(),)))[0], Credentials)
        with http.counted():
            bench.now += 1
        with pytest.raises(NetworkError, match="was not asked any more"):
            STS(http).call(CallSTS((call(),)))
        assert len(server.requests) == 1

    def test_and_what_a_call_took(self, bench: Bench) -> None:
        server = bench.serves(bench.slow(50, granted()))
        sts = bench.sts()
        for _ in range(3):
            assert isinstance(sts.call(CallSTS((call(),)))[0], Credentials)
        with pytest.raises(NetworkError, match="was not asked any more"):
            sts.call(CallSTS((call(),)))
        assert len(server.requests) == 3

    def test_what_a_person_takes_is_not(self, bench: Bench) -> None:
        bench.serves(bench.slow(30, granted()))
        sts = bench.sts()
        for _ in range(3):
            bench.now += 1000
            assert isinstance(sts.call(CallSTS((call(),)))[0], Credentials)

    def test_an_answer_that_does_not_come_is_waited_for_no_longer(self, bench: Bench) -> None:
        def stall(sock: socket.socket) -> None:
            bench.now += 1
            server.closing.wait(30)

        server = bench.serves(lambda _: stall)
        http = bench.http()
        with http.counted():
            bench.now += 119.5
        with pytest.raises(NetworkError, match="was not asked any more"):
            STS(http).call(CallSTS((call(),)))
        assert len(server.requests) == 1

    def test_several_calls_have_the_time_of_an_assertion(self, bench: Bench) -> None:
        server = bench.serves(bench.slow(100, granted()))
        http = bench.http()
        sts = STS(http)
        found = sts.call(CallSTS((call(),) * 12))
        late = [one for one in found if isinstance(one, Unmade)]
        # Those that had begun were not given up: up to eight are under way at once.
        assert len(server.requests) == 12 - len(late) >= 3
        assert late
        for one in late:
            assert isinstance(one.error, NetworkError)
            assert one.error.message == (
                "AWS has been asked for these roles for 5 minutes, as long as it takes the same "
                "answer of an identity provider; sts.eu-west-1.amazonaws.com was not asked any more."
            )
            assert one.error.hint

    def test_which_is_not_the_run_s(self, bench: Bench) -> None:
        bench.serves(bench.slow(100, granted()))
        http = bench.http()
        with http.counted():
            bench.now += 119
        sts = STS(http)
        assert all(isinstance(one, Credentials) for one in sts.call(CallSTS((call(), call()))))
        assert isinstance(sts.call(CallSTS((call(),)))[0], Credentials)


class TestIsolation:
    """Whatever is wrong on the person's side of AWS, this call does not need it."""

    BROKEN: Mapping[str, str] = {
        "AWS_PROFILE": "no-such-profile",
        "AWS_DEFAULT_PROFILE": "no-such-profile",
        "AWS_ACCESS_KEY_ID": "AKIAOLD",
        "AWS_RETRY_MODE": "nonsense",
        "AWS_MAX_ATTEMPTS": "many",
        "AWS_DEFAULTS_MODE": "nonsense",
        "AWS_STS_REGIONAL_ENDPOINTS": "legacy",
        "AWS_DEFAULT_REGION": "nowhere-1",
        "AWS_ENDPOINT_URL_STS": "https://evil.test",
        "AWS_DATA_PATH": "/nonexistent",
        "AWS_CA_BUNDLE": "/nonexistent",
        "REQUESTS_CA_BUNDLE": "/nonexistent",
        "HTTPS_PROXY": "http://127.0.0.1:9",
    }

    @pytest.mark.parametrize(
        "config",
        [
            "[default\nregion = ",
            "[default]\nendpoint_url = https://evil.test\nca_bundle = /nonexistent\n"
            "role_arn = x\nsource_profile = gone\nretry_mode = nonsense\n",
            "[default]\nservices = gone\nsso_session = gone\n",
            "\ufeff\udcff",
        ],
        ids=["unparseable", "misleading", "dangling", "no text"],
    )
    def test_nothing_of_the_persons_is_read(
        self, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: str
    ) -> None:
        for name in ("config", "credentials"):
            path = tmp_path / ".aws" / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(config.encode("utf-8", "surrogateescape"))
            path.chmod(0o600)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / ".aws" / "config"))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / ".aws" / "credentials"))
        for name, value in self.BROKEN.items():
            monkeypatch.setenv(name, value)
        server = bench.serves(lambda _: granted())
        assert isinstance(bench.sts().call(CallSTS((call(),)))[0], Credentials)
        assert "authorization" not in server.requests[0].headers

    def test_boto3_never_logs(self, bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
        bench.serves(lambda _: granted())
        with caplog.at_level(logging.DEBUG):
            sts = bench.sts()
            sts.prepare()
            sts.call(CallSTS((call(),)))
        assert {record.name for record in caplog.records} == {"samlauth.sts"}
        (line,) = caplog.messages
        assert line.startswith("POST sts.eu-west-1.amazonaws.com 200 ")

    def test_preparing_and_calling_may_overlap(self, bench: Bench) -> None:
        bench.serves(lambda _: granted())
        sts = bench.sts()
        threads = [threading.Thread(target=sts.prepare) for _ in range(3)]
        for thread in threads:
            thread.start()
        assert isinstance(sts.call(CallSTS((call(),)))[0], Credentials)
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()

    def test_boto3_is_imported_by_preparing_only(self) -> None:
        listed = "import sys, samlauth.effects.http, samlauth.effects.sts; print(*sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", listed], capture_output=True, text=True, check=True
        )
        assert not set(done.stdout.split()) & {"boto3", "botocore"}


@pytest.mark.parametrize("assertion", [ASSERTION, "PHA+/w==", "no base64: ä&=+%/ x"])
def test_a_form_is_encoded_as_urllib_would(assertion: str) -> None:
    form = {"Action": "AssumeRoleWithSAML", "RoleArn": "arn:x/y z", "SAMLAssertion": assertion}
    params: dict[str, object] = {"body": form}
    sts_module._encode(params)
    assert params == {"body": urlencode(form).encode()}


class TestOtherOperations:
    ROLE = "arn:aws:iam::888777666555:role/assumed-dev"
    OWN = Credentials("ASIAOWN", "own-secret", "own-token", datetime(2026, 11, 21, tzinfo=UTC))

    def test_assume_role_is_signed_with_the_credentials_of_the_call(self, bench: Bench) -> None:
        server = bench.serves(lambda _: granted("ASIANEW", operation="AssumeRole"))
        everything = AssumeRole(
            self.ROLE,
            "ada",
            self.OWN,
            1800,
            "eu-west-1",
            "{}",
            ("arn:aws:iam::aws:policy/ReadOnlyAccess",),
            "partner-7",
            "arn:aws:iam::111111111111:mfa/ada",
            "123456",
            (("team", "a"), ("cost", "b")),
            ("team",),
            "ada-l",
        )
        (found,) = bench.sts().call(CallSTS((everything,)))
        assert isinstance(found, Credentials)
        assert found.access_key_id == "ASIANEW"
        (request,) = server.requests
        assert "Credential=ASIAOWN/" in request.headers["authorization"]
        assert "/eu-west-1/sts/aws4_request" in request.headers["authorization"]
        assert request.headers["x-amz-security-token"] == "own-token"
        assert parameters(request) == {
            "Action": "AssumeRole",
            "Version": "2011-06-15",
            "RoleArn": self.ROLE,
            "RoleSessionName": "ada",
            "DurationSeconds": "1800",
            "Policy": "{}",
            "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
            "ExternalId": "partner-7",
            "SerialNumber": "arn:aws:iam::111111111111:mfa/ada",
            "TokenCode": "123456",
            "Tags.member.1.Key": "team",
            "Tags.member.1.Value": "a",
            "Tags.member.2.Key": "cost",
            "Tags.member.2.Value": "b",
            "TransitiveTagKeys.member.1": "team",
            "SourceIdentity": "ada-l",
        }

    def test_what_was_not_given_is_not_sent(self, bench: Bench) -> None:
        server = bench.serves(lambda _: granted(operation="AssumeRole"))
        bench.sts().call(CallSTS((AssumeRole(self.ROLE, "ada", self.OWN, 3600, "eu-west-1"),)))
        (request,) = server.requests
        assert parameters(request).keys() == {
            *("Action", "Version", "RoleArn", "RoleSessionName", "DurationSeconds")
        }

    def test_a_web_identity_is_not_signed(self, bench: Bench) -> None:
        server = bench.serves(lambda _: granted(operation="AssumeRoleWithWebIdentity"))
        asked = AssumeRoleWithWebIdentity(self.ROLE, "ada", "ey.J.x", 3600, "eu-west-1")
        (found,) = bench.sts().call(CallSTS((asked,)))
        assert isinstance(found, Credentials)
        (request,) = server.requests
        assert "authorization" not in request.headers
        assert parameters(request)["WebIdentityToken"] == "ey.J.x"

    def test_the_caller_is_who_sts_says(self, bench: Bench) -> None:
        answer = (
            f"<GetCallerIdentityResponse {XMLNS}><GetCallerIdentityResult><Arn>arn:x</Arn>"
            "</GetCallerIdentityResult></GetCallerIdentityResponse>"
        )
        server = bench.serves(lambda _: response(answer))
        asked = GetCallerIdentity(self.OWN, "eu-west-1")
        assert bench.sts().call(CallSTS((asked,))) == (Caller("arn:x"),)
        assert "Credential=ASIAOWN/" in server.requests[0].headers["authorization"]
