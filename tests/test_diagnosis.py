"""What is made of the facts where no test can bring them about: other owners, for one that is not root."""

from __future__ import annotations

import pytest

from samlauth.diagnosis import CHECKS, diagnose, exit_code
from samlauth.diagnosis.facts import AWSFile, Entry, Facts, Leftover, Profile, SecurityKey
from samlauth.diagnosis.finding import Finding, Mode
from samlauth.errors import FileError, NetworkError, SamlauthError, SettingsError
from samlauth.sources import resolve

ADA, ROOT = 1000, 0
HOME = "/home/ada/.aws"
UNREAD = SettingsError("It makes no sense.", hint="Change it.")


def credentials(
    owner: int = ADA, mode: int = 0o600, folder: Entry | None = None, name: str = "credentials"
) -> AWSFile:
    path = f"{HOME}/{name}"
    folder = folder or Entry(HOME, 0o700, ADA, is_folder=True)
    return AWSFile(path, path, private=True, entry=Entry(path, mode, owner), folder=folder)


def found(person: int, file: AWSFile, **more: tuple[Entry, ...]) -> list[Finding]:
    facts = Facts(person, {}, UNREAD, "/home/ada", files=(file,), own=more.get("own", ()))
    checks = [check for check in CHECKS if check.name in {"owner", "mode"}]
    return [one for one in diagnose(facts, checks) if one.found.severity == "problem"]


def fixes(findings: list[Finding]) -> list[str]:
    return [one.found.fix for one in findings]


def test_what_root_left_is_named_with_the_command_that_takes_it_back() -> None:
    own = Entry(f"{HOME}/samlauth/state", 0o600, ROOT)
    assert fixes(found(ADA, credentials(ROOT), own=(own,))) == [
        f'sudo chown "$(id -u):$(id -g)" {HOME}/credentials',
        f'sudo chown "$(id -u):$(id -g)" {HOME}/samlauth/state',
    ]


def test_root_in_a_container_writes_for_whose_folder_it_is() -> None:
    own = Entry(f"{HOME}/samlauth/state", 0o600, ROOT)
    assert fixes(found(ROOT, credentials(ADA), own=(own,))) == [
        f"chown {ADA} {HOME}/samlauth/state"
    ]


def test_a_path_is_one_word_of_the_command() -> None:
    (fix,) = fixes(found(ADA, credentials(ROOT, name="my; credentials\x1b[2J")))
    assert fix.endswith(f" '{HOME}/my; credentials\\x1b[2J'")


def test_modes_of_what_is_somebody_elses_are_not_ours_to_change() -> None:
    mode = [one for one in found(ADA, credentials(ROOT, 0o644)) if one.check.name == "mode"]
    assert [one.found.remedy for one in mode] == [None]
    (mine,) = found(ADA, credentials(ADA, 0o640))
    assert mine.found.remedy == Mode(f"{HOME}/credentials", 0o600)


def test_what_is_not_at_home_may_be_a_companys() -> None:
    folder = Entry("/etc/aws", 0o775, ROOT, is_folder=True)
    file = AWSFile("/etc/aws/config", "/etc/aws/config", private=False, folder=folder)
    assert fixes(found(ADA, file)) == ["chmod 755 /etc/aws"]
    (shared,) = found(ROOT, file)
    assert shared.found.remedy is None


def test_a_folder_for_everybody_is_nobodys_fault() -> None:
    shared = Entry("/tmp", 0o1777, ROOT, is_folder=True)
    assert found(ADA, credentials(folder=shared)) == []


@pytest.mark.parametrize(
    ("problems", "code"),
    [
        ((), 0),
        ((SettingsError,), 3),
        ((SettingsError, NetworkError), 9),
        ((FileError, NetworkError, SettingsError), 10),
    ],
)
def test_the_highest_class_is_the_exit_code(
    problems: tuple[type[SamlauthError], ...], code: int
) -> None:
    by_class = {check.exit_code: check for check in CHECKS}
    (bad,) = found(ADA, credentials(ADA, 0o640))
    findings = [Finding(by_class[kind.exit_code], bad.found) for kind in problems]
    assert exit_code(findings) == code


def test_a_class_of_its_own_comes_before_the_checks() -> None:
    facts = Facts(ADA, {}, FileError("It cannot be read.", hint="See why."))
    assert exit_code(diagnose(facts, CHECKS[:1])) == FileError.exit_code


def test_each_check_has_a_name_of_its_own() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)


def test_many_leftovers_of_one_file_have_one_remedy() -> None:
    left = tuple(Leftover(f"{HOME}/.credentials.samlauth-{n}", f"{HOME}/credentials") for n in "ab")
    facts = Facts(ADA, {}, UNREAD, files=(credentials(),), leftovers=left)
    checks = [check for check in CHECKS if check.name == "leftover"]
    assert len({one.found.remedy for one in diagnose(facts, checks)}) == 1


@pytest.mark.parametrize(
    ("mfa", "key", "severity", "what"),
    [
        ("key", SecurityKey(message="No access.", hint="Ask."), "problem", "No access."),
        ("totp", SecurityKey(message="No access.", hint="Ask."), "note", "No access."),
        ("totp", SecurityKey(is_possible=False, message="No fido2.", hint="pip"), "ok", "extra"),
        ("key", SecurityKey(is_possible=False, message="No fido2.", hint="pip"), "problem", "No f"),
        ("key", SecurityKey(keys=2), "ok", "security keys 2"),
        ("key", SecurityKey(), "ok", "no security key in use"),
    ],
)
def test_a_security_key_is_a_problem_only_for_who_signs_in_with_one(
    mfa: str, key: SecurityKey, severity: str, what: str
) -> None:
    values = resolve({"mfa": mfa}, {}, {})
    profile = Profile("x", values, {}, {})
    checks = [check for check in CHECKS if check.name == "security key"]
    (one,) = diagnose(Facts(ADA, {}, profile, security_key=key), checks)
    assert one.found.severity == severity
    assert what in one.found.what
