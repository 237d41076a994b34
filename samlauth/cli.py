"""The command line: dispatch, and alone print errors and exit.

Nothing is imported at this level that ``--help`` does not need.
"""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from samlauth import parsers
from samlauth.effects import cores, output
from samlauth.errors import SamlauthError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from samlauth.redactor import Redactor

COMMANDS = (
    "login",
    "env",
    "exec",
    "console",
    "roles",
    "status",
    "logout",
    "assume-role",
    "assume-role-with-web-identity",
    "configure",
    "import",
    "totp",
    "credential-process",
    "assertion",
    "settings",
    "doctor",
    "report",
    "replay",
    "rehearse",
    "completion",
    "docker-alias",
)

WORDS = {
    "configure": ("process", "chain"),
    "totp": ("add", "remove"),
    "rehearse": ("google", "adfs"),
    "completion": ("bash", "zsh", "fish", "powershell"),
}
"""What may follow a command at once, where that is a few words."""
_TAKING = ("profile", "role_arn", "duration", "region", "policy", "policy_arn", "read_only")
"""The settings of those who take a role otherwise than by signing in."""
_LONGEST = 10_000
"""Columns of a line of an error."""

DESCRIPTION = "Sign in to AWS through your company's identity provider, and write the credentials to a profile."

EPILOG = """\
A flag --x-y is also the variable SAMLAUTH_X_Y and the key samlauth.x_y of the profile in
~/.aws/config; the settings of aws-google-auth, gsts, aws-adfs and saml2aws are read, too. Each
switch has a --no- twin.

other commands:
  samlauth env -p NAME                  print them as variables for a shell to evaluate
  samlauth exec -p NAME -- COMMAND      run a command with them
  samlauth console -p NAME              open the AWS console, signed in
  samlauth roles [--json]               list the roles you are offered, and take none
  samlauth status [--json | --short]    what is stored, and how long it lasts
  samlauth configure -p NAME            answer the questions once
  samlauth configure process -p NAME    make AWS tools get them from samlauth by themselves
  samlauth configure chain NAME         make a profile that takes a role with another's keys
  samlauth assume-role -p NAME          take a role with another profile's credentials
  samlauth assume-role-with-web-identity -p NAME   the same with a token of an OpenID Connect issuer
  samlauth import [--check]             take over what other tools have set up
  samlauth credential-process -p NAME   print them as AWS's credential_process wants them
  samlauth assertion                    sign in here for a machine that cannot
  samlauth totp add -p NAME             make one-time codes of a secret in the keyring
  samlauth logout [-p NAME | --all]     remove what samlauth keeps
  samlauth settings -p NAME [--json]    each value, and where it came from
  samlauth doctor -p NAME [--fix]       what stands in the way, and what helps
  samlauth report                       bundle what a failed sign-in met, for whoever mends it
  samlauth replay FILE                  name the pages of such a bundle
  samlauth rehearse google | adfs       try it all on a local identity provider and STS
  samlauth completion SHELL             have bash, zsh, fish or powershell finish what you type
  samlauth docker-alias                 the line that makes samlauth run in Docker
"""


_ALARM = "1;31"
"""Bold and red."""


class Signalled(BaseException):
    """A signal that ends the program, as an exception so that every ``finally`` runs."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def main() -> NoReturn:
    """Run ``sys.argv`` and exit with one of the codes of :mod:`samlauth.errors`."""
    # One short run: collecting garbage costs a tenth of it and frees nothing that matters.
    gc.disable()
    _open_standard_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that the locale cannot spell is no reason to fail; standard error is so already.
        sys.stdout.reconfigure(errors="backslashreplace")
    status = guarded(sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = status or 1
    # Tearing down the imported libraries takes longer than some of them took to work.
    os._exit(status)


def _open_standard_streams() -> None:
    """Open those of 0, 1 and 2 that were closed, before a file of ours gets that number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            while (opened := os.open(os.devnull, os.O_RDWR)) < number:
                pass
            setattr(sys, name, os.fdopen(opened, "r" if number == 0 else "w"))


