"""The command line of the installed program, without a login."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from samlauth import __version__, commands
from samlauth.commands.settings import fitted
from samlauth.errors import UsageError

SAMLAUTH = Path(sys.executable).parent / "samlauth"
README = Path(__file__).parents[1] / "README.md"
HEAVY = {
    "requests",
    "urllib3",
    "bs4",
    "lxml",
    "boto3",
    "botocore",
    "keyring",
    "filelock",
    "truststore",
    "ssl",
}


def run(*arguments: str, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.defpath, "HOME": str(home), "COLUMNS": "100", **more}
    return subprocess.run(
        [SAMLAUTH, *arguments],
        env=environ,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_help_is_what_the_readme_shows(tmp_path: Path) -> None:
    shown = run("--help", home=tmp_path)
    assert (shown.returncode, shown.stderr) == (0, "")
    _, block = README.read_text("utf-8").split("<!-- samlauth --help -->\n```\n")
    assert shown.stdout == block.split("```\n")[0]


FAST: dict[tuple[str, ...], set[str]] = {
    ("--version",): {"samlauth.__main__", "samlauth.effects.cache"},
    ("--help",): {
        "samlauth.__main__",
        "samlauth.cli",
        "samlauth.command",
        "samlauth.commands",
        "samlauth.commands.flags",
        "samlauth.commands.overview",
        "samlauth.durations",
        "samlauth.effects.cache",
        "samlauth.effects.cores",
        "samlauth.effects.output",
        "samlauth.errors",
        "samlauth.parsers",
        "samlauth.peers",
        "samlauth.setting",
        "samlauth.settings",
    },
}
"""Commands that people and prompts run all day, and what of ours they load.

