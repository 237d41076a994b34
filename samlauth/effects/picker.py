"""The list of roles a person picks from: in which order, which lines, and the keys that move in it.

There are two lists. :func:`pick` draws one on a terminal that can move its cursor: arrow keys move,
typing filters, ENTER takes. :class:`Numbered` is the one for a terminal that cannot, whose numbers
are typed. Both are kept apart from the terminal, so that all but the drawing is plain code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO
from unicodedata import normalize

from samlauth.challenges import ChooseRoles
from samlauth.printable import safe
from samlauth.saml import Role

if TYPE_CHECKING:
    from prompt_toolkit.application import Application
    from prompt_toolkit.formatted_text import StyleAndTextTuples

ROWS = 20
"""Lines of the list shown at once, on a screen that has room for them."""
ESCAPE_SECONDS = 0.1
"""How long after ESC something may still arrive that makes it another key."""

_LAST = "  last used"


# A tuple, as the lines are: there are thousands, and nothing is made as quickly.
class Entry(NamedTuple):
    """One role as the list shows it; its texts are remote and go through ``safe`` when shown."""

    role: Role
    account: str
    """The header it stands under: ``production (111111111111)`` or the id alone, and the note."""
    label: str
    """``Deploy``, or ``Deploy  /ci/`` with its path."""
    named: str
    """What a filter finds its account by."""
    last_used: bool = False

    @property
    def searched(self) -> str:
        """What a filter looks in, case-folded."""
        return f"{self.named} {self.role.path}{self.role.name} {self.label}".casefold()


def entries(challenge: ChooseRoles) -> tuple[Entry, ...]:
    """The roles in the order of the list.

    Accounts come together, the one used last first, then those used lately and often, then the
    others by name; and so do the roles in an account. So the role used last is the first of all.
    """
    accounts: dict[str, list[Role]] = {}
    for role in challenge.roles:
        accounts.setdefault(role.account_id, []).append(role)
    rank = {arn: number for number, arn in reversed(list(enumerate(challenge.recent)))}
    last, twins = last_used(challenge), _twins(challenge.roles)

    def used(role: Role) -> int:
        return rank.get(role.role_arn, len(rank))

    def among_accounts(account: str) -> tuple[int, bool, str, str]:
        name = challenge.aliases.get(account, "")
        return (min(map(used, accounts[account])), not name, name.casefold(), account)

    def in_account(role: Role) -> tuple[int, str, str]:
        return (used(role), role.name.casefold(), role.role_arn)

    return tuple(
        _entry(role, named, header, bool(twins) and role in twins, role is last)
        for account in sorted(accounts, key=among_accounts)
        for named, header in [_account(challenge, account)]
        for role in sorted(accounts[account], key=in_account)
    )


def _account(challenge: ChooseRoles, account: str) -> tuple[str, str]:
    """What is searched of an account, and its header."""
    name, note = challenge.aliases.get(account, ""), challenge.notes.get(account, "")
    header = f"{name} ({account})" if name else account
    # What draws the list shows an accent twice that is a character of its own.
    return f"{name} {account} {note}", normalize("NFC", f"{header}  {note}".rstrip())


def _entry(role: Role, named: str, header: str, twin: bool, last: bool) -> Entry:
    label, path = role.name, role.path
    if path != "/":
        label += f"  {path}"
    if twin:
        label += f"  through {role.principal_arn}"
    return Entry(role, header, label, named, last)


def _twins(roles: tuple[Role, ...]) -> frozenset[Role]:
    """The roles that can be assumed through several SAML providers, and are told apart by them."""
    times = Counter(role.role_arn for role in roles)
    if len(times) == len(roles):
        return frozenset()
    return frozenset(role for role in roles if times[role.role_arn] > 1)


def last_used(challenge: ChooseRoles) -> Role | None:
    """The role among those offered that was used last."""
    if not challenge.recent:
        return None
    first = {role.role_arn: role for role in reversed(challenge.roles)}
    return next((first[arn] for arn in challenge.recent if arn in first), None)


def matching(offered: tuple[Entry, ...], query: str) -> tuple[Entry, ...]:
    """The entries in which every word of ``query`` occurs, in any case and order."""
    words = query.casefold().split()
    if not words:
        return offered
    return tuple(
        entry
        for entry in offered
        for searched in [entry.searched]
        if all(word in searched for word in words)
    )


class Line(NamedTuple):
    """One line of the list: a role that may be taken, or the header of an account."""

    text: str
    entry: Entry | None = None


class Menu:
    """The list as it stands: what is typed as a filter, which role is pointed at."""

    def __init__(self, challenge: ChooseRoles) -> None:
        self._entries = entries(challenge)
        self._top = 0
        self.filter("")

    def filter(self, query: str) -> None:
        """Show only what matches, pointing at the first."""
        self.found = matching(self._entries, query)
        self._lines = tuple(_lines(self.found))
        self._stops = [number for number, line in enumerate(self._lines) if line.entry]
        self._at = self._top = 0

    @property
    def offered(self) -> int:
        """How many roles there are, whatever the filter."""
        return len(self._entries)

    @property
    def pointed(self) -> Entry | None:
        """The entry that would be taken; None when nothing matches."""
        return self.found[self._at] if self.found else None

    def move(self, by: int) -> None:
        """Point so many roles further down, as far as there are any."""
        self._at = max(0, min(self._at + by, len(self.found) - 1))

    def shown(self, rows: int) -> tuple[Line, ...]:
        """The lines that fit on ``rows`` rows, at least two, with the one pointed at among them.

        The first is always a header, so that the account of every role shown can be seen.
        """
        if not self.found:
            return ()
        line = self._stops[self._at]
        highest = min(self._top, line - 1)
        self._top = max(0, line - rows + 1, min(highest, len(self._lines) - rows))
        first, *others = self._lines[self._top : self._top + rows]
        return (Line(first.entry.account) if first.entry else first, *others)


def _lines(found: tuple[Entry, ...]) -> Iterator[Line]:
    account = None
    for entry in found:
        if entry.account != account:
            account = entry.account
            yield Line(account)
        yield Line(entry.label, entry)


class Numbered:
    """The list for a terminal that cannot move its cursor, in the order of the assertion.

    That order is the same from one login to the next, so that a number learnt keeps its meaning.
    """

    def __init__(self, challenge: ChooseRoles) -> None:
        self._roles = challenge.roles
        self._last = last_used(challenge)
        take = f"ENTER takes {self._roles.index(self._last) + 1}. " if self._last else ""
        self.question = f"{take}Type the number (1 - {len(self._roles)}) of the role to assume: "
        twins = _twins(self._roles)
        self.lines = tuple(
            f"[{number:3}] {self._described(role, challenge, role in twins)}"
            for number, role in enumerate(self._roles, 1)
        )

    def chosen(self, typed: str) -> Role | None:
        """The role that was meant; None when the number is no number of the list."""
        typed = typed.strip()
        if not typed:
            return self._last
        # A text of many digits is no number of the list, and Python would refuse to read it.
        is_number = typed.isascii() and typed.isdigit() and len(typed) < 10
        number = int(typed) if is_number else 0
        return self._roles[number - 1] if 1 <= number <= len(self._roles) else None

    def _described(self, role: Role, challenge: ChooseRoles, twin: bool) -> str:
        through = f" through {role.principal_arn}" if twin else ""
        notes = [
            challenge.aliases.get(role.account_id, ""),
            challenge.notes.get(role.account_id, ""),
        ]
        if role == self._last:
            notes.append("last used")
        said = ", ".join(note for note in notes if note)
        return safe(role.role_arn + through, 400) + (f" ({safe(said)})" if said else "")


def pick(challenge: ChooseRoles, keys: TextIO, screen: TextIO) -> Role:
    """The role the person takes, on the terminal that ``keys`` and ``screen`` are open on.

    Raises KeyboardInterrupt for ESC and Ctrl-C, EOFError for Ctrl-D and when the terminal goes
    away. The list is gone from the screen afterwards, and the terminal is as it was.
    """
    import asyncio
    import selectors
    import sys

    def loop() -> asyncio.AbstractEventLoop:
        if sys.platform == "win32":
            return asyncio.new_event_loop()
        # The selector that asyncio takes by itself on macOS cannot wait for /dev/tty.
        return asyncio.SelectorEventLoop(selectors.SelectSelector())

    application = _application(Menu(challenge), keys, screen)

    def leave(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # The library's own handler prints a traceback on standard output and waits for a key.
        if application.future is not None and not application.future.done():
            application.exit(exception=context.get("exception") or RuntimeError(context["message"]))

    async def run() -> Role:
        """The role taken; raises what the keys end the list with."""
        asyncio.get_running_loop().set_exception_handler(leave)
        return await application.run_async(set_exception_handler=False)

    try:
        with asyncio.Runner(loop_factory=loop) as runner:
            return runner.run(run())
    except OSError:
        raise EOFError from None


def _application(menu: Menu, keys: TextIO, screen: TextIO) -> Application[Role]:
    from prompt_toolkit.application import Application
    from prompt_toolkit.buffer import Buffer
    from prompt_toolkit.input import create_input
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
    from prompt_toolkit.layout import BufferControl, FormattedTextControl, HSplit, Layout, Window
    from prompt_toolkit.layout.processors import BeforeInput
    from prompt_toolkit.output import create_output
    from prompt_toolkit.output.vt100 import Vt100_Output
    from prompt_toolkit.styles import Style

    output = create_output(screen)
    if isinstance(output, Vt100_Output):
        # It would ask where the cursor stands, which a terminal that does not answer makes slow.
        output.enable_cpr = False

    def rows() -> int:
        # One row is the filter's, one the help's, one stays for what the screen showed before.
        return max(2, min(ROWS, output.get_size().rows - 3))

    def take(event: KeyPressEvent) -> None:
        if menu.pointed is not None:
            event.app.exit(result=menu.pointed.role)

    def leave(error: type[BaseException]) -> Callable[[KeyPressEvent], None]:
        return lambda event: event.app.exit(exception=error())

    def move(by: Callable[[], int]) -> Callable[[KeyPressEvent], None]:
        return lambda _: menu.move(by())

    bindings = KeyBindings()
    for names, act in (
        (("up", "c-p"), move(lambda: -1)),
        (("down", "c-n"), move(lambda: 1)),
        (("pageup",), move(lambda: 1 - rows())),
        (("pagedown",), move(lambda: rows() - 1)),
        (("enter",), take),
        (("escape", "c-c", "<sigint>"), leave(KeyboardInterrupt)),
        (("c-d",), leave(EOFError)),
        (("c-z",), lambda event: event.app.suspend_to_background()),
    ):
        for name in names:
            bindings.add(name)(act)

    query = Buffer(multiline=False, on_text_changed=lambda buffer: menu.filter(buffer.text))
    typed = BufferControl(query, input_processors=[BeforeInput("Role to assume: ", "bold")])
    listed = FormattedTextControl(lambda: _drawn(menu, rows(), output.get_size().columns))
    application: Application[Role] = Application(
        Layout(
            HSplit(
                [
                    Window(typed, height=1),
                    Window(listed, height=lambda: len(menu.shown(rows()))),
                    Window(
                        FormattedTextControl(lambda: _help(menu, output.get_size().columns)),
                        height=lambda: int(output.get_size().rows > 3),
                    ),
                ]
            )
        ),
        style=Style([("account", "bold"), ("pointed", "ansicyan bold"), ("note", "ansicyan")]),
        include_default_pygments_style=False,
        key_bindings=bindings,
        erase_when_done=True,
        input=create_input(keys),
        output=output,
    )
    # First for the terminal's code of a key, then for a key that Alt makes of ESC and another.
    application.ttimeoutlen = application.timeoutlen = ESCAPE_SECONDS
    return application


def _drawn(menu: Menu, rows: int, columns: int) -> StyleAndTextTuples:
    """The lines, none longer than the screen is wide; which was used last is cut off last."""
    drawn: StyleAndTextTuples = []
    for line in menu.shown(rows):
        is_last = line.entry is not None and line.entry.last_used
        note = _LAST if is_last and columns >= 2 * len(_LAST) else ""
        text = safe(line.text, columns - 4 - len(note))
        if line.entry is None:
            drawn.append(("class:account", f"  {safe(line.text, columns - 2)}"))
        elif line.entry is menu.pointed:
            drawn.append(("class:pointed", f">   {text}"))
        else:
            drawn.append(("", f"    {text}"))
        drawn += [("class:note", note), ("", "\n")]
    return drawn


def _help(menu: Menu, columns: int) -> str:
    if menu.pointed is None:
        return "No role matches what is typed."
    count = f"{len(menu.found)} of {menu.offered}" if len(menu.found) < menu.offered else "Roles"
    words = ("type to filter, arrow keys move, ENTER takes, ESC leaves", "type, ENTER takes, ESC")
    helps = (f"{count}: {said}" for said in words)
    return next((said for said in helps if len(said) <= columns), count)
