from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import botocore
import botocore.exceptions
import pytest
import requests
from botocore.config import Config

from samlauth.sandbox import sts
from samlauth.sandbox.accounts import AccountRole, account_role
from samlauth.sandbox.assertions import Statement, forged_signer, signer
from samlauth.sandbox.rehearsal import Rehearsal

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient
    from mypy_boto3_sts.type_defs import AssumeRoleWithSAMLResponseTypeDef, CredentialsTypeDef

READ_ONLY = account_role("111111111111", "ReadOnly", max_session_duration=3600)
DEVELOPER = account_role(
    "222222222222", "Developer", max_session_duration=43200, provider_first=True
)
PATHED = account_role("222222222222", "team/a/Admin", max_session_duration=14400)
ROLES = (READ_ONLY, DEVELOPER, PATHED)


@pytest.fixture(scope="module")
def home() -> Iterator[Rehearsal]:
    """One rehearsal for all calls: nothing here depends on what was called before."""
    with Rehearsal(roles=ROLES) as rehearsal:
        yield rehearsal


def statement(rehearsal: Rehearsal) -> Statement:
    return Statement(
        issuer=rehearsal.google.issuer,
        subject="ada@example.com",
        roles=tuple(role.attribute_value for role in rehearsal.roles),
        issued=datetime.now(UTC),
        role_session_name="ada@example.com",
    )


def client(
    rehearsal: Rehearsal,
    keys: CredentialsTypeDef | None = None,
    *,
    region: str = "us-east-1",
    **changed: str,
) -> STSClient:
    """boto3 as the command has it: through the proxy, trusting the rehearsal, no retries."""
    given: dict[str, Any] = {}
    if keys:
        given = {
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"],
        } | changed
    config = Config(
        proxies={"https": rehearsal.environ["HTTPS_PROXY"]},
        retries={"total_max_attempts": 1},
        parameter_validation=False,
        **({} if keys else {"signature_version": botocore.UNSIGNED}),
    )
    return boto3.Session().client(
        "sts", region_name=region, verify=str(rehearsal.bundle), config=config, **given
    )


def assume(
    rehearsal: Rehearsal,
    role: AccountRole,
    assertion: str,
    *,
    region: str = "us-east-1",
    **changed: str | int | None,
) -> AssumeRoleWithSAMLResponseTypeDef:
    with_changes: dict[str, Any] = {
        "RoleArn": role.role_arn,
        "PrincipalArn": role.principal_arn,
        "SAMLAssertion": assertion,
    } | changed
    given = {name: value for name, value in with_changes.items() if value is not None}
    return client(rehearsal, region=region).assume_role_with_saml(**given)


def life(answer: AssumeRoleWithSAMLResponseTypeDef) -> float:
    return (answer["Credentials"]["Expiration"] - datetime.now(UTC)).total_seconds()