def guarded(argv: list[str]) -> int:
    """Run ``argv``; whatever goes wrong becomes a sentence on standard error and an exit code."""
    try:
        return dispatch(argv)
    except SystemExit as exit_:  # argparse's way out, of --help as of errors
        return exit_.code if isinstance(exit_.code, int) else 1
    except SamlauthError as error:
        report(error)
        return error.exit_code
    except KeyboardInterrupt:
        output.tell("\nsamlauth: stopped.")
        return 128 + signal.SIGINT
    except Signalled as signalled:
        return 128 + signalled.number
    except BrokenPipeError:
        # Whoever read our output is gone; what is still buffered must not raise again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except Exception as error:  # noqa: BLE001 - the last place that can turn a fault into a sentence
        return _unexpected(error)


def dispatch(argv: list[str]) -> int:
    """Run the subcommand that the first argument names, the login if it names none; its exit code.

    Raises UsageError when there is no such subcommand, and what the subcommand raises.
    """
    command, rest = "login", argv
    if argv and not argv[0].startswith("-"):
        command, rest = argv[0], argv[1:]
    match command:
        case "login":
            return _login(rest)
        case "env":
            return _env(rest)
        case "exec":
            return _exec(rest)
        case "console":
            return _console(rest)
        case "roles":
            return _roles(rest)
        case "status":
            return _status(rest)
        case "assume-role":
            return _assume_role(rest)
        case "assume-role-with-web-identity":
            return _assume_role_with_web_identity(rest)
        case "configure":
            return _configure(rest)
        case "import":
            return _import(rest)
        case "totp":
            return _totp(rest)
        case "credential-process":
            return _credential_process(rest)
        case "assertion":
            return _assertion(rest)
        case "logout":
            return _logout(rest)
        case "settings":
            return _settings(rest)
        case "doctor":
            return _doctor(rest)
        case "report":
            return _report(rest)
        case "replay":
            return _replay(rest)
        case "rehearse":
            return _rehearse(rest)
        case "completion":
            return _completion(rest)
        case "docker-alias":
            return _docker_alias(rest)
        case "help":
            return dispatch([*rest, "--help"])
        case _:
            meant = parsers.closest(command, COMMANDS)
            raise UsageError(
                f"{command!r} is not a command of samlauth.",
                hint=f"Did you mean samlauth {meant}? samlauth --help lists the commands."
                if meant
                else f"The commands are {', '.join(COMMANDS)}; a profile is named with -p. "
                "samlauth --help says what they do.",
            )


def report(error: SamlauthError) -> None:
    """Tell the person what happened and what to do next."""
    from samlauth.printable import safe

    # Whoever made the error has escaped what it quotes; this is for what was forgotten.
    output.tell(f"{output.coloured('samlauth:', _ALARM)} {safe(error.message, _LONGEST)}")
    for line in error.hint.split("\n") if error.hint else ():
        output.tell(f"  {safe(line, _LONGEST)}")


def _unexpected(error: Exception) -> int:
    import logging

    # The error's own text may quote what it choked on, so only the log, which is cleaned, has it.
    logging.getLogger("samlauth").debug("unexpected", exc_info=error)
    output.tell(
        f"samlauth: something went wrong that should not have ({type(error).__name__}).\n"
        "  This is a fault of samlauth. -l debug shows where; please report it."
    )
    return SamlauthError.exit_code


def _login(argv: list[str]) -> int:
    from samlauth.commands.flags import of_grant

    parser = parsers.make("samlauth [login] [options]", DESCRIPTION, EPILOG)
    parsers.setting_arguments(parser, several=True, foremost=None)
    parser.add_argument(
        "--force",
        "--no-cache",
        action="store_true",
        help="sign in although the credentials are still good",
    )
    of_grant(parser)
    parser.add_argument(
        "--saml-assertion",
        metavar="VALUE",
        help="use this SAML response instead of signing in: a file, - for standard input",
    )
    options, redactor = _to_sign_in(parser, argv)
    from samlauth.commands import login

    roles: list[str] = options.role_arn or []
    options.role_arn = roles[0] if roles else None
    flags = parsers.flags(options)
    if len(roles) > 1:
        from samlauth.commands import many

        return many.roles(options, flags, redactor, roles)
    return login.run(options, flags, redactor)


