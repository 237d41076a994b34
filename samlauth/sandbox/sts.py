"""The STS of a rehearsal: moto's, behind the checks that AWS makes and moto does not.

AssumeRoleWithSAML is answered here (moto reads no assertion with more than one role). Everything
else must be signed with keys that were issued here, secret and token included, before moto sees
it; so GetCallerIdentity proves what it proves at AWS.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import uuid4
from xml.sax.saxutils import escape

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Keys
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.sts.models import AssumedRole, sts_backends
from werkzeug.test import EnvironBuilder, run_wsgi_app

from samlauth.sandbox.chains import Wanted
from samlauth.sandbox.trust import Fault, Redeemed, Trust
from samlauth.sandbox.web import Request, Response

if TYPE_CHECKING:
    from samlauth.sandbox.accounts import AccountRole

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/sts/"
    r"aws4_request, ?SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_PROOFS = frozenset({"SAMLAssertion", "WebIdentityToken"})
_UNSIGNED = frozenset({"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"})


@dataclass(frozen=True)
class Region:
    """Where an STS host answers for."""

    partition: str
    name: str
    """The region to sign for; the global host signs for us-east-1."""


@cache
def regions() -> dict[str, Region]:
    """Every public STS host of every partition botocore knows."""
    session = botocore.session.Session()
    hosts = {"sts.amazonaws.com": Region("aws", "us-east-1")}
    for data in session.get_data("endpoints")["partitions"]:
        partition, suffix = data["partition"], data["dnsSuffix"]
        for name in session.get_available_regions("sts", partition_name=partition):
            hosts[f"sts.{name}.{suffix}"] = Region(partition, name)
    return hosts


@dataclass(frozen=True)
class Call:
    """One call that was answered."""

    action: str
    host: str
    role_arn: str
    fault: str
    """The error code, empty for a success."""
    policy: str = ""
    policy_arns: tuple[str, ...] = ()
    """The session policies."""
    parameters: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """All that was sent but what proves who one is: assertions and tokens."""


class STS:
    """The application behind every STS host."""

    def __init__(self, trust: Trust, clock: Callable[[], float] = time.time) -> None:
        self.calls: list[Call] = []
        self.most_at_once = 0
        """How many calls there were at the same time, at most."""
        self._now = 0
        self.wanted = Wanted()
        """What the roles want of those who are not signed in by SAML."""
        self._trust = trust
        self._clock = clock
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()  # moto's backends are plain dictionaries
        self._counting = threading.Lock()

    def __call__(self, request: Request) -> Response:
        """Answers one request."""
        with self._counting:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            return self._answer(request)
        finally:
            with self._counting:
                self._now -= 1

    def _answer(self, request: Request) -> Response:
        host = request.host.removesuffix(":443").lower()
        parameters = dict(request.form if request.method == "POST" else request.query)
        action = parameters.get("Action", "")
        fault = ""
        with self._lock:
            try:
                if action == "AssumeRoleWithSAML":
                    response = self._assume_role_with_saml(parameters, regions()[host])
                else:
                    if action not in _UNSIGNED:
                        self._authenticate(request, regions()[host])
                    self.wanted.check(action, parameters, self._clock())
                    response = self._pass_on(request, host)
            except Fault as refused:
                fault, response = refused.code, _error(refused)
            self.calls.append(
                Call(
                    action,
                    host,
                    parameters.get("RoleArn", ""),
                    fault,
                    parameters.get("Policy", ""),
                    tuple(
                        value
                        for name, value in parameters.items()
                        if name.startswith("PolicyArns.member.")
                    ),
                    {name: value for name, value in parameters.items() if name not in _PROOFS},
                )
            )
        return response

    def _assume_role_with_saml(self, parameters: dict[str, str], region: Region) -> Response:
        redeemed = self._trust.redeem(
            parameters, partition=region.partition, now=datetime.fromtimestamp(self._clock(), UTC)
        )
        role = redeemed.role
        _register(role)
        assumed = sts_backends[role.account_id][role.partition].assume_role(
            region_name=region.name,
            role_session_name=redeemed.role_session_name,
            role_arn=role.role_arn,
            policy="",
            duration=redeemed.duration_seconds,
            external_id="",
        )
        return _credentials(assumed, redeemed)

    def _authenticate(self, request: Request, region: Region) -> None:
        """Check the request's Signature Version 4 against the keys that were issued.

        Raises Fault.
        """
        header = request.headers.get("Authorization", "")
        if not header:
            raise Fault(
                "MissingAuthenticationToken", "Request is missing Authentication Token", 403
            )
        claimed = _AUTHORIZATION.fullmatch(header)
        if claimed is None:
            raise Fault("IncompleteSignature", "The Authorization header cannot be read.")
        assumed = issued(claimed["key"])
        token = request.headers.get("X-Amz-Security-Token", "")
        if assumed is None or assumed.session_token != token:
            raise Fault(
                "InvalidClientTokenId",
                "The security token included in the request is invalid.",
                403,
            )
        if assumed.expiration.replace(tzinfo=UTC).timestamp() <= self._clock():
            raise Fault(
                "ExpiredToken", "The security token included in the request is expired", 403
            )
        if claimed["region"] != region.name:
            raise Fault(
                "SignatureDoesNotMatch", "Credential should be scoped to a valid region.", 403
            )
        if _signature(request, claimed["headers"], assumed, region) != claimed["signature"]:
            raise Fault(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. "
                "Check your AWS Secret Access Key and signing method. "
                "Consult the service documentation for details.",
                403,
            )

    def _pass_on(self, request: Request, host: str) -> Response:
        environ = EnvironBuilder(
            path=request.path,
            query_string=request.target.partition("?")[2],
            method=request.method,
            base_url=f"https://{host}",
            data=request.body,
            headers=list(request.headers.items()),
        ).get_environ()
        chunks, status, headers = run_wsgi_app(self._moto, environ)
        passed = tuple((k, v) for k, v in headers if k.lower() == "content-type")
        return Response(int(status.split()[0]), b"".join(chunks), passed)


def _register(role: AccountRole) -> None:
    """Makes moto's IAM know the role, so that its unique id stays the same."""
    backend = iam_backends[role.account_id][role.partition]
    if not any(known.arn == role.role_arn for known in backend.get_roles()):
        backend.create_role(
            role_name=role.name,
            assume_role_policy_document="{}",
            path=role.path,
            permissions_boundary=None,
            description="A role of a samlauth rehearsal",
            tags=[],
            max_session_duration=str(role.max_session_duration),
        )