def refusal(call: Callable[[], object]) -> tuple[str, str, int]:
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        call()
    answer = refused.value.response
    return (
        answer["Error"]["Code"],
        answer["Error"]["Message"],
        answer["ResponseMetadata"]["HTTPStatusCode"],
    )


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_credentials_are_those_of_the_role(home: Rehearsal, role: AccountRole) -> None:
    answer = assume(home, role, signer().sign(statement(home)))
    arn = f"arn:aws:sts::{role.account_id}:assumed-role/{role.name}/ada@example.com"
    assert answer["AssumedRoleUser"]["Arn"] == arn
    assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")
    assert answer["Subject"] == "ada@example.com"
    assert answer["Issuer"] == home.google.issuer
    assert answer["Audience"] == "https://signin.aws.amazon.com/saml"
    assert 3590 <= life(answer) <= 3600
    identity = client(home, answer["Credentials"]).get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (role.account_id, arn)
    assert identity["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]


Change = dict[str, Any]
LATER = timedelta(minutes=6)


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        (
            {"issued": datetime.now(UTC) - LATER},
            ("ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance", 400),
        ),
        (
            {"issued": datetime.now(UTC) + timedelta(hours=1)},
            ("InvalidIdentityToken", "The response is not valid yet.", 400),
        ),
        (
            {"issuer": "https://idp.example"},
            ("InvalidIdentityToken", "Issuer not present in specified provider", 400),
        ),
        (
            {"audience": "https://example.com"},
            ("InvalidIdentityToken", "Response does not contain the required audience.", 400),
        ),
        (
            {"recipient": "https://signin.aws.amazon.com.evil.example/saml"},
            ("InvalidIdentityToken", "The recipient is not AWS.", 400),
        ),
        (
            {"recipient": "https://signin.aws.amazon.com/saml-but-not"},
            ("InvalidIdentityToken", "The recipient is not AWS.", 400),
        ),
        (
            {"role_session_name": None},
            ("InvalidIdentityToken", "RoleSessionName is required in AuthnResponse", 400),
        ),
        (
            {"role_session_name": "ada lovelace"},
            (
                "InvalidIdentityToken",
                "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}",
                400,
            ),
        ),
        (
            {"roles": (DEVELOPER.attribute_value,)},
            ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML", 403),
        ),
        (
            {"roles": (f"{READ_ONLY.role_arn},{DEVELOPER.principal_arn}",)},
            ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML", 403),
        ),
        (
            {"session_duration": 7200},
            (
                "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
                400,
            ),
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value[0],
)
def test_what_the_response_says_is_checked(
    home: Rehearsal, changed: Change, refused: tuple[str, str, int]
) -> None:
    assertion = signer().sign(replace(statement(home), **changed))
    assert refusal(lambda: assume(home, READ_ONLY, assertion)) == refused


def unsigned(encoded: str) -> str:
    document = base64.b64decode(encoded)
    head, _, rest = document.partition(b"<ds:Signature ")
    return base64.b64encode(head + rest.partition(b"</ds:Signature>")[2]).decode()


def edited(encoded: str) -> str:
    return base64.b64encode(base64.b64decode(encoded).replace(b"role/Read", b"role/Root")).decode()


def with_doctype(encoded: str) -> str:
    document = base64.b64decode(encoded)
    head, _, rest = document.partition(b"<saml2p:Response")
    return base64.b64encode(
        head + b"<!DOCTYPE r [<!ENTITY e 'x'>]><saml2p:Response" + rest
    ).decode()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (unsigned, "Response signature invalid"),
        (edited, "Response signature invalid"),
        (with_doctype, "A DOCTYPE is not allowed."),
        (lambda encoded: encoded[:-8], "Invalid base64 SAMLResponse"),
        (lambda encoded: "%" + encoded, "Invalid base64 SAMLResponse"),
        (lambda encoded: "AAAA", "Invalid base64 SAMLResponse"),
        (lambda encoded: "A" * 100_000, "Invalid base64 SAMLResponse"),
    ],
)
def test_the_response_itself_is_checked(
    home: Rehearsal, change: Callable[[str], str], message: str
) -> None:
    assertion = change(signer().sign(statement(home)))
    refused = refusal(lambda: assume(home, READ_ONLY, assertion))
    assert refused == ("InvalidIdentityToken", message, 400)


def test_another_signer_is_not_trusted(home: Rehearsal) -> None:
    assertion = forged_signer().sign(statement(home))
    refused = refusal(lambda: assume(home, READ_ONLY, assertion))
    assert refused == ("InvalidIdentityToken", "Response signature invalid", 400)


def test_line_breaks_in_the_base64_are_no_fault(home: Rehearsal) -> None:
    encoded = base64.encodebytes(base64.b64decode(signer().sign(statement(home)))).decode()
    assert "\n" in encoded.strip()
    assert assume(home, READ_ONLY, encoded)["Credentials"]


def _rule(value: str, member: str, rule: str) -> str:
    return (
        f"1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: "
        f"Member must {rule}"
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"DurationSeconds": 899},
            _rule("'899'", "durationSeconds", "have value greater than or equal to 900"),
        ),
        (
            {"DurationSeconds": 43201},
            _rule("'43201'", "durationSeconds", "have value less than or equal to 43200"),
        ),
        (
            {"DurationSeconds": 3601},
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ),
        (
            {"SAMLAssertion": "A" * 100_001},
            _rule(
                "'" + "A" * 40 + "...'", "sAMLAssertion", "have length less than or equal to 100000"
            ),
        ),
        (
            {"SAMLAssertion": "AAA"},
            _rule("'AAA'", "sAMLAssertion", "have length greater than or equal to 4"),
        ),
        ({"SAMLAssertion": None}, _rule("null", "sAMLAssertion", "not be null")),
        ({"RoleArn": None}, _rule("null", "roleArn", "not be null")),
        (
            {"PrincipalArn": "arn:aws:iam::1"},
            _rule("'arn:aws:iam::1'", "principalArn", "have length greater than or equal to 20"),
        ),
        (
            {"RoleArn": "arn:aws:iam::1:role/ReadOnly"},
            "arn:aws:iam::1:role/ReadOnly is invalid",
        ),
    ],
)
def test_parameters_are_checked(home: Rehearsal, changed: Change, message: str) -> None:
    assertion = signer().sign(statement(home))
    refused = refusal(lambda: assume(home, READ_ONLY, assertion, **changed))
    assert refused == ("ValidationError", message, 400)