What a cached credential-process and ``status --short`` load is tested where they are.
"""


@pytest.mark.parametrize("columns", [40, 80])
def test_help_fits_the_terminal(columns: int, tmp_path: Path) -> None:
    for name, _ in commands.every():
        shown = run(*name.split(), "--help", home=tmp_path, COLUMNS=str(columns)).stdout
        too_wide = [line for line in shown.splitlines() if len(line) > columns]
        assert all(" " not in line.strip() for line in too_wide), (name, too_wide)


def test_the_help_of_a_command_begins_with_its_own_options(tmp_path: Path) -> None:
    shown = run("env", "--help", home=tmp_path).stdout
    _, options = shown.split("options:\n")
    assert options.index("--profile") < options.index("--format") < options.index("--username")


@pytest.mark.parametrize("arguments", FAST, ids=" ".join)
def test_a_fast_command_loads_what_it_needs(arguments: tuple[str, ...], tmp_path: Path) -> None:
    program = (
        "import os, sys; before = set(sys.modules); write = os._exit\n"
        "def leave(code):\n"
        "    sys.stderr.write(' '.join(sorted(set(sys.modules) - before))); sys.stderr.flush()\n"
        "    write(code)\n"
        "os._exit = leave\n"
        "from samlauth.__main__ import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={"HOME": str(tmp_path), "PATH": os.defpath},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loaded = set(done.stderr.split())
    ours = {name for name in loaded if name.partition(".")[0] == "samlauth"}
    assert ours == {"samlauth", "samlauth.effects", *FAST[arguments]}
    heavy = {"dataclasses", "inspect", "json", "logging", "pathlib", "threading", "urllib"}
    assert loaded & (HEAVY | heavy) == set()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["nonsense"], ["--nonsense"]])
def test_nothing_heavy_is_loaded_before_it_is_needed(arguments: list[str], tmp_path: Path) -> None:
    program = (
        "import sys; from samlauth.cli import guarded; guarded(sys.argv[1:]);"
        "print('LOADED', *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={"HOME": str(tmp_path), "PATH": os.defpath},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loaded = set(done.stdout.rpartition("LOADED")[2].split())
    assert {"samlauth", "argparse"} <= loaded
    assert loaded & HEAVY == set()


def test_what_is_listed_is_what_is_found() -> None:
    tree = ast.parse(Path(commands.__file__).read_text("utf-8"))
    firsts = [
        case.pattern.patterns[0].value.value
        for case in ast.walk(tree)
        if isinstance(case, ast.match_case) and isinstance(case.pattern, ast.MatchSequence)
        if isinstance(case.pattern.patterns[0], ast.MatchValue)
        if isinstance(case.pattern.patterns[0].value, ast.Constant)
    ]
    assert set(firsts) == {*commands.NAMES, "help"}
    typed = [name for name, _ in commands.every()]
    assert [name for name in typed if " " not in name] == list(commands.NAMES)
    assert [name for name in typed if " " in name] == ["configure process", "configure chain"]


def test_a_command_gets_the_words_that_are_its_own() -> None:
    for words in (["-p", "x"], []):
        assert commands.find(words)[1] == words
        assert commands.find(["login", *words]) == commands.find(words)
        assert commands.find(["env", *words])[1] == words
        process, rest = commands.find(["configure", "process", *words])
        assert (process.usage.split()[2], rest) == ("process", words)
    with pytest.raises(UsageError, match="'nonsense' is nothing it knows") as refused:
        configure, rest = commands.find(["configure", "nonsense", "-p", "x"])
        configure.split(rest)
    assert "samlauth configure process -p NAME" in refused.value.hint


def test_help_is_a_command_too(tmp_path: Path) -> None:
    for words in ([], ["env"], ["configure", "process"]):
        shown = run("help", *words, home=tmp_path)
        assert (shown.returncode, shown.stdout) == (0, run(*words, "--help", home=tmp_path).stdout)


def test_version(tmp_path: Path) -> None:
    assert run("--version", home=tmp_path).stdout == f"samlauth {__version__}\n"
    assert run("-V", home=tmp_path).stdout == f"samlauth {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sing-in"], "'sing-in' is not a command"),
        (["statsu"], "Did you mean samlauth status?"),
        (["sts-temp"], "a profile is named with -p"),
        (["--nonsense"], "no option --nonsense"),
        (["env", "--profle", "x"], "Did you mean --profile? samlauth env --help"),
        (["--nonsense=x"], "no option --nonsense"),
        (["-p", "x", "stray"], "a word that belongs to no option"),
        (["-d", "soon"], "--duration is 'soon'"),
        (["-d", "13h"], "12 hours"),
        (["-r", "X", "-a"], "-r names a role and -a asks for one"),
        (["-l", "loud"], "invalid choice"),
        (["-k=x"], "-k"),
        (["-p"], "expected one argument"),
        (["rehearse", "google", "--nonsense=x"], "no option --nonsense"),
    ],
)
def test_a_command_line_that_means_nothing_exits_2(
    arguments: list[str], said: str, tmp_path: Path
) -> None:
    done = run(*arguments, home=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_profile_name_that_would_break_the_files_exits_3(tmp_path: Path) -> None:
    done = run("-p", "a]\n[evil", home=tmp_path)
    assert done.returncode == 3
    assert not (tmp_path / ".aws").exists()


def test_settings_shows_each_value_and_where_it_came_from(tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(
        "[profile x]\ngoogle_config.google_idp_id = C01\nsamlauth.sp_id = 12\n"
    )
    done = run("settings", "-p", "x", "-u", "ada", home=tmp_path, AWS_REGION="eu-west-1")
    assert done.returncode == 0
    rows = {line.split()[0]: line.split(None, 2)[1:] for line in done.stdout.splitlines()}
    assert rows["username"] == ["ada", "--username"]
    assert rows["idp_id"][0] == "C01"
    assert rows["idp_id"][1].startswith("google_config.google_idp_id in [profile x]")
    assert rows["sp_id"][1].startswith("samlauth.sp_id in [profile x]")
    assert rows["region"] == ["eu-west-1", "AWS_REGION"]
    assert rows["duration"] == ["auto", "default"]
    assert rows["role_arn"] == ["-", "default"]


def test_settings_fit_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    role = "arn:aws:iam::222222222222:role/Developer"
    rows = [
        (
            "username",
            "ada@example.com",
            "samlauth.username in [profile x] of /home/ada/.aws/config",
        ),
        ("role_arn", role, "--role-arn"),
        ("ask_role", "false", "default"),
    ]
    assert list(fitted(rows, 80)) == [
        "username  ada@example.com  samlauth.username in [profile x] of ~/.aws/config",
        f"role_arn  {role}  --role-arn",
        "ask_role  false            default",
    ]
    assert list(fitted(rows, 60)) == [
        "username  ada@example.com",
        "          samlauth.username in [profile x] of ~/.aws/config",
        f"role_arn  {role}",
        "          --role-arn",
        "ask_role  false            default",
    ]


def test_settings_as_json(tmp_path: Path) -> None:
    import json

    done = run("settings", "--json", "-d", "1h", home=tmp_path)
    rows = json.loads(done.stdout)
    assert rows["duration"] == {"value": 3600, "source": "--duration"}
    assert rows["profile"] == {"value": "sts", "source": "default"}


def test_another_tools_senseless_value_is_warned_about(tmp_path: Path) -> None:
    done = run("settings", home=tmp_path, DURATION="1 day")
    assert done.returncode == 0
    assert "samlauth: DURATION is '1 day'" in done.stderr


def test_a_fault_of_ours_is_a_sentence_and_exit_1() -> None:
    program = (
        "import samlauth.cli as cli\n"
        "def broken(argv): raise RuntimeError('hunter2')\n"
        "cli.dispatch = broken\n"
        "raise SystemExit(cli.guarded([]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "RuntimeError" in done.stderr
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_closed_standard_output_is_no_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"{SAMLAUTH} settings | true; {SAMLAUTH} settings >&-"],
        env={"PATH": os.defpath, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_what_the_locale_cannot_spell_is_spelt_out(encoding: str, tmp_path: Path) -> None:
    more = {"PYTHONIOENCODING": encoding, "SAMLAUTH_USERNAME": "ада"}
    done = run("settings", "-p", "x", home=tmp_path, **more)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u0430\\u0434\\u0430" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "environ", "start"),
    [
        ([], {"CLICOLOR_FORCE": "1"}, "\x1b[1;31msamlauth:\x1b[0m -r names a role"),
        ([], {"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, "samlauth: -r names a role"),
        (["--plain"], {"CLICOLOR_FORCE": "1"}, "samlauth: -r names a role"),
        ([], {"TERM": "xterm"}, "samlauth: -r names a role"),
    ],
)
def test_an_error_is_in_colour_where_that_is_wanted(
    arguments: list[str], environ: dict[str, str], start: str, tmp_path: Path
) -> None:
    done = run("-r", "Admin", "-a", *arguments, home=tmp_path, **environ)
    assert done.returncode == 2
    assert done.stderr.startswith(start)
    assert done.stdout == ""
