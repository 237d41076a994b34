"""What can go wrong, and what the person can do about it.

The tree, with the exit code each branch ends in::

    SamlauthError                1   not expected: a fault of ours
    ├── UsageError               2   the command line
    ├── SettingsError            3   a setting, or the profile it would be written to
    ├── SignInRefused            4   the identity provider said no to the person
    ├── CodeRefused              5   the second factor failed or was denied, or time ran out
    ├── NeedsPerson              6   somebody has to act, and nobody is here or we cannot help
    │   ├── NobodyToAsk              a question, and no terminal to ask it on
    │   ├── NeedsBrowser             what a reader of pages cannot do, and a browser can
    │   │   └── PageUnreadable       a page this version does not know
    │   └── UnsafePage               a page that would send a secret to the wrong place
    ├── NoSuchRole               7   the role asked for is not among those offered
    ├── AssertionRefused         8   the SAML response is of no use to AWS
    │   └── STSRefused               STS said no
    ├── NetworkError             9   no connection, or no trust in it
    └── FileError               10   an AWS file, a lock, or the keyring

Each carries a sentence that says what happened and by what we know (a status, a line, an issuer, the
server's own words), and a hint that says what to do next. Neither may hold a secret: they are printed.
"""

from __future__ import annotations


class SamlauthError(Exception):
    """What happened, and how we know, for the person; ``hint`` says what to do next."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(SamlauthError):
    """The command line cannot mean anything."""

    exit_code = 2


class SettingsError(SamlauthError):
    """A setting makes no sense, or the profile must not be written."""

    exit_code = 3


class SignInRefused(SamlauthError):
    """The identity provider refused the person, in its own words where it gave any."""

    exit_code = 4


class CodeRefused(SamlauthError):
    """The second factor was wrong, denied, or came too late; or the sign-in in a browser did."""

    exit_code = 5


class NeedsPerson(SamlauthError):
    """A person or a browser has to act before the login can go on."""

    exit_code = 6


class NobodyToAsk(NeedsPerson):
    """A challenge came up and no answerer could answer it."""


class NeedsBrowser(NeedsPerson):
    """Only a browser can go on: scripts, a passkey, consent, another provider's pages.

    ``agreed`` when the person was asked already and wants it opened.
    """

    def __init__(self, message: str, *, hint: str = "", agreed: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.agreed = agreed


class PageUnreadable(NeedsBrowser):
    """The identity provider served a page this version cannot read."""


class UnsafePage(NeedsPerson):
    """Answering the page would send something to a place it must not go to."""


class NoSuchRole(SamlauthError):
    """The role asked for is not among the roles the assertion offers."""

    exit_code = 7


class AssertionRefused(SamlauthError):
    """The SAML response cannot be used: unreadable, without roles, or not a success."""

    exit_code = 8


class STSRefused(AssertionRefused):
    """STS refused the call. ``code`` is STS's own error code."""

    def __init__(self, message: str, *, hint: str = "", code: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class NetworkError(SamlauthError):
    """A host could not be reached, did not answer in time, or was not trusted."""

    exit_code = 9


class FileError(SamlauthError):
    """A file, its lock, or the keyring could not be used."""

    exit_code = 10