@pytest.mark.parametrize(
    ("role", "changed", "seconds"),
    [
        (READ_ONLY, {"DurationSeconds": 900}, 900),
        (READ_ONLY, {"DurationSeconds": 3600}, 3600),
        (DEVELOPER, {}, 3600),
        (DEVELOPER, {"DurationSeconds": 43200}, 43200),
        (PATHED, {"DurationSeconds": 14400}, 14400),
    ],
)
def test_the_duration_asked_for_is_given(
    home: Rehearsal, role: AccountRole, changed: Change, seconds: int
) -> None:
    answer = assume(home, role, signer().sign(statement(home)), **changed)
    assert seconds - 10 <= life(answer) <= seconds


def test_the_responses_own_durations_count(home: Rehearsal) -> None:
    said = replace(statement(home), session_duration=7200)
    assert 7190 <= life(assume(home, DEVELOPER, signer().sign(said))) <= 7200
    asked = assume(home, DEVELOPER, signer().sign(said), DurationSeconds=900)
    assert life(asked) <= 900
    ends = replace(said, session_not_on_or_after=datetime.now(UTC) + timedelta(minutes=20))
    assert 1190 <= life(assume(home, DEVELOPER, signer().sign(ends))) <= 1200


def test_names_that_do_not_exist(home: Rehearsal) -> None:
    stranger = account_role("333333333333", "ReadOnly")
    nobody = account_role("111111111111", "readonly")
    offered = (stranger.attribute_value, nobody.attribute_value)
    assertion = signer().sign(replace(statement(home), roles=offered))
    assert refusal(lambda: assume(home, stranger, assertion)) == (
        "InvalidIdentityToken",
        "Specified provider doesn't exist",
        400,
    )
    assert refusal(lambda: assume(home, nobody, assertion)) == (
        "AccessDenied",
        "Not authorized to perform sts:AssumeRoleWithSAML",
        403,
    )


@pytest.mark.parametrize(
    ("partition", "region"),
    [("aws-us-gov", "us-gov-west-1"), ("aws-cn", "cn-north-1"), ("aws", "eu-west-1")],
)
def test_every_partition_has_its_own_hosts(partition: str, region: str) -> None:
    role = account_role("222222222222", "Elsewhere", partition=partition)
    with Rehearsal(roles=(role,)) as rehearsal:
        assertion = signer().sign(statement(rehearsal))
        answer = assume(rehearsal, role, assertion, region=region)
        keys = answer["Credentials"]
        identity = client(rehearsal, keys, region=region).get_caller_identity()
        assert identity["Arn"] == answer["AssumedRoleUser"]["Arn"]
        assert identity["Arn"].startswith(f"arn:{partition}:sts::222222222222:")
        wrong = "us-gov-east-1" if partition != "aws-us-gov" else "us-east-1"
        assert refusal(lambda: assume(rehearsal, role, assertion, region=wrong))[1] == (
            "Specified provider doesn't exist"
        )
        assert {contact.admitted for contact in rehearsal.proxy_log} == {True}


def test_every_public_host_is_known() -> None:
    hosts = sts.regions()
    assert hosts["sts.amazonaws.com"] == sts.Region("aws", "us-east-1")
    assert hosts["sts.eu-central-1.amazonaws.com"] == sts.Region("aws", "eu-central-1")
    assert hosts["sts.cn-north-1.amazonaws.com.cn"] == sts.Region("aws-cn", "cn-north-1")
    assert hosts["sts.us-gov-east-1.amazonaws.com"].partition == "aws-us-gov"
    assert "sts.mars-north-1.amazonaws.com" not in hosts


@pytest.fixture
def keys(home: Rehearsal) -> CredentialsTypeDef:
    return assume(home, DEVELOPER, signer().sign(statement(home)))["Credentials"]


INVALID = ("InvalidClientTokenId", "The security token included in the request is invalid.", 403)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"aws_access_key_id": "ASIAXXXXXXXXXXXXXXXX"}, "InvalidClientTokenId"),
        ({"aws_session_token": "FQoGother"}, "InvalidClientTokenId"),
        ({"aws_secret_access_key": "x" * 40}, "SignatureDoesNotMatch"),
    ],
)
def test_only_the_keys_that_were_issued_prove_anything(
    home: Rehearsal, keys: CredentialsTypeDef, changed: dict[str, str], code: str
) -> None:
    caller = client(home, keys, **changed)
    assert refusal(caller.get_caller_identity)[::2] == (code, 403)


