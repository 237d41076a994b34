"""What fish needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from samlauth.commands.completion.offered import Offered, Option

_SCRIPT: Final = """\
# fish completion of samlauth: samlauth completion fish > ~/.config/fish/completions/samlauth.fish
function __samlauth_command
    set -l words (commandline -opc)
    if set -q words[2]; and not string match -q -- '-*' $words[2]
        echo $words[2]
    else if set -q words[2]
        echo login
    end
end
function __samlauth_is
    contains -- -- (commandline -opc); and return 1
    test (__samlauth_command) = $argv[1] 2>/dev/null
end
function __samlauth_first
    test (count (commandline -opc)) -eq 1
end
function __samlauth_second
    __samlauth_is $argv[1]; and test (count (commandline -opc)) -eq 2
end
function __samlauth_runs
    contains -- -- (commandline -opc)
end
function __samlauth_run
    set -l words (commandline -opc) (commandline -ct)
    complete -C (string join ' ' -- $words[(math (contains -i -- -- $words) + 1)..-1])
end
function __samlauth_offer
    samlauth complete $argv[1] (commandline -ct | string replace -r '^--?[^=]*=' '') 2>/dev/null
end
complete -c samlauth -f
complete -c samlauth -n __samlauth_runs -a '(__samlauth_run)'
"""


def script(commands: Sequence[Offered]) -> str:
    """The script; ``login`` is among the commands."""
    lines = []
    for each in commands:
        lines.append(
            f"complete -c samlauth -n __samlauth_first -a {each.name} -d {_quoted(each.brief)}"
        )
        if each.words:
            lines.append(
                f"complete -c samlauth -n '__samlauth_second {each.name}' -a '{' '.join(each.words)}'"
            )
        when = f"__samlauth_is {each.name}"
        if each.name == "login":
            when += "; or __samlauth_first"
        for option in each.options:
            names = [f"-s {name[1:]}" for name in option.short]
            names += [f"-l {name[2:]}" for name in option.long]
            lines.append(
                f"complete -c samlauth -n '{when}' {' '.join(names)}{_value(option)} "
                f"-d {_quoted(option.help)}"
            )
    return _SCRIPT + "\n".join(lines) + "\n"


def _value(option: Option) -> str:
    if option.looked_up:
        return f" -x -a '(__samlauth_offer {option.looked_up})'"
    if option.words:
        return f" -x -a '{' '.join(option.words)}'"
    if option.is_file:
        return " -r -F"
    return " -x" if option.takes_value else ""


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
