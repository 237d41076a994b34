"""AWS STS, called by botocore, boto3's own client, over the connections the login uses.

Botocore knows the endpoint of every region and partition, STS's answers, and which of them are worth
another try. What it would find on its own is kept from it: no profile, key, CA bundle or proxy of
the person's is read. AssumeRoleWithSAML is not signed and must work when they are broken; a call that
is signed brings its credentials along.
"""

from __future__ import annotations

import io
import ipaddress
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC
from typing import TYPE_CHECKING, Any, TypedDict, assert_never, cast
from urllib.parse import quote_plus, urlencode, urlsplit

from urllib3 import BaseHTTPResponse, HTTPResponse, Timeout
from urllib3.exceptions import DecodeError, HTTPError, ProxyError, SSLError

from samlauth import __version__
from samlauth.effects.connections import Exchange, silence
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
    STSCall,
    Unmade,
)
from samlauth.printable import safe
from samlauth.reach import Origin
from samlauth.values import dataclass

if TYPE_CHECKING:
    import botocore.session
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from mypy_boto3_sts import STSClient

    from samlauth.effects.http import Http

log = logging.getLogger("samlauth.sts")

_SIDE_BY_SIDE = 8
_ATTEMPTS = 4
_LARGEST_ANSWER = 1_000_000
_SEVERAL = 300.0
"""Seconds that several calls may take together: AWS takes an assertion for as long."""
_BASE64 = re.compile(r"[A-Za-z0-9+/=]*")
_ENDPOINT_HINT = "Correct AWS_ENDPOINT_URL_STS, or unset AWS_ENDPOINT_URL for this command."


@dataclass(frozen=True)
class _Time:
    """How long a call may go on."""

    until: float
    """By the clock of the run."""
    over: Callable[[str], NetworkError]
    """What to raise after that instead of asking the URL."""


