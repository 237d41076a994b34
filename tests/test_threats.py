"""What an attacker might try, and the test that shows it does not work.

THREATS names, for each threat, the tests that stand against it; a test that is renamed or removed has
to be replaced here. What can be seen in the code itself is tested here.
"""

from __future__ import annotations

import ast
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

import samlauth

ROOT = Path(samlauth.__file__).parent
TESTS = Path(__file__).parent

THREATS: dict[str, tuple[str, ...]] = {
    "T8 a response that is wrapped, doubled or commented, to mislead the list of roles": (
        "test_saml.py::test_exactly_one_assertion_is_expected",
        "test_saml.py::test_a_comment_inside_a_value_does_not_cut_it_short",
        "test_saml.py::test_the_base64_stays_as_it_was_posted",
        "test_saml.py::test_a_role_cannot_be_made_of_anything_else",
    ),
    "T9 names that obey a terminal": (
        "test_printable.py::test_the_result_is_one_printable_line_that_fits",
        "test_outputs.py::test_values_of_the_files",
        "test_outputs.py::test_arguments",
        "test_outputs.py::test_what_is_remembered",
        "test_outputs.py::test_roles_of_a_response",
        "test_outputs.py::test_a_report_that_somebody_sent",
        "effects/test_picker.py::test_a_name_from_outside_cannot_move_the_cursor",
        "effects/test_prompt.py::test_no_profile_can_write_on_the_terminal",
    ),
    "T10 a value or a name that becomes a section or a key of the AWS files": (
        "test_awsfiles.py::test_no_text_becomes_another_section_or_key",
        "test_awsfiles.py::test_a_value_that_would_not_come_back_is_refused_and_not_shown",
        "test_awsfiles.py::test_names_that_could_mean_something_else_are_refused",
    ),
    "T11 a profile that is named like a path": (
        "effects/test_cache.py::test_any_name_has_a_file_of_its_own_in_the_folder",
        "effects/test_cache.py::test_no_two_names_have_the_same_file",
    ),
    "T12 long-lived keys that are overwritten": (
        "test_profiles.py::test_long_lived_keys_are_replaced_only_when_asked_to",
        "e2e/test_refusals.py::test_default_and_long_lived_keys_are_left_alone",
        "e2e/test_everyday.py::test_long_lived_keys_are_never_replaced_on_the_way",
    ),
    "T13 secrets in logs, output and files": (
        "e2e/test_canaries.py::test_every_rehearsal",
        "e2e/test_canaries.py::test_every_failure",
        "e2e/test_secrets_stay.py::test_no_secret_is_printed_logged_or_kept",
        "test_redactor.py::test_a_secret_is_hidden_whatever_mixture_it_is_written_in",
    ),
    "T14 secrets in tracebacks and in reports of failures": (
        "test_cli.py::test_a_fault_of_ours_is_a_sentence_and_exit_1",
        "test_redactor.py::test_a_traceback_is_cleaned_as_its_message_is",
        "e2e/test_canaries.py::test_every_failure",
        "e2e/test_report.py::test_a_report_of_a_page_that_cannot_be_read",
        "effects/test_recorder.py::test_a_page_with_a_secret_in_what_is_kept_is_left_out",
    ),
    "T15 secrets on the command line, in the environment, in a shell's history": (
        "e2e/test_secrets_stay.py::test_a_password_on_the_command_line_is_refused_and_not_repeated",
        "test_threats.py::test_no_setting_holds_a_password",
    ),
    "T16 a helper's command that a shell would read": (
        "effects/test_programs.py::test_there_is_no_shell",
        "effects/test_programs.py::test_neither_command_nor_password_is_shown",
        "test_threats.py::test_no_program_is_started_through_a_shell",
    ),
    "T17 core files": (
        "effects/test_cores.py::test_a_crash_leaves_nothing_behind",
        "e2e/test_everyday.py::test_exec_is_replaced_by_the_command",
        "test_threats.py::test_a_sign_in_leaves_no_core_file",
    ),
    "T18 sessions and caches at rest": (
        "effects/test_sessions.py::test_it_is_encrypted_and_nobody_elses_to_read",
        "effects/test_sessions.py::test_it_is_nobody_elses_and_of_nowhere_else",
        "effects/test_cache.py::test_one_that_others_may_read_or_write_is_not_believed",
        "effects/test_cache.py::test_one_of_somebody_else_is_not_believed",
    ),
    "T19 files that others can read": (
        "e2e/test_canaries.py::test_every_file_is_private_whatever_the_umask",
        "test_threats.py::test_files_are_made_in_few_places",
    ),
    "T20 links and files that change between a look and a use": (
        "effects/test_files.py::test_a_link_that_comes_in_between_is_not_followed",
        "effects/test_files.py::test_a_link_stays_and_what_it_leads_to_is_replaced",
        "effects/test_cache.py::test_a_link_is_not_followed",
        "effects/test_recorder.py::test_a_record_that_others_can_read_or_that_is_a_link_is_not_used",
        "test_threats.py::test_a_lock_that_turns_into_a_link_changes_nobodys_file",
        "effects/test_swaps.py::test_a_link_never_leads_the_writer_of_an_aws_file_elsewhere",
        "effects/test_swaps.py::test_a_link_never_leads_the_writer_of_our_own_files_elsewhere",
        "effects/test_swaps.py::"
        "test_a_lock_that_is_swapped_for_a_link_is_not_one_on_what_it_leads_to",
    ),
    "T21 a stray line in what credential_process prints": (
        "e2e/test_credential_process.py::"
        "test_the_json_and_nothing_else_is_printed_and_printed_again_from_the_cache",
        "e2e/test_credential_process.py::test_with_nobody_to_ask_one_line_names_the_command",
        "e2e/test_clients.py::test_a_client_is_who_the_profile_says",
    ),
    "T22 a crowd of programs that all sign in": (
        "e2e/test_credential_process.py::test_fifty_at_once_make_one_sign_in",
        "e2e/test_credential_process.py::test_fifty_at_once_are_refused_once",
    ),
    "T23 a plugin that nobody asked for, a keyring in the clear": (
        "plugins/test_plugins.py::test_only_the_one_that_is_named_is_imported",
        "plugins/test_plugins.py::test_a_built_in_name_cannot_be_taken",
        "effects/test_ring.py::test_a_file_in_the_clear_is_used_only_when_it_is_named",
    ),
    "T24 a package that is not the one that was tested": (
        "test_packaging.py::test_the_same_source_gives_the_same_bytes",
        "test_packaging.py::test_what_is_imported_is_asked_for",
    ),
    "T25 settings in the folder that a command is run in": (
        "test_threats.py::test_the_folder_a_command_is_run_in_has_no_say",
    ),
    "T26 a server of credentials": ("test_threats.py::test_nothing_listens",),
}


