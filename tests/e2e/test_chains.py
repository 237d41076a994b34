"""Roles taken with the credentials of a sign-in, by the installed command."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator

import pytest

from samlauth.sandbox import totp
from samlauth.sandbox.rehearsal import Rehearsal
from samlauth.sandbox.sts import Call
from tests.e2e.stage import Stage
from tests.e2e.test_clients import settings
from tests.e2e.test_credential_process import believed, program
from tests.e2e.test_secrets import add_secret, using
from tests.effects import secret_service

DEV = "arn:aws:iam::888777666555:role/assumed-dev"
OPS = "arn:aws:iam::777666555444:role/assumed-ops"
DEV_USER = "arn:aws:sts::888777666555:assumed-role/assumed-dev/ada@example.com"
SERIAL = "arn:aws:iam::111111111111:mfa/ada"
TAKE = ("assume-role", "-p", "dev-env", "--source-profile", "sts-temp", "--role-arn", DEV)


ASK = """
import boto3
print(boto3.client("sts").get_caller_identity()["Arn"].rpartition("/")[0])
"""


@pytest.fixture(scope="module")
def signed_in() -> Iterator[Stage]:
    with Rehearsal(roles=2, mfa="none") as rehearsal:
        stage = Stage(rehearsal)
        password = program(stage, "password", f"printf '%s\\n' '{rehearsal.password}'")
        stage.write_config(settings(stage, "sts-temp", password))
        done = stage.piped("-p", "sts-temp", "-r", rehearsal.roles[0].role_arn)
        assert done.returncode == 0, done.stderr
        shutil.copytree(stage.aws, stage.aws.with_name("aws-as-signed-in"))
        yield stage
    assert rehearsal.violations == []


@pytest.fixture
def stage(signed_in: Stage) -> Stage:
    """The same, as it was after the sign-in."""
    shutil.rmtree(signed_in.aws)
    shutil.copytree(signed_in.aws.with_name("aws-as-signed-in"), signed_in.aws)
    sts = signed_in.rehearsal.sts
    sts.calls.clear()
    sts.wanted.external_ids.clear()
    sts.wanted.codes.clear()
    return signed_in


def taken(stage: Stage) -> list[Call]:
    return [call for call in stage.rehearsal.sts.calls if call.action == "AssumeRole"]


class TestAssumeRole:
    def test_the_profile_has_the_roles_credentials(self, stage: Stage) -> None:
        before = stage.profile()
        done = stage.piped(*TAKE, "-R", "eu-west-3", "--verify")
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert f"AWS says you are {DEV_USER}." in done.stderr
        assert stage.profile("dev-env")["aws_session_token"]
        assert stage.config("dev-env") == {"region": "eu-west-3"}
        assert stage.profile() == before
        shown = stage.piped("status")
        assert f"{DEV}  ada@example.com through sts-temp" in shown.stdout
        printed = stage.piped("env", "-p", "dev-env", "--format", "json")
        assert printed.returncode == 0, printed.stderr
        assert (
            json.loads(printed.stdout)["AWS_ACCESS_KEY_ID"]
            == stage.profile("dev-env")["aws_access_key_id"]
        )
        assert [call.action for call in stage.rehearsal.sts.calls] == [
            "AssumeRole",
            "GetCallerIdentity",
        ]

    def test_what_is_given_reaches_sts(self, stage: Stage) -> None:
        wanted = stage.rehearsal.sts.wanted
        wanted.external_ids[DEV] = "partner-7"
        wanted.codes[DEV] = (SERIAL, "654321")
        policy = stage.rehearsal.home / "policy.json"
        policy.write_text('{"Version": "2012-10-17", "Statement": []}')
        done = stage.piped(
            *TAKE,
            *("--external-id", "partner-7", "--serial-number", SERIAL),
            *("--code-command", str(program(stage, "code", "echo 654321"))),
            *("--session-name", "ada-dev", "-d", "30m", "--policy", str(policy)),
            *("--policy-arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
            *("--tags", "team=data", "cost=42=x", "--transitive-tag-keys", "team"),
            *("--source-identity", "ada", "-l", "debug"),
        )
        assert done.returncode == 0, done.stderr
        (call,) = taken(stage)
        assert call.fault == ""
        assert dict(call.parameters) == {
            "Action": "AssumeRole",
            "Version": "2011-06-15",
            "RoleArn": DEV,
            "RoleSessionName": "ada-dev",
            "DurationSeconds": "1800",
            "Policy": '{"Version":"2012-10-17","Statement":[]}',
            "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
            "ExternalId": "partner-7",
            "SerialNumber": SERIAL,
            "TokenCode": "654321",
            "Tags.member.1.Key": "team",
            "Tags.member.1.Value": "data",
            "Tags.member.2.Key": "cost",
            "Tags.member.2.Value": "42=x",
            "TransitiveTagKeys.member.1": "team",
            "SourceIdentity": "ada",
        }
        shown = done.stdout + done.stderr
        assert "POST sts." in shown
        keys = [*stage.profile().values(), *stage.profile("dev-env").values()]
        secrets = [key for key in keys if len(key) > 30]
        assert len(secrets) > 4
        assert [secret for secret in ("654321", *secrets) if secret in shown] == []

    def test_it_can_be_printed_and_not_stored(self, stage: Stage) -> None:
        before = (stage.aws / "credentials").read_bytes(), (stage.aws / "config").read_bytes()
        done = stage.piped(*TAKE, "--no-write", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout).keys() == {
            *("Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
        }
        line = stage.piped(*TAKE, "--no-write", "--print-creds")
        assert line.stdout.startswith("export AWS_ACCESS_KEY_ID='ASIA")
        assert before == (
            (stage.aws / "credentials").read_bytes(),
            (stage.aws / "config").read_bytes(),
        )

    def test_the_code_is_asked_for_on_the_terminal(self, stage: Stage) -> None:
        stage.rehearsal.sts.wanted.codes[DEV] = (SERIAL, "654321")
        run = stage.start(*TAKE, "--serial-number", SERIAL)
        run.expect(SERIAL)
        run.answer_code("654321")
        assert run.end() == 0, run.printed
        nobody = stage.piped(*TAKE, "--serial-number", SERIAL)
        assert nobody.returncode == 6
        assert "--code-command" in nobody.stderr

    @pytest.mark.parametrize(
        ("words", "code", "said"),
        [
            (("--external-id", "wrong"), 8, "The external id you gave, wrong"),
            (("--session-name", "ada lovelace"), 8, "does not take 'ada lovelace'"),
            (("--tags", "a=" + "x" * 3000), 8, "larger than AWS takes"),
            (("--policy", "long"), 8, "longer than the 2048 characters"),
            (("-d", "2h"), 2, "an hour at most"),
            (("--role-arn", "assumed-dev"), 3, "not the ARN of a role"),
            (("--tags", "team"), 2, "no session tag"),
            (("--no-write",), 2, "nothing would become"),
            (("-p", "sts-temp"), 3, "would replace those of sts-temp"),
        ],
    )
    def test_what_goes_wrong_is_said_and_changes_nothing(
        self, stage: Stage, words: tuple[str, ...], code: int, said: str
    ) -> None:
        stage.rehearsal.sts.wanted.external_ids[DEV] = "partner-7"
        before = (stage.aws / "credentials").read_bytes(), (stage.aws / "config").read_bytes()
        long = stage.rehearsal.home / "long.json"
        long.write_text('{"Statement": "' + "x" * 2100 + '"}')
        done = stage.piped(*TAKE, *(str(long) if word == "long" else word for word in words))
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        assert said in done.stderr
        assert "Traceback" not in done.stderr
        assert before == (
            (stage.aws / "credentials").read_bytes(),
            (stage.aws / "config").read_bytes(),
        )

    def test_a_stopped_sts_is_a_matter_of_the_network(self, stage: Stage) -> None:
        before = (stage.aws / "credentials").read_bytes()
        done = stage.piped(*TAKE, AWS_ENDPOINT_URL_STS="http://127.0.0.1:9")
        assert done.returncode == 9, done.stderr
        assert (stage.aws / "credentials").read_bytes() == before


class TestAChain:
    def make(self, stage: Stage) -> None:
        for name, source, role, more in (
            ("dev-env", "sts-temp", DEV, ("--external-id", "partner-7")),
            ("ops-env", "dev-env", OPS, ()),
        ):
            done = stage.piped(
                *("configure", "chain", name, "--source-profile", source, "--role-arn", role),
                *more,
            )
            assert done.returncode == 0, done.stderr
        stage.rehearsal.sts.wanted.external_ids[DEV] = "partner-7"

    @pytest.mark.parametrize("command", ["credential-process", "env", "exec"])
    def test_it_is_followed_hop_by_hop_and_kept(self, stage: Stage, command: str) -> None:
        self.make(stage)
        words = {
            "credential-process": ("credential-process", "-p", "ops-env"),
            "env": ("env", "-p", "ops-env"),
            "exec": ("exec", "-p", "ops-env", "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID"),
        }[command]
        first = stage.piped(*words)
        assert first.returncode == 0, first.stderr
        assert "ASIA" in first.stdout
        assert [call.role_arn for call in taken(stage)] == [DEV, OPS]
        again = stage.piped(*words)
        assert again.stdout == first.stdout
        assert len(taken(stage)) == 2
        assert stage.profile("dev-env") == stage.profile("ops-env") == {}
        shown = stage.piped("status", "-p", "ops-env")
        assert (shown.returncode, shown.stderr) == (0, "")
        assert "through sts-temp" in shown.stdout

    def test_the_source_is_signed_in_to_when_it_has_to_be(self, stage: Stage) -> None:
        self.make(stage)
        (stage.aws / "credentials").unlink()
        done = stage.piped("credential-process", "-p", "dev-env")
        assert done.returncode == 0, done.stderr
        assert [call.action for call in stage.rehearsal.sts.calls] == [
            "AssumeRoleWithSAML",
            "AssumeRole",
        ]
        assert stage.profile()["aws_session_token"]

    def test_what_is_kept_is_not_used_for_another_chain(self, stage: Stage) -> None:
        self.make(stage)
        words = ("credential-process", "-p", "dev-env")
        first = stage.piped(*words)
        config = stage.aws / "config"
        config.write_text(config.read_text() + "\n[profile other]\nregion = eu-west-1\n")
        assert stage.piped(*words).stdout == first.stdout, "nothing of the chain has changed"
        config.write_text(
            config.read_text().replace(DEV, DEV + "-2").replace("partner-7", "partner-8")
        )
        other = stage.piped(*words)
        assert other.returncode == 0, other.stderr
        assert other.stdout != first.stdout
        assert [call.role_arn for call in taken(stage)] == [DEV, DEV + "-2"]

    def test_flags_are_about_the_role_or_refused(self, stage: Stage) -> None:
        self.make(stage)
        words = ("credential-process", "-p", "dev-env")
        done = stage.piped(*words, "-d", "20m")
        assert done.returncode == 0, done.stderr
        (call,) = taken(stage)
        assert dict(call.parameters)["DurationSeconds"] == "1200"
        for more in (("-r", OPS), ("-A", "777666555444")):
            refused = stage.piped(*words, *more)
            assert (refused.returncode, refused.stdout) == (2, "")
            assert "samlauth configure chain dev-env" in refused.stderr
        too_long = stage.piped(*words, "-d", "2h")
        assert too_long.returncode == 3
        assert "an hour at most" in too_long.stderr

    def test_what_a_flag_asked_for_is_not_given_without_it(self, stage: Stage) -> None:
        self.make(stage)
        assert stage.piped("exec", "-p", "dev-env", "--read-only", "--", "true").returncode == 0
        done = stage.piped("credential-process", "-p", "dev-env")
        assert done.returncode == 0, done.stderr
        held, whole = taken(stage)
        assert (len(held.policy_arns), whole.policy_arns) == (1, ())
        assert stage.piped("credential-process", "-p", "dev-env").stdout == done.stdout
        assert believed(stage, "dev-env"), "what the files ask for needs no second thought"

    def test_a_command_that_outlives_it_takes_the_role_again(self, stage: Stage) -> None:
        self.make(stage)
        words = ("exec", "-p", "dev-env", "--renew", "--", sys.executable, "-c", ASK)
        refused = stage.piped(*words)
        assert refused.returncode == 3
        assert "samlauth configure process -p sts-temp" in refused.stderr
        made = stage.piped("configure", "process", "-p", "sts-temp")
        assert made.returncode == 0, made.stderr
        held = stage.piped(*words[:3], "--read-only", *words[3:])
        assert (held.returncode, held.stdout) == (3, ""), "it would be held to nothing"
        assert "would not hold it to the session policies" in held.stderr
        done = stage.piped(*words)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip().endswith("assumed-role/assumed-dev")
        config = stage.aws / "config"
        config.write_text(
            config.read_text().replace("external_id =", f"mfa_serial = {SERIAL}\nexternal_id =")
        )
        asks = stage.piped(*words)
        assert asks.returncode == 3
        assert "MFA" in asks.stderr

    def test_its_codes_are_made_of_a_secret(self, stage: Stage) -> None:
        self.make(stage)
        config = stage.aws / "config"
        config.write_text(
            config.read_text().replace("external_id =", f"mfa_serial = {SERIAL}\nexternal_id =")
        )
        with secret_service.running() as service:
            ring = using(service.environ)
            run = add_secret(stage, "GEZDGNBVGY3TQOJQ", ring, "dev-env")
            assert run.end() == 0, run.printed
            assert f"The codes of {SERIAL} are made here" in run.printed
            done = stage.piped("credential-process", "-p", "dev-env", **ring)
            assert done.returncode == 0, done.stderr
            (call,) = taken(stage)
            step = int(time.time() // 30)
            possible = [totp.code("GEZDGNBVGY3TQOJQ", step + back) for back in (-1, 0)]
            assert dict(call.parameters)["TokenCode"] in possible
            removed = stage.piped("totp", "remove", "-p", "dev-env", **ring)
            assert removed.returncode == 0, removed.stderr
            assert service.items() == {}

    def test_a_circle_is_refused(self, stage: Stage) -> None:
        self.make(stage)
        config = stage.aws / "config"
        config.write_text(
            config.read_text().replace("source_profile = sts-temp", "source_profile = ops-env")
        )
        done = stage.piped("env", "-p", "ops-env")
        assert (done.returncode, done.stdout) == (3, "")
        assert "ops-env > dev-env > ops-env" in done.stderr
        assert stage.rehearsal.sts.calls == []

    def test_a_refusal_is_of_the_role_it_is_about(self, stage: Stage) -> None:
        self.make(stage)
        stage.rehearsal.sts.wanted.external_ids[OPS] = "another"
        done = stage.piped("credential-process", "-p", "ops-env")
        assert (done.returncode, done.stdout) == (8, "")
        assert OPS in done.stderr
        assert DEV not in done.stderr