class STS:
    """Calls of STS over the connections of ``http``: the same trust, the same proxies.

    AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL and AWS_USE_FIPS_ENDPOINT are honoured. ``region`` is the
    one most likely to be called. ``connect`` and ``read`` are seconds for one connection and between
    two pieces of an answer, ``attempt`` for the whole of one attempt. All attempts of a call count to
    the time of the run that ``http`` keeps; several calls have a time of their own.
    """

    def __init__(
        self,
        http: Http,
        region: str | None = None,
        *,
        connect: float = 5,
        read: float = 15,
        attempt: float = 30,
    ) -> None:
        self._http = http
        self._connections = http.connections
        self._region = region or "us-east-1"
        self._connect, self._read = connect, read
        self._attempt_seconds = attempt
        self._lock = threading.Lock()
        self._called = False
        """Whether a call has begun: it connects for itself."""
        self._session: botocore.session.Session | None = None
        self._clients: dict[tuple[str, Credentials | None], STSClient] = {}
        self._here = threading.local()
        """``time``: the _Time of the call that a thread makes."""

    def prepare(self) -> None:
        """Import botocore and read STS's model, a tenth of a second; may run beside a login."""
        # Whatever is wrong with the settings is for call() to say, on the person's thread.
        with suppress(SettingsError):
            self._client(self._region)

    def reach_out(self) -> None:
        """Connect, for a call that will come soon; takes as long as :meth:`prepare`."""
        with suppress(SettingsError):
            url = urlsplit(self._client(self._region).meta.endpoint_url)
            with self._lock:
                if not self._called and url.scheme == "https" and url.hostname:
                    self._connections.early.open(Origin(url.hostname, url.port or 443))

    def endpoint(self, region: str) -> str:
        """The address of a region's STS. Raises SettingsError for a region or an endpoint that
        cannot be.
        """
        return self._client(region).meta.endpoint_url

    def call(self, step: CallSTS) -> tuple[Credentials | Caller | Refusal | Unmade, ...]:
        """What STS answers to each call, in their order, after at most four attempts each.

        Raises NetworkError when the only call could not be made in what was left of the run's time,
        or what answered was not STS;
        SettingsError for a region or an endpoint that cannot be. Of several calls, those answer
        with it themselves; and once one has failed in a region that has answered none, the others
        there are not tried, for each would take as long to fail.
        """
        with self._lock:
            self._called = True
        if len(step.calls) < 2:
            with self._http.counted() as until:
                own = _Time(until, self._http.no_time_for)
                return tuple(self._call(call, own) for call in step.calls)
        together = _Time(self._http.clock() + _SEVERAL, _too_long)
        answered: set[str] = set()
        given_up: dict[str, Unmade] = {}

        def attempt(call: STSCall) -> Credentials | Caller | Refusal | Unmade:
            if call.region in given_up:
                return given_up[call.region]
            try:
                found = self._call(call, together)
            except (NetworkError, SettingsError) as error:
                unmade = Unmade(error)
                if call.region not in answered:
                    given_up[call.region] = unmade
                return unmade
            answered.add(call.region)
            return found

        workers = ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="sts")
        try:
            return tuple(workers.map(attempt, step.calls))
        finally:
            # After an error or Ctrl-C nobody wants the calls that have not begun.
            workers.shutdown(wait=False, cancel_futures=True)

    def _call(self, call: STSCall, time: _Time) -> Credentials | Caller | Refusal:
        client = self._client(call.region, _signed_with(call))
        # Botocore sends on the thread that calls it, and hands nothing through.
        self._here.time = time
        # What botocore raises quotes the answer, credentials included. So it is never an exception's
        # context: faults are raised after the except clauses.
        fault = self._attempted(client, call)
        if isinstance(fault, Exception):
            raise fault
        return fault

    def _attempted(
        self, client: STSClient, call: STSCall
    ) -> Credentials | Caller | Refusal | NetworkError | SettingsError:
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
        from botocore.parsers import ResponseParserError

        where = safe(urlsplit(client.meta.endpoint_url).netloc)
        try:
            return _answered(client, call)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            said = error.response.get("Error", {})
            code = said.get("Code", "")
            # The status is botocore's own invention for an answer without an error document.
            if code not in ("", str(status)):
                return Refusal(code, said.get("Message", ""), status)
            return _not_sts(where, f"status {status}")
        except NetworkError as error:
            return error
        except HTTPClientError as error:
            # As _send wrapped it, for botocore to know that another attempt may help.
            wrapped = error.kwargs["error"]
            assert isinstance(wrapped, NetworkError)
            return wrapped
        except (ResponseParserError, KeyError):
            return _not_sts(where, "an answer that cannot be read")
        except BotoCoreError as error:
            return SettingsError(
                f"There is no STS endpoint for region {safe(call.region)}: {safe(str(error))}",
                hint="Name another region with -R.",
            )

    def _client(self, region: str, signed_with: Credentials | None = None) -> STSClient:
        which = region, signed_with
        with self._lock:
            if which not in self._clients:
                self._clients[which] = self._made(region, signed_with)
            return self._clients[which]

    def _made(self, region: str, signed_with: Credentials | None) -> STSClient:
        from botocore import UNSIGNED
        from botocore.config import Config
        from botocore.exceptions import InvalidRegionError

        silence("botocore")
        environ = self._connections.environ
        config = Config(
            signature_version="v4" if signed_with else UNSIGNED,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            # STS says best what is wrong with a parameter.
            parameter_validation=False,
            use_fips_endpoint=environ.get("AWS_USE_FIPS_ENDPOINT", "").lower() == "true",
            user_agent_extra=f"samlauth/{__version__}",
        )
        endpoint = _endpoint(environ)
        if self._session is None:
            self._session = _isolated()
        client: STSClient | None
        try:
            client = cast(
                "STSClient",
                self._session.create_client(
                    "sts",
                    region_name=region,
                    endpoint_url=endpoint,
                    config=config,
                    **_keys(signed_with),
                ),
            )
        except (InvalidRegionError, ValueError):
            client = None
        if client is None:
            raise SettingsError(
                f"There is no STS endpoint at {safe(endpoint or region)}.",
                hint="Name another region with -R." if endpoint is None else _ENDPOINT_HINT,
            )
        if signed_with is None:
            client.meta.events.register("choose-signer.sts", lambda **_: UNSIGNED)
        client.meta.events.register("before-call.sts", _encode)
        client.meta.events.register("before-send.sts", self._send)  # type: ignore[arg-type]  # an answer is allowed, and used: botocore.endpoint
        return client

    def _send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """One attempt, over our connections instead of botocore's own.

        Raises HTTPClientError around a NetworkError when another attempt may help, and a bare
        NetworkError, which botocore does not repeat, when it would not.
        """
        from botocore.awsrequest import AWSResponse
        from botocore.compat import HTTPHeaders
        from botocore.exceptions import HTTPClientError

        url, started = request.url, time.monotonic()
        where = urlsplit(url)
        left = self._here.time.until - self._http.clock()
        if left <= 0:
            raise self._here.time.over(url)
        timeout = Timeout(connect=min(self._connect, left), read=self._read)
        failure: Exception
        with Exchange(min(self._attempt_seconds, left)) as exchange:
            try:
                answer = self._connections.pool_for(url).urlopen(
                    "POST",
                    where.path or "/",
                    body=cast(bytes, request.body),
                    headers=dict(request.headers.items()),
                    timeout=timeout,
                    retries=False,
                    redirect=False,
                    preload_content=False,
                )
                with closing(answer):
                    body = _bounded(answer)
                if exchange.overdue:
                    raise TimeoutError
                took = (time.monotonic() - started) * 1000
                log.debug("POST %s %d %d ms", where.netloc, answer.status, took)
                raw = HTTPResponse(io.BytesIO(body), preload_content=False)
                headers = HTTPHeaders.from_pairs(answer.headers.items())
                return AWSResponse(url, answer.status, headers, raw)
            except (HTTPError, OSError) as caught:
                failure = caught
        fault = self._connections.network_error(failure, url, exchange)
        if isinstance(failure, SSLError | ProxyError) and not exchange.sent:
            raise fault
        raise HTTPClientError(error=fault)