def issued(access_key_id: str) -> AssumedRole | None:
    """The credentials with this id, if they were issued here."""
    for account in list(sts_backends.values()):
        for backend in list(account.values()):
            assumed = backend.get_assumed_role_from_access_key(access_key_id)
            if assumed is not None:
                return assumed
    return None


def _signature(request: Request, signed: str, assumed: AssumedRole, region: Region) -> str:
    """The signature the request must have, computed by botocore (the client's own code)."""
    keys = Keys(assumed.access_key_id, assumed.secret_access_key, assumed.session_token)
    auth = SigV4Auth(keys, "sts", region.name)
    copy = AWSRequest(
        method=request.method,
        url=f"https://{request.host}{request.target}",
        data=request.body,
        headers={name: request.headers.get(name, "") for name in signed.split(";")},
    )
    copy.context["timestamp"] = request.headers.get("X-Amz-Date", "")
    text: str = auth.string_to_sign(copy, auth.canonical_request(copy))
    return str(auth.signature(text, copy))


def _credentials(assumed: AssumedRole, redeemed: Redeemed) -> Response:
    fields: dict[str, str | dict[str, str]] = {
        "Credentials": {
            "AccessKeyId": assumed.access_key_id,
            "SecretAccessKey": assumed.secret_access_key,
            "SessionToken": assumed.session_token,
            "Expiration": f"{assumed.expiration:%Y-%m-%dT%H:%M:%SZ}",
        },
        "AssumedRoleUser": {"AssumedRoleId": assumed.user_id, "Arn": assumed.arn},
        "PackedPolicySize": "0",
        "Subject": redeemed.subject,
        "SubjectType": "emailAddress",
        "Issuer": redeemed.issuer,
        "Audience": redeemed.audience,
        "NameQualifier": "bm90IGEgcmVhbCBxdWFsaWZpZXI=",
    }
    action = "AssumeRoleWithSAML"
    return _document(
        HTTPStatus.OK,
        f'<{action}Response xmlns="{_NAMESPACE}"><{action}Result>{_elements(fields)}'
        f"</{action}Result><ResponseMetadata><RequestId>{uuid4()}</RequestId>"
        f"</ResponseMetadata></{action}Response>",
    )


def _elements(fields: dict[str, str | dict[str, str]]) -> str:
    return "".join(
        f"<{name}>{escape(value) if isinstance(value, str) else _elements({**value})}</{name}>"
        for name, value in fields.items()
    )


def _error(fault: Fault) -> Response:
    return _document(
        fault.status,
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>Sender</Type>'
        f"<Code>{escape(fault.code)}</Code><Message>{escape(fault.message)}</Message></Error>"
        f"<RequestId>{uuid4()}</RequestId></ErrorResponse>",
    )


def _document(status: int, xml: str) -> Response:
    return Response(status, xml.encode(), (("Content-Type", "text/xml"),))
