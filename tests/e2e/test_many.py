"""One sign-in for several profiles: every role, named ones, a group."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from samlauth.sandbox.accounts import account_role
from tests.e2e.stage import MakeStage, Stage

RENAMES = """
import sys
log = open(sys.argv.pop(1), "a")
def note(event, arguments):
    if event == "os.rename" and not str(arguments[1]).endswith(".pyc"):
        print(arguments[1], file=log, flush=True)
sys.addaudithook(note)
from samlauth.__main__ import main
main()
"""
"""Runs samlauth, and writes down the name of each file that another one takes the place of."""

DEV, PROD = "111111111111", "222222222222"


def arn(account: str, name: str) -> str:
    return account_role(account, name).role_arn


@pytest.fixture
def three(make_stage: MakeStage) -> Stage:
    """ReadOnly and Administrator of one account (1 h, 4 h at most), Developer of another (12 h)."""
    return make_stage(mfa="none")


def signed_in(stage: Stage, *arguments: str, code: int = 0) -> list[str]:
    """The lines that one sign-in with these arguments says."""
    job = stage.main_job[:-2]  # without its profile
    done = stage.piped(*job, *arguments, stdin=stage.rehearsal.password + "\n")
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert stage.rehearsal.google.passwords.total() <= 1
    return done.stderr.splitlines()


def assumed(stage: Stage) -> list[str]:
    return [call.role_arn for call in stage.rehearsal.sts.calls]


def test_a_hundred_roles_are_a_hundred_calls_and_one_write(make_stage: MakeStage) -> None:
    stage = make_stage(mfa="none", roles=100)
    log = stage.rehearsal.folder / "renames"
    done = subprocess.run(
        [sys.executable, "-c", RENAMES, log, *stage.main_job[:-2], "--all-roles", "-d", "1h"],
        input=stage.rehearsal.password + "\n",
        env=stage.environ({}),
        start_new_session=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(assumed(stage)) == sorted(role.role_arn for role in stage.rehearsal.roles)
    assert 2 <= stage.rehearsal.sts.most_at_once <= 8
    assert stage.rehearsal.google.assertions == 1
    replaced = [line.rpartition("/")[2] for line in log.read_text().splitlines()]
    assert sorted(replaced) == ["config", "credentials", "state"]
    rows = done.stderr.splitlines()[-100:]
    shape = (
        r"rehearsal-(dev|prod)-\w+ +arn:aws:iam::\d{12}:role/\w+ +until \d{4}-\d\d-\d\d \d\d:\d\d"
    )
    assert [row for row in rows if not re.fullmatch(shape, row)] == []
    state = json.loads((stage.aws / "samlauth" / "state").read_text())
    assert len(state["profiles"]) == 100
    keys = stage.profile("rehearsal-prod-Developer")
    issued = state["profiles"]["rehearsal-prod-Developer"]
    assert keys["aws_access_key_id"] == issued["access_key_id"]
    assert stage.config("rehearsal-prod-Developer")["samlauth.role_arn"] == arn(PROD, "Developer")
    # Each of them is a profile like any other now.
    again = stage.piped("-p", "rehearsal-prod-Developer")
    assert "are good until" in again.stderr


def test_every_role_is_left_alone_while_it_is_good(three: Stage) -> None:
    signed_in(three, "--all-roles", "--profile-name", "{account}.{role}")
    before = three.profile(f"{DEV}.ReadOnly")
    calls = len(assumed(three))
    done = three.piped(
        *three.main_job[:-2], "--all-roles", "--profile-name", "{account}.{role}",
        stdin=three.rehearsal.password + "\n",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("still good until") == 3
    assert len(assumed(three)) == calls
    assert three.profile(f"{DEV}.ReadOnly") == before


def test_roles_step_down_side_by_side_and_the_limits_are_learnt(three: Stage) -> None:
    signed_in(three, "--all-roles")
    state = json.loads((three.aws / "samlauth" / "state").read_text())
    assert {role: entry["seconds"] for role, entry in state["durations"].items()} == {
        arn(DEV, "ReadOnly"): 3600,
        arn(DEV, "Administrator"): 14400,
    }


def test_named_roles_go_to_the_profiles_named_beside_them(three: Stage) -> None:
    lines = signed_in(three, "-r", "Developer", "-r", arn(DEV, "ReadOnly"), "-p", "a,b")
    assert [line.split()[:2] for line in lines[-2:]] == [
        ["a", arn(PROD, "Developer")],
        ["b", arn(DEV, "ReadOnly")],
    ]
    assert three.config("a")["samlauth.role_arn"] == arn(PROD, "Developer")
    assert three.config("b") == {
        "samlauth.username": three.rehearsal.username,
        "samlauth.idp_id": three.rehearsal.idp_id,
        "samlauth.sp_id": three.rehearsal.sp_id,
        "samlauth.role_arn": arn(DEV, "ReadOnly"),
    }
    keys = {three.profile(name)["aws_access_key_id"] for name in ("a", "b")}
    assert len(keys) == 2
    google = three.rehearsal.google
    assert (google.passwords.total(), google.assertions) == (1, 1)
    # Both are good, so there is nothing to sign in for.
    contacts = len(three.rehearsal.proxy_log)
    done = three.piped("-r", "Developer", "-r", "ReadOnly", "-p", "a,b")
    assert (done.returncode, done.stderr.count("still good until")) == (0, 2)
    assert len(three.rehearsal.proxy_log) == contacts


def test_a_role_that_fails_leaves_the_others_be(three: Stage) -> None:
    lines = signed_in(
        three,
        "-r",
        "Developer",
        "-r",
        "Nobody",
        "-r",
        "ReadOnly",
        "-p",
        "a,b,c",
        "-d",
        "2h",
        code=8,
    )
    end = lines.index("samlauth: 2 of 3 failed; the others are written.")
    rows = {line.split()[0]: line for line in lines[end - 3 : end]}
    assert "until 20" in rows["a"]
    assert "failed: The role Nobody is not among those you are offered." in rows["b"]
    assert "failed: " in rows["c"] and "does not allow credentials of 2 h" in rows["c"]
    assert three.profile("a") and not three.profile("b") and not three.profile("c")
    assert three.config("c") == {}


def test_where_all_fail_alike_the_exit_code_says_how(three: Stage) -> None:
    lines = signed_in(three, "-r", "Nobody", "-r", "Noone", "-p", "a,b", code=7)
    assert "samlauth: 2 of 2 failed; nothing was written." in lines
    assert assumed(three) == []
    assert not (three.aws / "credentials").exists()


GROUP = """[profile work]
samlauth.username = {0.username}
samlauth.idp_id = {0.idp_id}
samlauth.sp_id = {0.sp_id}
[profile one]
samlauth.base = work
samlauth.group = day
samlauth.role_arn = Developer
samlauth.duration = 2h
[profile other]
samlauth.base = work
samlauth.role_arn = Administrator
[profile two]
samlauth.base = work
samlauth.group = day
samlauth.role_arn = ReadOnly
credential_process = samlauth credential-process -p two
"""


def test_a_group_is_one_sign_in_each_with_its_own(three: Stage) -> None:
    three.write_config(GROUP.format(three.rehearsal))
    done = three.piped("-g", "day", stdin=three.rehearsal.password + "\n")
    assert done.returncode == 0, done.stderr
    assert sorted(set(assumed(three))) == [arn(DEV, "ReadOnly"), arn(PROD, "Developer")]
    assert three.rehearsal.google.assertions == 1
    assert three.profile("one") and not three.profile("two") and not three.profile("other")
    answer = json.loads(three.piped("credential-process", "-p", "two").stdout)
    assert answer["Version"] == 1
    state = json.loads((three.aws / "samlauth" / "state").read_text())["profiles"]
    assert set(state) == {"one", "two"}
    assert three.config("one")["samlauth.duration"] == "2h"
    done = three.piped("-g", "day")
    assert (done.returncode, done.stderr.count("still good until")) == (0, 2)


def test_a_group_may_be_in_the_shared_file(three: Stage) -> None:
    three.write_config(GROUP.format(three.rehearsal).replace("samlauth.group = day\n", ""))
    path = three.rehearsal.folder / "shared"
    path.write_text("[profile one]\ngroup = day\n")
    path.chmod(0o644)
    done = three.piped(
        "-g", "day", stdin=three.rehearsal.password + "\n", SAMLAUTH_CONFIG=str(path)
    )
    assert done.returncode == 0, done.stderr
    assert three.profile("one") and assumed(three) == [arn(PROD, "Developer")]


def test_a_group_of_different_people_is_refused(three: Stage) -> None:
    three.write_config(
        GROUP.format(three.rehearsal)
        + "[profile theirs]\nsamlauth.base = work\nsamlauth.username = bob@example.com\n"
        + "samlauth.group = day\nsamlauth.role_arn = ReadOnly\n"
    )
    done = three.piped("-g", "day", stdin=three.rehearsal.password + "\n")
    assert done.returncode == 3
    assert "The profiles one and theirs are not signed in to in the same way" in done.stderr
    assert three.rehearsal.proxy_log == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("-r", "A", "-r", "B"), 2, "-r names 2 roles, and -p names no profiles."),
        (("-r", "A", "-r", "B", "-p", "a"), 2, "-r names 2 roles, and -p names 1 profile."),
        (("-r", "A", "-p", "a,b"), 2, "a,b looks like several profiles, and there is one role."),
        (("-r", "A", "-r", "B", "-p", "a,a"), 2, "-p names a twice."),
        (("-r", "A", "-r", "B", "-p", "a,b", "--all-roles"), 2, "-r and --all-roles exclude"),
        (("-r", "A", "-r", "B", "-p", "a,b", "--no-write"), 2, "nothing would become"),
        (("--all-roles", "-r", "A"), 2, "--all-roles and -r exclude each other."),
        (("--all-roles", "--profile-name", "{name}"), 2, "whose fields are {alias}, {account}"),
        (("-g", "day", "-p", "a"), 2, "-g and -p exclude each other."),
        (("-g", "day"), 3, "No profile has the group day."),
    ],
)
def test_what_cannot_be_meant_is_said_before_anything_happens(
    arguments: tuple[str, ...], code: int, said: str, three: Stage
) -> None:
    done = three.piped(*three.main_job[:-2], *arguments)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert three.rehearsal.proxy_log == []


def test_two_roles_of_one_name_are_refused_before_sts_is_asked(make_stage: MakeStage) -> None:
    admin = account_role(DEV, "Admin")
    other = replace(admin, role_arn=admin.role_arn.replace("/Admin", "/team/Admin"))
    stage = make_stage(mfa="none", roles=(admin, other))
    lines = signed_in(stage, "--all-roles", code=3)
    assert any(admin.role_arn in line and other.role_arn in line for line in lines)
    assert assumed(stage) == []
    assert not (stage.aws / "credentials").exists()


def test_an_account_without_a_name_fails_alone(make_stage: MakeStage) -> None:
    nameless = account_role("333333333333", "Admin")
    stage = make_stage(mfa="none", roles=(account_role(DEV, "Admin"), nameless))
    lines = signed_in(stage, "--all-roles", code=8)
    (row,) = (line for line in lines if line.startswith("-  "))
    assert nameless.role_arn in row and "No name of the account 333333333333 is known" in row
    assert stage.profile("rehearsal-dev-Admin")
    assert assumed(stage) == [arn(DEV, "Admin")] * len(assumed(stage))


def test_long_lived_keys_in_the_way_of_one_role_stay(three: Stage) -> None:
    three.aws.mkdir(mode=0o700)
    keys = "[rehearsal-dev-ReadOnly]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = x\n"
    (three.aws / "credentials").write_text(keys)
    lines = signed_in(three, "--all-roles", code=8)
    assert any("holds long-lived keys" in line for line in lines)
    assert three.profile("rehearsal-dev-ReadOnly")["aws_access_key_id"] == "AKIAEXAMPLE"
    assert arn(DEV, "ReadOnly") not in assumed(three)
    assert three.profile("rehearsal-prod-Developer")


def test_every_role_with_the_settings_of_a_profile_keeps_them_there(three: Stage) -> None:
    three.write_config(GROUP.format(three.rehearsal))
    done = three.piped("-p", "work", "--all-roles", stdin=three.rehearsal.password + "\n")
    assert done.returncode == 0, done.stderr
    assert three.config("rehearsal-prod-Developer") == {
        "samlauth.base": "work",
        "samlauth.role_arn": arn(PROD, "Developer"),
    }
    again = three.piped("-p", "rehearsal-prod-Developer")
    assert "are good until" in again.stderr


def test_where_sts_does_not_answer_nothing_is_written(three: Stage) -> None:
    three.strangers = ("nowhere.test",)
    job = (*three.main_job[:-2], "--all-roles")
    done = three.piped(
        *job,
        stdin=three.rehearsal.password + "\n",
        AWS_ENDPOINT_URL_STS="https://sts.nowhere.test",
    )
    assert done.returncode == 9, done.stderr
    assert "3 of 3 failed; nothing was written." in done.stderr
    assert not (three.aws / "credentials").exists()


def test_flags_are_kept_although_nothing_is_to_be_done(three: Stage) -> None:
    signed_in(three, "-r", "Developer", "-r", "ReadOnly", "-p", "a,b")
    done = three.piped("-r", "Developer", "-r", "ReadOnly", "-p", "a,b", "-d", "45m")
    assert done.returncode == 0, done.stderr
    assert three.config("a")["samlauth.duration"] == "2700"
    assert three.config("b")["samlauth.duration"] == "2700"


def test_a_role_alone_is_one_profile_whatever_its_name(three: Stage) -> None:
    three.write_config("[profile a,b]\nregion = eu-west-1\n")
    signed_in(three, "-r", "Developer", "-p", "a,b")
    assert three.profile("a,b") and not three.profile("a")


def test_all_can_be_printed_and_none_stored(three: Stage) -> None:
    job = (*three.main_job[:-2], "--all-roles")
    password = three.rehearsal.password + "\n"
    done = three.piped(*job, "--json", "--no-write", "--verify", stdin=password)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    names = {
        f"rehearsal-{name}" for name in ("dev-ReadOnly", "dev-Administrator", "prod-Developer")
    }
    assert printed.keys() == names
    assert {tuple(each) for each in printed.values()} == {
        ("Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
    }
    assert done.stderr.count("AWS says you are arn:aws:sts::") == 3
    assert "assumed-role/Developer" in done.stderr
    assert not (three.aws / "credentials").exists()
    lines = three.piped(*job, "--print-creds", stdin=password)
    assert lines.returncode == 0, lines.stderr
    texts = lines.stdout.splitlines()
    assert {text.removeprefix("# ") for text in texts[::2]} == names
    assert all(text.startswith("export AWS_ACCESS_KEY_ID='ASIA") for text in texts[1::2])
    assert three.profile("rehearsal-prod-Developer") != {}
    nothing = three.piped(*job, "--no-write", stdin=password)
    assert nothing.returncode == 2