def _too_long(url: str) -> NetworkError:
    return NetworkError(
        f"AWS has been asked for these roles for {_SEVERAL / 60:.0f} minutes, as long as it takes the "
        f"same answer of an identity provider; {safe(urlsplit(url).netloc)} was not asked any more.",
        hint="The network or AWS is slow: run the command again when it is faster.",
    )


def _encode(params: dict[str, Any], **_: object) -> None:
    """Encode the form once; botocore would do it three times for each call.

    And base64 by its three odd characters: urllib goes letter by letter, 2 ms for an assertion.
    """
    fields = dict(params["body"])
    assertion = fields.pop("SAMLAssertion", "")
    if _BASE64.fullmatch(assertion):
        for odd, encoded in (("+", "%2B"), ("/", "%2F"), ("=", "%3D")):
            assertion = assertion.replace(odd, encoded)
    else:
        assertion = quote_plus(assertion)
    body = urlencode(fields) + (f"&SAMLAssertion={assertion}" if assertion else "")
    params["body"] = body.encode("ascii")


class _Keys(TypedDict, total=False):
    aws_access_key_id: str
    aws_secret_access_key: str
    aws_session_token: str


def _keys(credentials: Credentials | None) -> _Keys:
    if credentials is None:
        return {}
    return {
        "aws_access_key_id": credentials.access_key_id,
        "aws_secret_access_key": credentials.secret_access_key,
        "aws_session_token": credentials.session_token,
    }


def _signed_with(call: STSCall) -> Credentials | None:
    match call:
        case AssumeRole(credentials=credentials) | GetCallerIdentity(credentials=credentials):
            return credentials
        case AssumeRoleWithSAML() | AssumeRoleWithWebIdentity():
            return None
        case _:
            assert_never(call)


def _answered(client: STSClient, call: STSCall) -> Credentials | Caller:
    """STS's yes. Raises what botocore does, KeyError for an answer that lacks something."""
    match call:
        case AssumeRoleWithSAML():
            found = client.assume_role_with_saml(
                RoleArn=call.role.role_arn,
                PrincipalArn=call.role.principal_arn,
                SAMLAssertion=call.saml_response.base64,
                DurationSeconds=call.duration_seconds,
                **_policies(call),
            )["Credentials"]
        case AssumeRole():
            found = client.assume_role(
                RoleArn=call.role_arn,
                RoleSessionName=call.role_session_name,
                DurationSeconds=call.duration_seconds,
                **_policies(call),
                **_wanted(call),
            )["Credentials"]
        case AssumeRoleWithWebIdentity():
            found = client.assume_role_with_web_identity(
                RoleArn=call.role_arn,
                RoleSessionName=call.role_session_name,
                WebIdentityToken=call.web_identity_token,
                DurationSeconds=call.duration_seconds,
                **_policies(call),
            )["Credentials"]
        case GetCallerIdentity():
            return Caller(client.get_caller_identity()["Arn"])
        case _:
            assert_never(call)
    return Credentials(
        found["AccessKeyId"],
        found["SecretAccessKey"],
        found["SessionToken"],
        found["Expiration"].astimezone(UTC),
    )