@pytest.mark.parametrize("threat", THREATS)
def test_each_threat_has_its_tests(threat: str) -> None:
    for test in THREATS[threat]:
        path, _, name = test.partition("::")
        tree = ast.parse((TESTS / path).read_text("utf-8"))
        names = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        assert name in names, test


def calls() -> Iterator[tuple[str, ast.Call, str]]:
    """Every call in the package but the sandbox's: where, the call, the name of what is called."""
    for path in sorted(ROOT.rglob("*.py")):
        if path.relative_to(ROOT).parts[0] == "sandbox":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func
                name = (
                    called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
                )
                yield f"{path.relative_to(ROOT)}", node, name


def test_no_program_is_started_through_a_shell() -> None:
    shells = [
        where
        for where, call, name in calls()
        if (name == "system" and ast.unparse(call.func) != "platform.system")
        or name == "popen"
        or any(word.arg == "shell" and ast.unparse(word.value) != "False" for word in call.keywords)
    ]
    assert shells == []


def test_nothing_listens() -> None:
    assert [where for where, _, name in calls() if name in {"listen", "create_server"}] == []


WRITERS = {
    "effects/files/staging.py",  # what takes the place of an AWS file or one of ours, O_EXCL and 0600
    "effects/bundle.py",  # the report, O_EXCL and 0600
    "effects/images.py",  # a CAPTCHA, in a folder of its own, O_EXCL and 0600
    "effects/browser/profile.py",  # in the browser's profile, a folder that is 0700
    "effects/console.py",  # the terminal
    "cli.py",  # /dev/null in place of a closed stream
}


def test_files_are_made_in_few_places() -> None:
    makers: set[str] = set()
    for where, call, name in calls():
        words = [*call.args[:2], *(word.value for word in call.keywords if word.arg == "mode")]
        modes = [word.value for word in words if isinstance(word, ast.Constant)]
        opens = name in {"open", "fdopen"} and any(set(str(mode)) & set("wax+") for mode in modes)
        opens |= ast.unparse(call.func) == "os.open" and "CREAT" in ast.unparse(call)
        if opens or name in {"write_text", "write_bytes", "NamedTemporaryFile", "mkstemp"}:
            makers.add(where)
    assert makers <= WRITERS


def test_no_setting_holds_a_password() -> None:
    from samlauth.settings import TABLE

    secret = {"password", "otp", "code", "pin", "token", "secret"}
    assert not {setting.name for setting in TABLE} & secret
    for setting in TABLE:
        if secret & set(setting.name.split("_")):
            assert setting.name.endswith(("_command", "_file")), setting.name


def test_a_sign_in_leaves_no_core_file() -> None:
    """Every command that parses what a sign-in takes turns core files off before it does anything."""
    tree = ast.parse((ROOT / "cli.py").read_text("utf-8"))
    made = {node.name: ast.unparse(node) for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert "cores.leave_none()" in made["_to_sign_in"]
    parse = {name for name, body in made.items() if "parsers.setting_arguments(parser" in body}
    assert {"_login", "_settings"} <= parse
    for name in parse - {"_settings"}:
        assert "_to_sign_in(parser, argv)" in made[name], name


def test_the_folder_a_command_is_run_in_has_no_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from samlauth.commands.target import target

    hostile = "[profile x]\nsamlauth.url = https://evil.example\nsamlauth.username = eve\n"
    for name in ("config", ".samlauth", "samlauth", ".aws/config", "credentials", ".env"):
        path = tmp_path / "repository" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(hostile)
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "repository")
    goal = target({"profile": "x"}, {"HOME": str(tmp_path / "home")})
    named = {row.name: goal.settings[row] for row in _rows("username", "url")}
    assert named == {"username": None, "url": None}


def _rows(*names: str) -> list[samlauth.setting.Setting[object]]:
    from samlauth.settings import TABLE

    return [row for row in TABLE if row.name in names]


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_a_lock_that_turns_into_a_link_changes_nobodys_file(tmp_path: Path) -> None:
    from samlauth.effects import files

    victim = tmp_path / "victim"
    victim.write_text("mine")
    victim.chmod(0o644)
    target = tmp_path / "folder" / "state"
    target.parent.mkdir()
    (tmp_path / "folder" / "state.lock").symlink_to(victim)
    with files.locked(target, 0.1):
        files.write_private(target, b"new")
    assert (victim.read_text(), stat.S_IMODE(victim.stat().st_mode)) == ("mine", 0o644)
    assert target.read_bytes() == b"new"