def _env(argv: list[str]) -> int:
    from samlauth.commands import env

    parser = parsers.make(
        "samlauth env -p NAME [--format FORMAT]",
        "Print a profile's credentials as variables for a shell; sign in first if needed.",
        """\
examples:
  eval "$(samlauth env -p NAME)"                    bash, zsh, dash
  samlauth env -p NAME --format fish | source       fish
  samlauth env -p NAME --format powershell | Out-String | Invoke-Expression
  for /f "delims=" %i in ('samlauth env -p NAME --format cmd') do @%i
  docker run --env-file <(samlauth env -p NAME --format env-file) …
""",
    )
    parsers.setting_arguments(parser)
    env.arguments(parser)
    options, redactor = _to_sign_in(parser, argv)
    return env.run(options, parsers.flags(options), redactor)


def _exec(argv: list[str]) -> int:
    from samlauth.commands import exec as exec_

    argv, command = exec_.split(argv)
    parser = parsers.make(
        "samlauth exec -p NAME [--renew] -- COMMAND ...",
        "Run a command with a profile's credentials; sign in first if needed.",
        "The exit code is the command's own; 127 when there is no such command, and 126 when it "
        "cannot be run.\n",
    )
    parsers.setting_arguments(parser)
    exec_.arguments(parser)
    options, redactor = _to_sign_in(parser, argv)
    return exec_.run(options, parsers.flags(options), redactor, command)


def _console(argv: list[str]) -> int:
    from samlauth.commands import console

    parser = parsers.make(
        "samlauth console -p NAME [--service NAME] [--print]",
        "Open the AWS console in your browser, signed in with a profile's credentials.",
    )
    parsers.setting_arguments(parser)
    console.arguments(parser)
    options, redactor = _to_sign_in(parser, argv)
    return console.run(options, parsers.flags(options), redactor)


def _roles(argv: list[str]) -> int:
    from samlauth.commands import roles

    parser = parsers.make(
        "samlauth roles [options]",
        "Sign in and list every role you are offered, with its account; none is taken.",
    )
    parsers.setting_arguments(parser)
    roles.arguments(parser)
    options, redactor = _to_sign_in(parser, argv)
    return roles.run(options, parsers.flags(options), redactor)


def _status(argv: list[str]) -> int:
    from samlauth.commands import status

    parser = parsers.make(
        "samlauth status [-p NAME] [--json | --short]",
        "Show the credentials that samlauth has stored: profile, time left, role, who, and where.",
        "The exit code is 0, and 3 when the profile that -p names has none.\n",
    )
    status.arguments(parser)
    return status.run(parsers.parse(parser, argv))


def _assume_role(argv: list[str]) -> int:
    from samlauth.commands import assume_role

    parser = parsers.make(
        "samlauth assume-role -p NAME --source-profile NAME --role-arn ARN [options]",
        "Take a role with another profile's credentials, and store or print its own.",
        "A role taken so lasts an hour at most. The other options are for signing in to the source.\n",
    )
    parsers.setting_arguments(parser, foremost=_TAKING)
    assume_role.arguments(parser)
    options, redactor = _to_sign_in(parser, argv)
    return assume_role.run(options, parsers.flags(options), redactor)


def _assume_role_with_web_identity(argv: list[str]) -> int:
    from samlauth.commands import assume_role_with_web_identity as command

    parser = parsers.make(
        "samlauth assume-role-with-web-identity -p NAME --role-arn ARN "
        "--web-identity-token-file FILE",
        "Take a role with a token of an OpenID Connect issuer, and store or print its credentials.",
        "AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_SESSION_NAME are read, too.\n",
    )
    parsers.setting_arguments(parser, foremost=_TAKING)
    command.arguments(parser)
    options, redactor = _to_sign_in(parser, argv)
    return command.run(options, parsers.flags(options), redactor)


def _configure(argv: list[str]) -> int:
    if not argv or argv[0].startswith("-"):
        return _configure_profile(argv)
    if argv[0] == "chain":
        return _configure_chain(argv[1:])
    from samlauth.commands import configure

    argv = configure.split(argv)
    parser = parsers.make(
        "samlauth configure process -p NAME",
        "Make AWS tools get a profile's credentials from samlauth whenever they need some.",
    )
    configure.arguments(parser)
    options = parsers.parse(parser, argv)
    _end_on_signals()
    return configure.run(options)