def test_a_call_without_keys_proves_nothing(home: Rehearsal) -> None:
    assert refusal(client(home).get_caller_identity)[0] == "MissingAuthenticationToken"


def test_a_signature_that_cannot_be_read(home: Rehearsal) -> None:
    answer = requests.post(
        "https://sts.amazonaws.com/",
        data={"Action": "GetCallerIdentity", "Version": "2011-06-15"},
        headers={"Authorization": "AWS4-HMAC-SHA256 nonsense"},
        proxies={"https": home.environ["HTTPS_PROXY"]},
        verify=str(home.bundle),
        timeout=10,
    )
    assert answer.status_code == 400
    assert "<Code>IncompleteSignature</Code>" in answer.text


def test_the_signature_is_for_the_region_of_the_host(
    home: Rehearsal, keys: CredentialsTypeDef
) -> None:
    other = boto3.Session().client(
        "sts",
        region_name="eu-west-1",
        endpoint_url="https://sts.us-west-2.amazonaws.com",
        verify=str(home.bundle),
        config=Config(proxies={"https": home.environ["HTTPS_PROXY"]}),
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    assert refusal(other.get_caller_identity) == (
        "SignatureDoesNotMatch",
        "Credential should be scoped to a valid region.",
        403,
    )


def test_keys_expire() -> None:
    late = [0.0]
    with Rehearsal(clock=lambda: time.time() + late[0]) as rehearsal:
        assertion = signer().sign(statement(rehearsal))
        answer = assume(rehearsal, rehearsal.roles[0], assertion)
        caller = client(rehearsal, answer["Credentials"])
        late[0] = 3500
        assert caller.get_caller_identity()["Account"] == "111111111111"
        late[0] = 3601
        assert refusal(caller.get_caller_identity)[0] == "ExpiredToken"
        assert refusal(lambda: assume(rehearsal, rehearsal.roles[0], assertion))[0] == (
            "ExpiredTokenException"
        )


def test_the_rest_of_sts_is_motos(home: Rehearsal, keys: CredentialsTypeDef) -> None:
    chained = client(home, keys).assume_role(
        RoleArn="arn:aws:iam::333333333333:role/Chained", RoleSessionName="on"
    )
    identity = client(home, chained["Credentials"]).get_caller_identity()
    assert identity["Arn"] == "arn:aws:sts::333333333333:assumed-role/Chained/on"


def test_calls_side_by_side(home: Rehearsal) -> None:
    assertion = signer().sign(statement(home))
    caller = client(home)

    def account(role: AccountRole) -> str:
        answer = caller.assume_role_with_saml(
            RoleArn=role.role_arn, PrincipalArn=role.principal_arn, SAMLAssertion=assertion
        )
        return answer["AssumedRoleUser"]["Arn"].split(":")[4]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(account, ROLES * 8)) == [role.account_id for role in ROLES * 8]


def test_calls_are_kept_with_what_became_of_them(rehearsal: Rehearsal) -> None:
    role = rehearsal.roles[0]
    answer = assume(rehearsal, role, signer().sign(statement(rehearsal)))
    refusal(lambda: assume(rehearsal, role, "AAAA"))
    client(rehearsal, answer["Credentials"]).get_caller_identity()
    host = "sts.us-east-1.amazonaws.com"
    assert rehearsal.sts.calls == [
        sts.Call("AssumeRoleWithSAML", host, role.role_arn, ""),
        sts.Call("AssumeRoleWithSAML", host, role.role_arn, "InvalidIdentityToken"),
        sts.Call("GetCallerIdentity", host, "", ""),
    ]


def test_the_aws_command_line(home: Rehearsal, keys: CredentialsTypeDef) -> None:
    aws = shutil.which("aws", path=home.environ["PATH"])
    assert aws is not None
    folder = Path(home.environ["HOME"]) / ".aws"
    folder.mkdir(exist_ok=True)
    (folder / "credentials").write_text(
        f"[sts-temp]\naws_access_key_id = {keys['AccessKeyId']}\n"
        f"aws_secret_access_key = {keys['SecretAccessKey']}\n"
        f"aws_session_token = {keys['SessionToken']}\n"
    )
    shown = subprocess.run(
        [aws, "sts", "get-caller-identity", "--profile", "sts-temp", "--output", "json"],
        env=home.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["Account"] == "222222222222"


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    with Rehearsal() as rehearsal:
        answer = assume(rehearsal, rehearsal.roles[1], signer().sign(statement(rehearsal)))
        client(rehearsal, answer["Credentials"]).get_caller_identity()
        refusal(lambda: assume(rehearsal, rehearsal.roles[1], "AAAA"))
    assert capfd.readouterr() == ("", "")