class _PolicyArn(TypedDict, total=False):
    arn: str


class _Policies(TypedDict, total=False):
    Policy: str
    PolicyArns: list[_PolicyArn]


def _policies(call: AssumeRoleWithSAML | AssumeRole | AssumeRoleWithWebIdentity) -> _Policies:
    """The parameters that are not sent at all where there is nothing in them."""
    found: _Policies = {}
    if call.policy:
        found["Policy"] = call.policy
    if call.policy_arns:
        found["PolicyArns"] = [{"arn": arn} for arn in call.policy_arns]
    return found


class _Tag(TypedDict):
    Key: str
    Value: str


class _Wanted(TypedDict, total=False):
    ExternalId: str
    SerialNumber: str
    TokenCode: str
    SourceIdentity: str
    Tags: list[_Tag]
    TransitiveTagKeys: list[str]


def _wanted(call: AssumeRole) -> _Wanted:
    """The same of the parameters that only a signed call has."""
    found: _Wanted = {}
    if call.external_id:
        found["ExternalId"] = call.external_id
    if call.serial_number:
        found["SerialNumber"] = call.serial_number
        found["TokenCode"] = call.token_code
    if call.source_identity:
        found["SourceIdentity"] = call.source_identity
    if call.tags:
        found["Tags"] = [{"Key": key, "Value": value} for key, value in call.tags]
    if call.transitive_tag_keys:
        found["TransitiveTagKeys"] = list(call.transitive_tag_keys)
    return found


def _isolated() -> botocore.session.Session:
    """A botocore session that sees neither the person's environment nor their AWS files."""
    import botocore.session

    from samlauth.effects.model import Loader

    defaults = {
        name: (None, None, default, cast)
        for name, (_, _, default, cast) in botocore.session.Session.SESSION_VARIABLES.items()
    }
    for name in ("config_file", "credentials_file"):
        defaults[name] = (None, None, os.devnull, None)
    # The one lookup that goes to os.environ past these; _endpoint has read what it may say.
    defaults["ignore_configured_endpoint_urls"] = (None, None, True, None)
    # Botocore's own handlers are for what is odd about other services, and a hundred of them.
    session = botocore.session.Session(session_vars=defaults, include_builtin_handlers=False)
    session.register_component("data_loader", Loader())
    return session


def _endpoint(environ: Mapping[str, str]) -> str | None:
    """The endpoint the environment sets instead of the region's (AWS SDKs reference, "Service-
    specific endpoints"). Raises SettingsError for one that would send the assertion in the clear.
    """
    for name in ("AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"):
        if endpoint := environ.get(name, "").strip():
            try:
                parts = urlsplit(endpoint)
                host = parts.hostname or ""
            except ValueError:
                host = ""
            if host and (parts.scheme == "https" or (parts.scheme == "http" and _is_here(host))):
                return endpoint
            raise SettingsError(
                f"{name} is {safe(endpoint)}; the SAML response is only sent over https, or to "
                "this machine.",
                hint=_ENDPOINT_HINT,
            )
    return None


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bounded(answer: BaseHTTPResponse) -> bytes:
    body = bytearray()
    for piece in answer.stream(65536, decode_content=True):
        body += piece
        if len(body) > _LARGEST_ANSWER:
            raise DecodeError("too large")
    return bytes(body)


def _not_sts(where: str, what: str) -> NetworkError:
    return NetworkError(
        f"What answered for {where} is not STS: it sent {what}.",
        hint="A proxy, a guest network's sign-in page or AWS_ENDPOINT_URL_STS may be in between.",
    )