def _configure_chain(argv: list[str]) -> int:
    from samlauth.commands import configure_chain

    parser = parsers.make(
        "samlauth configure chain NAME --source-profile NAME --role-arn ARN",
        "Make a profile whose role is taken with another profile's credentials, by every AWS tool.",
        "A role taken so lasts an hour at most; AWS tools renew it while the source is good.\n",
    )
    configure_chain.arguments(parser)
    options = parsers.parse(parser, argv)
    _end_on_signals()
    return configure_chain.run(options)


def _configure_profile(argv: list[str]) -> int:
    from samlauth.commands import configure_profile

    parser = parsers.make(
        "samlauth configure [-p NAME]",
        "Ask for the settings of a profile, and write them to it.",
        "samlauth configure process -p NAME makes AWS tools get its credentials from samlauth.\n",
    )
    configure_profile.arguments(parser)
    options = parsers.parse(parser, argv)
    _end_on_signals()
    return configure_profile.run(options)


def _import(argv: list[str]) -> int:
    from samlauth.commands import adopt

    parser = parsers.make(
        "samlauth import [--check]",
        "Write what aws-google-auth, aws-adfs, gsts and saml2aws have set as settings of samlauth.",
        "Nothing of theirs is changed or removed. Their settings count without it, too.\n",
    )
    adopt.arguments(parser)
    options = parsers.parse(parser, argv)
    _end_on_signals()
    return adopt.run(options)


def _totp(argv: list[str]) -> int:
    from samlauth.commands import totp

    action, argv = totp.split(argv)
    parser = parsers.make(
        "samlauth totp add | remove [-p NAME]",
        "Keep an authenticator's secret in the keyring and make its codes here, or remove it again.",
        "It is off until you add one, and it weakens the second factor: add says how.\n",
    )
    totp.arguments(parser)
    options = parsers.parse(parser, argv)
    _end_on_signals()
    cores.leave_none()
    return totp.run(options, action)


def _credential_process(argv: list[str]) -> int:
    parser = parsers.make(
        "samlauth credential-process -p NAME",
        "Print a profile's credentials as AWS's credential_process wants them; sign in if needed.",
    )
    parsers.setting_arguments(parser)
    options, redactor = _to_sign_in(parser, argv)
    from samlauth.commands import credential_process

    return credential_process.run(options, parsers.flags(options), redactor)


def _assertion(argv: list[str]) -> int:
    from samlauth.commands import assertion

    parser = parsers.make(
        "samlauth assertion [options]",
        "Sign in and print only the base64 SAML response, for another program.",
    )
    parsers.setting_arguments(parser)
    assertion.arguments(parser)
    options, redactor = _to_sign_in(parser, argv)
    return assertion.run(options, parsers.flags(options), redactor)


def _logout(argv: list[str]) -> int:
    from samlauth.commands import logout

    parser = parsers.make(
        "samlauth logout [-p NAME | --all]",
        "Remove the credentials, sessions and browser profile that samlauth keeps for a profile.",
    )
    logout.arguments(parser)
    options = parsers.parse(parser, argv)
    _end_on_signals()
    return logout.run(options)


def _to_sign_in(
    parser: argparse.ArgumentParser, argv: list[str]
) -> tuple[argparse.Namespace, Redactor]:
    """The command line of whatever may have to sign in, and the precautions for that."""
    parsers.sign_in_arguments(parser)
    options = parsers.parse(parser, argv)
    if options.plain == "true":
        output.without_colours()
    _end_on_signals()
    cores.leave_none()
    return options, _log_to_stderr(options.log)


def _settings(argv: list[str]) -> int:
    parser = parsers.make(
        "samlauth settings [options]", "Show each setting and where it came from."
    )
    parsers.setting_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parsers.parse(parser, argv)
    from samlauth.commands import settings

    return settings.run(options, parsers.flags(options))


