"""The order and the lines of the list without a terminal; the list itself on a pseudo-terminal."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest

from samlauth.challenges import ChooseRoles
from samlauth.effects.picker import (
    Menu,
    Numbered,
    _drawn,
    _help,
    entries,
    last_used,
    matching,
)
from samlauth.printable import width
from samlauth.saml import Role

DOWN, UP, PAGE_DOWN, PAGE_UP, ESC = "\x1b[B", "\x1b[A", "\x1b[6~", "\x1b[5~", "\x1b"


def role(account: int, name: str, provider: str = "Google") -> Role:
    number = str(account) * 12
    return Role(
        f"arn:aws:iam::{number}:role/{name}", f"arn:aws:iam::{number}:saml-provider/{provider}"
    )


ROLES = (
    role(3, "Admin"),
    role(1, "Reader"),
    role(2, "ci/Deploy"),
    role(1, "Admin"),
    role(2, "Admin"),
    role(4, "Admin"),
)
ALIASES = {"1" * 12: "Production", "2" * 12: "development", "3" * 12: ""}
PRODUCTION, DEVELOPMENT = "Production (111111111111)", "development (222222222222)"


def order(recent: tuple[str, ...] = (), roles: tuple[Role, ...] = ROLES) -> list[tuple[str, str]]:
    found = entries(ChooseRoles(roles, ALIASES, recent))
    return [(entry.account, entry.label) for entry in found]


class TestOrder:
    def test_accounts_come_together_by_name_and_nameless_ones_last_by_id(self) -> None:
        assert order() == [
            (DEVELOPMENT, "Admin"),
            (DEVELOPMENT, "Deploy  /ci/"),
            (PRODUCTION, "Admin"),
            (PRODUCTION, "Reader"),
            ("333333333333", "Admin"),
            ("444444444444", "Admin"),
        ]

    def test_roles_are_sorted_by_name_whatever_their_path_and_case(self) -> None:
        roles = (role(1, "Zeta"), role(1, "z/y/Deploy"), role(1, "admin"), role(1, "ops/Reader"))
        assert [label for _, label in order(roles=roles)] == [
            "admin",
            "Deploy  /z/y/",
            "Reader  /ops/",
            "Zeta",
        ]

    def test_what_was_used_last_comes_first_in_its_account_and_its_account_first_of_all(
        self,
    ) -> None:
        recent = (ROLES[5].role_arn, ROLES[1].role_arn, "arn:aws:iam::999999999999:role/Gone")
        assert order(recent) == [
            ("444444444444", "Admin"),
            (PRODUCTION, "Reader"),
            (PRODUCTION, "Admin"),
            (DEVELOPMENT, "Admin"),
            (DEVELOPMENT, "Deploy  /ci/"),
            ("333333333333", "Admin"),
        ]

    @pytest.mark.parametrize(
        ("recent", "marked"),
        [
            ((), []),
            (("arn:aws:iam::999999999999:role/Gone",), []),
            (("arn:aws:iam::999999999999:role/Gone", ROLES[1].role_arn), [ROLES[1]]),
            ((ROLES[1].role_arn, ROLES[0].role_arn, ROLES[1].role_arn), [ROLES[1]]),
        ],
    )
    def test_the_one_used_last_is_marked_and_is_the_first(
        self, recent: tuple[str, ...], marked: list[Role]
    ) -> None:
        challenge = ChooseRoles(ROLES, ALIASES, recent)
        found = entries(challenge)
        assert [entry.role for entry in found if entry.last_used] == marked
        assert last_used(challenge) == (marked[0] if marked else None)
        if marked:
            assert found[0].role == marked[0]

    def test_a_role_through_two_providers_is_told_apart_and_one_of_them_was_used_last(self) -> None:
        twins = (role(1, "Admin"), role(1, "Admin", "Other"))
        found = entries(ChooseRoles((*twins, role(1, "Reader")), {}, (twins[0].role_arn,)))
        assert [entry.label for entry in found] == [
            "Admin  through arn:aws:iam::111111111111:saml-provider/Google",
            "Admin  through arn:aws:iam::111111111111:saml-provider/Other",
            "Reader",
        ]
        assert [entry.last_used for entry in found] == [True, False, False]


class TestNotes:
    challenge = ChooseRoles(ROLES, ALIASES, (), {"1" * 12: "Ask Grace first", "3" * 12: "old"})

    def test_they_stand_behind_the_account(self) -> None:
        found = {entry.account for entry in entries(self.challenge)}
        assert found == {
            f"{PRODUCTION}  Ask Grace first",
            DEVELOPMENT,
            "333333333333  old",
            "444444444444",
        }

    def test_a_filter_looks_in_them(self) -> None:
        found = matching(entries(self.challenge), "grace read")
        assert [entry.role for entry in found] == [ROLES[1]]

    def test_the_numbered_list_has_them(self) -> None:
        lines = Numbered(self.challenge).lines
        assert lines[0].endswith("333333333333:role/Admin (old)")
        assert lines[1].endswith("role/Reader (Production, Ask Grace first)")


class TestFilter:
    @pytest.mark.parametrize(
        ("query", "labels"),
        [
            ("", ["Admin", "Deploy  /ci/", "Admin", "Reader", "Admin", "Admin"]),
            ("dev", ["Admin", "Deploy  /ci/"]),
            ("DEPLOY", ["Deploy  /ci/"]),
            ("ci/dep", ["Deploy  /ci/"]),
            ("admin prod", ["Admin"]),
            ("  prod  1111 read ", ["Reader"]),
            ("2222", ["Admin", "Deploy  /ci/"]),
            ("admin reader", []),
            ("nothing", []),
        ],
    )
    def test_every_word_must_occur_in_the_account_its_id_the_role_or_its_path(
        self, query: str, labels: list[str]
    ) -> None:
        found = matching(entries(ChooseRoles(ROLES, ALIASES)), query)
        assert [entry.label for entry in found] == labels

    def test_words_are_compared_without_case_in_every_script(self) -> None:
        found = entries(ChooseRoles(ROLES, {"1" * 12: "Straße Ä", "2" * 12: "STRASSE Ä"}))
        assert len(matching(found, "STRASSE ä")) == len(matching(found, "Straße ä")) == 4


def texts(menu: Menu, rows: int) -> list[str]:
    """The lines shown, the one pointed at marked."""
    shown = menu.shown(rows)
    return [
        ("> " if line.entry and line.entry is menu.pointed else "") + line.text for line in shown
    ]


class TestMenu:
    def test_accounts_are_headers_and_the_first_role_is_pointed_at(self) -> None:
        menu = Menu(ChooseRoles(ROLES[:4], ALIASES))
        assert texts(menu, 20) == [
            DEVELOPMENT,
            "> Deploy  /ci/",
            PRODUCTION,
            "Admin",
            "Reader",
            "333333333333",
            "Admin",
        ]

    def test_headers_are_stepped_over_and_the_ends_are_ends(self) -> None:
        menu = Menu(ChooseRoles(ROLES[:4], ALIASES))
        menu.move(-1)
        assert texts(menu, 20)[1] == "> Deploy  /ci/"
        menu.move(1)
        assert texts(menu, 20)[3] == "> Admin"
        menu.move(100)
        assert texts(menu, 20)[6] == "> Admin"
        menu.move(-2)
        assert texts(menu, 20)[3] == "> Admin"

    def test_a_long_list_scrolls_and_its_first_line_says_the_account(self) -> None:
        menu = Menu(ChooseRoles(tuple(role(1, f"R{n:02}") for n in range(30)), ALIASES))
        assert texts(menu, 4) == [PRODUCTION, "> R00", "R01", "R02"]
        menu.move(3)
        assert texts(menu, 4) == [PRODUCTION, "R01", "R02", "> R03"]
        menu.move(100)
        assert texts(menu, 4) == [PRODUCTION, "R27", "R28", "> R29"]
        assert len(texts(menu, 20)) == 20  # the window was enlarged
        assert texts(menu, 4) == [PRODUCTION, "R27", "R28", "> R29"]
        menu.move(-2)
        assert texts(menu, 4) == [PRODUCTION, "> R27", "R28", "R29"]
        menu.move(-1)
        assert texts(menu, 4) == [PRODUCTION, "> R26", "R27", "R28"]

    @pytest.mark.parametrize("rows", [2, 3, 7, 40])
    def test_the_one_pointed_at_is_always_shown_under_its_own_account(self, rows: int) -> None:
        offered = tuple(role(n % 4 + 1, f"R{n:02}") for n in range(23))
        menu = Menu(ChooseRoles(offered, ALIASES))
        for by in [1] * 25 + [-1] * 25 + [5, 5, 5, -4, 9, -30]:
            menu.move(by)
            shown = menu.shown(rows)
            assert len(shown) == min(rows, 27)
            header = ""
            for line in shown:
                header = header if line.entry else line.text
                assert header == (line.entry.account if line.entry else header)
            assert menu.pointed in [line.entry for line in shown]

    def test_a_filter_points_at_its_first_match_and_an_empty_one_brings_all_back(self) -> None:
        menu = Menu(ChooseRoles(ROLES, ALIASES))
        menu.move(3)
        menu.filter("prod")
        assert texts(menu, 20) == [PRODUCTION, "> Admin", "Reader"]
        menu.filter("prod x")
        assert (menu.shown(20), menu.pointed) == ((), None)
        menu.move(1)
        menu.filter("")
        assert menu.pointed == entries(ChooseRoles(ROLES, ALIASES))[0]
        assert (len(menu.found), menu.offered) == (6, 6)

    def test_five_thousand_roles_are_one_menu(self) -> None:
        offered = tuple(role(n % 9 + 1, f"R{n}") for n in range(5000))
        menu = Menu(ChooseRoles(offered, ALIASES, (offered[4321].role_arn,)))
        assert menu.pointed is not None
        assert menu.pointed.role == offered[4321]
        menu.filter("r4999")
        assert menu.pointed.role == offered[4999]


class TestNarrow:
    @pytest.mark.parametrize("columns", [12, 25, 40])
    def test_no_line_is_wider_than_the_screen_and_the_last_used_is_marked(
        self, columns: int
    ) -> None:
        offered = (role(1, "B" * 64), role(1, "A" * 64))
        recent = (offered[1].role_arn,)
        menu = Menu(ChooseRoles(offered, {"1" * 12: "e\u0301" * 30}, recent, {"1" * 12: "👩" * 9}))
        drawn = "".join(text for _, text, *_ in _drawn(menu, 9, columns)).splitlines()
        assert len(drawn) == 3
        assert all(width(line) <= columns for line in drawn)
        assert drawn[1].startswith("> ")
        assert drawn[1].endswith("  last used") == (columns > 12)

    def test_the_help_is_as_long_as_there_is_room_for(self) -> None:
        menu = Menu(ChooseRoles(ROLES, ALIASES))
        assert _help(menu, 80) == "Roles: type to filter, arrow keys move, ENTER takes, ESC leaves"
        assert _help(menu, 40) == "Roles: type, ENTER takes, ESC"
        assert _help(menu, 12) == "Roles"


class TestNumbered:
    def test_the_order_is_the_assertions_and_what_is_known_stands_behind(self) -> None:
        numbered = Numbered(ChooseRoles(ROLES, ALIASES, (ROLES[3].role_arn, ROLES[0].role_arn)))
        assert numbered.lines == (
            "[  1] arn:aws:iam::333333333333:role/Admin",
            "[  2] arn:aws:iam::111111111111:role/Reader (Production)",
            "[  3] arn:aws:iam::222222222222:role/ci/Deploy (development)",
            "[  4] arn:aws:iam::111111111111:role/Admin (Production, last used)",
            "[  5] arn:aws:iam::222222222222:role/Admin (development)",
            "[  6] arn:aws:iam::444444444444:role/Admin",
        )
        assert numbered.question == (
            "ENTER takes 4. Type the number (1 - 6) of the role to assume: "
        )
        assert numbered.chosen("") == ROLES[3]

    def test_without_names_and_a_role_used_last_only_the_arns_are_shown(self) -> None:
        numbered = Numbered(ChooseRoles(ROLES[:2]))
        assert numbered.lines[0] == "[  1] arn:aws:iam::333333333333:role/Admin"
        assert numbered.question == "Type the number (1 - 2) of the role to assume: "
        assert numbered.chosen("") is None

    @pytest.mark.parametrize("typed", ["2", " 2 ", "02", "000000002"])
    def test_a_number_takes_its_role(self, typed: str) -> None:
        assert Numbered(ChooseRoles(ROLES)).chosen(typed) == ROLES[1]

    @pytest.mark.parametrize(
        "junk", ["0", "-1", "7", "1.0", "x", "٢", "²", "0000000002", "1" * 5000]
    )
    def test_anything_else_takes_none(self, junk: str) -> None:
        assert Numbered(ChooseRoles(ROLES, {}, (ROLES[0].role_arn,))).chosen(junk) is None

    def test_a_role_through_two_providers_is_told_apart(self) -> None:
        numbered = Numbered(ChooseRoles((role(1, "Admin"), role(1, "Admin", "Other"))))
        assert numbered.lines[1] == (
            "[  2] arn:aws:iam::111111111111:role/Admin "
            "through arn:aws:iam::111111111111:saml-provider/Other"
        )

    def test_a_name_from_outside_cannot_move_the_cursor(self) -> None:
        numbered = Numbered(ChooseRoles(ROLES[1:2], {"1" * 12: "\x1b[2Jred"}))
        assert numbered.lines[0].endswith(" (\\x1b[2Jred)")


PROGRAM = """
import io, os, signal, sys
from pathlib import Path
from samlauth.challenges import ChooseRoles
from samlauth.effects.picker import pick
from samlauth.saml import Role