def _doctor(argv: list[str]) -> int:
    from samlauth.commands import doctor

    parser = parsers.make(
        "samlauth doctor [-p NAME] [--json] [--fix]",
        "Look for what stands in the way of a sign-in or makes it unsafe, and say what helps.",
        "No password is asked for and none is sent. The exit code is 0 when nothing is wrong, else "
        "the highest of 3 (settings), 9 (network) and 10 (files, keyring).\n",
    )
    doctor.arguments(parser)
    options = parsers.parse(parser, argv)
    _end_on_signals()
    return doctor.run(options)


def _report(argv: list[str]) -> int:
    from samlauth.commands import report as command

    parser = parsers.make(
        "samlauth report [-o FILE]",
        "Put what the last failed sign-in came across into a bundle, to be handed to a maintainer.",
        "The pages in it are bare: no text, no values, no names of yours. Nothing is sent anywhere.\n",
    )
    command.arguments(parser)
    return command.run(parsers.parse(parser, argv))


def _replay(argv: list[str]) -> int:
    from samlauth.commands import replay

    parser = parsers.make(
        "samlauth replay FILE",
        "Name each page of a bundle that samlauth report made, as this version reads it.",
    )
    replay.arguments(parser)
    return replay.run(parsers.parse(parser, argv))


def _rehearse(argv: list[str]) -> int:
    from samlauth.commands import rehearse

    parser = parsers.make(
        "samlauth rehearse google | adfs [options] [-- COMMAND ...]",
        "Run a command, the login if none is given, against a local identity provider and STS.",
    )
    rehearse.arguments(parser)
    parsers.describe(parser, argv)
    options = parser.parse_args(argv)
    _end_on_signals()
    return rehearse.run(options)


def _completion(argv: list[str]) -> int:
    parser = parsers.make(
        "samlauth completion bash | zsh | fish | powershell",
        "Print the script that lets your shell finish samlauth's commands, options and profiles.",
        """\
examples:
  eval "$(samlauth completion bash)"       in ~/.bashrc
  eval "$(samlauth completion zsh)"        in ~/.zshrc
  samlauth completion fish > ~/.config/fish/completions/samlauth.fish
  samlauth completion powershell | Out-String | Invoke-Expression
                                           in $PROFILE; never run there
""",
    )
    parser.add_argument("shell", choices=WORDS["completion"], metavar="SHELL", help="your shell")
    options = parsers.parse(parser, argv)
    from samlauth.commands import completion

    commands = completion.commands_of(command_lines(), WORDS)
    sys.stdout.write(completion.script(options.shell, commands))
    return 0


def _docker_alias(argv: list[str]) -> int:
    from samlauth.commands import docker_alias

    parser = parsers.make(
        "samlauth docker-alias [--shell SHELL] [--image NAME]",
        "Print the line that makes samlauth the one of the Docker image, with your ~/.aws in it.",
    )
    docker_alias.arguments(parser)
    return docker_alias.run(parsers.parse(parser, argv))


def command_lines() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Each command with its parser, in the order of :data:`COMMANDS`; ``configure chain`` by itself."""
    for name in COMMANDS:
        lines = [[name]]
        if name == "configure":
            lines += [[name, word] for word in WORDS[name]]
        for words in lines:
            try:
                # A few take --help alone without more words.
                dispatch([*words, "--help", parsers.DESCRIBE])
            except parsers.Described as described:
                yield " ".join(words), described.parser


def _log_to_stderr(level: str) -> Redactor:
    """Our own lines to standard error, cleaned; nobody else's, for they may hold secrets."""
    import logging
    import threading

    from samlauth.redactor import CleanFormatter, Redactor

    redactor = Redactor()
    handler = logging.StreamHandler()
    handler.setFormatter(CleanFormatter(redactor))
    ours = logging.getLogger("samlauth")
    ours.addHandler(handler)
    ours.setLevel(getattr(logging, {"warn": "WARNING"}.get(level, level.upper())))
    ours.propagate = False
    logging.getLogger().addHandler(logging.NullHandler())

    def log_thread_error(args: threading.ExceptHookArgs) -> None:
        ours.debug("unexpected, on a thread: %s", args.exc_type.__name__)

    threading.excepthook = log_thread_error
    return redactor


def _end_on_signals() -> None:
    def end(number: int, _frame: FrameType | None) -> None:
        raise Signalled(number)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)