class Ended(BaseException):
    pass

def end(*_):
    raise Ended

signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.alarm(60)

def role(account, name):
    number = str(account) * 12
    return Role(f"arn:aws:iam::{number}:role/{name}", f"arn:aws:iam::{number}:saml-provider/Google")

few = (role(1, "Reader"), role(1, "Writer"), role(2, "Admin"), role(2, "Reader"))
names = {"1" * 12: "production", "2" * 12: "\\x1b[31mdev\\u202e"}
many = tuple(role(n % 9 + 1, f"R{n:04}") for n in range(5000))
challenge = {
    "few": ChooseRoles(few, names, (few[3].role_arn,)),
    "new": ChooseRoles(few, names),
    "many": ChooseRoles(many, names),
}[sys.argv[1]]
class Screen(io.TextIOWrapper):
    def flush(self):
        super().flush()
        armed = Path(sys.argv[2] + ".armed")
        if armed.exists():
            armed.unlink()
            os.kill(os.getpid(), signal.SIGTERM)

Path(sys.argv[2] + ".pid").write_text(str(os.getpid()))
with open("/dev/tty") as keys, Screen(open("/dev/tty", "wb")) as screen:
    try:
        answer = pick(challenge, keys, screen).role_arn
    except BaseException as error:
        answer = repr(error)
    Path(sys.argv[2]).write_text(answer)
"""


class Shown:
    """The program on a terminal; its standard input, output and errors are not the terminal."""

    def __init__(
        self, folder: Path, challenge: str = "few", rows: int = 24, no_color: str = ""
    ) -> None:
        self.folder = folder
        # A terminal that no process has open yet has hung up; so one descriptor stays on it.
        command = 'exec "$0" -c "$1" "$2" "$3" 3<&0 </dev/null >"$4/stdout" 2>"$4/stderr"'
        arguments = [sys.executable, PROGRAM, challenge, str(folder / "out"), str(folder)]
        self.terminal: Any = pexpect.spawn(
            "/bin/sh",
            ["-c", command, *arguments],
            encoding="utf-8",
            timeout=30,
            dimensions=(rows, 80),
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "TERM": "xterm-256color",
                "NO_COLOR": no_color,
            },
        )
        self.terminal.expect_exact("Role to assume:")
        self.first = f"{self.terminal.before}{self.terminal.after}"
        # The cursor is shown when all is drawn.
        self.terminal.expect_exact("\x1b[?25h")
        self.first += str(self.terminal.before)

    def type(self, *keys: str) -> str:
        """What the program was answered in the end."""
        self.terminal.send("".join(keys))
        return self.answer()

    def answer(self) -> str:
        self.terminal.expect(pexpect.EOF)
        self.terminal.close()
        assert (self.folder / "stdout").read_text() == ""
        assert (self.folder / "stderr").read_text() == ""
        return (self.folder / "out").read_text()


@pytest.mark.parametrize(
    ("keys", "arn"),
    [
        ("\r", "arn:aws:iam::222222222222:role/Reader"),
        ("\n", "arn:aws:iam::222222222222:role/Reader"),
        (f"{DOWN}\r", "arn:aws:iam::222222222222:role/Admin"),
        (f"{DOWN * 9}\r", "arn:aws:iam::111111111111:role/Writer"),
        (f"{DOWN * 2}{UP * 5}\r", "arn:aws:iam::222222222222:role/Reader"),
        (f"{PAGE_DOWN}\r", "arn:aws:iam::111111111111:role/Writer"),
        (f"{PAGE_DOWN}{PAGE_UP}{DOWN}\r", "arn:aws:iam::222222222222:role/Admin"),
        ("PROD read\r", "arn:aws:iam::111111111111:role/Reader"),
        (f"role{DOWN}\r\x15prod{DOWN}\r", "arn:aws:iam::111111111111:role/Writer"),
        ("prodx\r\x7f\r", "arn:aws:iam::111111111111:role/Reader"),
        (f"prodx{ESC}\x7f2222 admin\r", "arn:aws:iam::222222222222:role/Admin"),
        ("\x1b[200~2222 admin\x1b[201~\r", "arn:aws:iam::222222222222:role/Admin"),
    ],
)
def test_keys_move_filter_and_take(keys: str, arn: str, tmp_path: Path) -> None:
    assert Shown(tmp_path).type(keys) == arn


@pytest.mark.parametrize(
    ("key", "error"),
    [(ESC, "KeyboardInterrupt"), ("\x03", "KeyboardInterrupt"), ("\x04", "EOFError")],
)
def test_the_list_can_be_left(key: str, error: str, tmp_path: Path) -> None:
    assert Shown(tmp_path).type("prod", key) == f"{error}()"


@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGINT, "KeyboardInterrupt()"), (signal.SIGTERM, "Ended()")]
)
def test_a_signal_ends_it(number: signal.Signals, error: str, tmp_path: Path) -> None:
    shown = Shown(tmp_path)
    shown.terminal.send("x")
    shown.terminal.expect_exact("No role matches")
    shown.terminal.kill(number)
    assert shown.answer() == error


def test_a_signal_while_the_list_is_drawn_ends_it(tmp_path: Path) -> None:
    shown = Shown(tmp_path)
    shown.terminal.send("x")
    shown.terminal.expect_exact("No role matches")
    (tmp_path / "out.armed").touch()
    assert shown.type("x\x7f\x7f") == "Ended()"


def test_a_terminal_that_goes_away_ends_it(tmp_path: Path) -> None:
    shown = Shown(tmp_path)
    os.close(shown.terminal.child_fd)
    os.waitpid(shown.terminal.pid, 0)
    assert (tmp_path / "out").read_text() == "EOFError()"


def test_the_list_says_what_it_is_and_is_erased_when_it_is_over(tmp_path: Path) -> None:
    shown = Shown(tmp_path)
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.first).replace("\r", "").split("\n")
    assert lines == [
        "Role to assume:",
        "  \\x1b[31mdev\\u202e (222222222222)",
        ">   Reader  last used",
        "    Admin",
        "  production (111111111111)",
        "    Reader",
        "    Writer",
        "Roles: type to filter, arrow keys move, ENTER takes, ESC leaves",
    ]
    shown.type("\r")
    # The cursor is left in the first line, and all from its beginning on is erased.
    assert "\x1b[7A" in shown.first
    assert f"\x1b[{len('Role to assume: ')}D\x1b[J" in str(shown.terminal.before)


def test_what_is_typed_is_counted(tmp_path: Path) -> None:
    shown = Shown(tmp_path)
    shown.terminal.send("reader")
    shown.terminal.expect_exact("2 of 4")
    shown.terminal.send("zz")
    shown.terminal.expect_exact("No role matches")
    assert shown.type(ESC) == "KeyboardInterrupt()"


def test_a_long_list_scrolls_on_a_small_screen(tmp_path: Path) -> None:
    shown = Shown(tmp_path, "many", rows=8)
    # Five lines of the list, the first of them a header: a page is four roles.
    assert shown.type(PAGE_DOWN * 3, DOWN, "\r") == "arn:aws:iam::222222222222:role/R0118"


@pytest.mark.parametrize("rows", [3, 4, 5])
def test_a_screen_of_three_rows_is_enough(rows: int, tmp_path: Path) -> None:
    shown = Shown(tmp_path, "new", rows=rows)
    assert shown.type(DOWN, "\r") == "arn:aws:iam::222222222222:role/Reader"
    assert "small" not in shown.first


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_no_color_means_none(no_color: str, coloured: bool, tmp_path: Path) -> None:
    shown = Shown(tmp_path, no_color=no_color)
    shown.type(DOWN, ESC)
    drawn = shown.first + str(shown.terminal.before)
    assert bool(re.search(r"\x1b\[[0-9;]*3[0-9][0-9;]*m", drawn)) == coloured


def test_the_terminal_is_asked_nothing_it_might_not_answer(tmp_path: Path) -> None:
    shown = Shown(tmp_path)
    shown.type(ESC)
    assert "\x1b[6n" not in shown.first + str(shown.terminal.before)


@pytest.mark.parametrize("leave", ["\r", ESC, "\x03", "term"])
def test_the_terminal_is_as_it_was(leave: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    shell: Any = pexpect.spawn(
        "/bin/sh",
        ["-i"],
        encoding="utf-8",
        timeout=30,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "xterm", "PS1": "ready> "},
    )
    shell.expect_exact("ready> ")
    shell.sendline("stty -g")
    shell.expect(r"stty -g\r\n(\S+)")
    before = shell.match[1]
    shell.sendline(f"{sys.executable} {tmp_path / 'program.py'} few {tmp_path / 'out'}")
    shell.expect_exact("ESC leaves")
    if leave == "term":
        os.kill(int((tmp_path / "out.pid").read_text()), signal.SIGTERM)
    else:
        shell.send(leave)
    shell.expect_exact("ready> ")
    shell.sendline("stty -g")
    shell.expect(r"stty -g\r\n(\S+)")
    assert shell.match[1] == before
    shell.close(force=True)


def test_the_library_is_loaded_only_when_the_list_is_drawn(tmp_path: Path) -> None:
    program = (
        "import sys, samlauth.effects.picker; print({'prompt_toolkit', 'asyncio'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout == "set()\n"
