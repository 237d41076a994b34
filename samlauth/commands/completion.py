"""``samlauth completion``: scripts that let a shell finish what is typed.

They are written here, not by shtab, which knows neither fish nor values that are looked up at TAB.
Each has all commands and options of this version in it; profiles, roles, accounts and groups are
asked of ``samlauth complete`` (:mod:`samlauth.effects.offers`). PowerShell's was never run there.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from samlauth.settings import BUILT_IN, TABLE

SHELLS: Final = ("bash", "zsh", "fish", "powershell")

_WORDS: Final = {setting.name: setting.words for setting in TABLE} | {
    "idp": BUILT_IN,
    "mfa": ("totp", "sms", "voice", "prompt", "backup"),
}
_LOOKED_UP: Final = {
    "profile": "profiles",
    "source_profile": "profiles",
    "role_arn": "roles",
    "account": "accounts",
    "group": "groups",
}
_FILES: Final = ("FILE", "VALUE")
"""Metavars of options that take a file."""


@dataclass(frozen=True)
class Option:
    """One option of a command."""

    names: tuple[str, ...]
    help: str
    takes_value: bool = False
    words: tuple[str, ...] = ()
    """The values to offer."""
    looked_up: str = ""
    """The kind of value that ``samlauth complete`` is asked for; empty for none."""
    is_file: bool = False

    @property
    def short(self) -> tuple[str, ...]:
        """``-p``."""
        return tuple(name for name in self.names if not name.startswith("--"))

    @property
    def long(self) -> tuple[str, ...]:
        """``--profile``."""
        return tuple(name for name in self.names if name.startswith("--"))


@dataclass(frozen=True)
class Command:
    """A command: its name, what may follow it at once, and its options."""

    name: str
    help: str
    words: tuple[str, ...]
    options: tuple[Option, ...]

    @property
    def runs(self) -> bool:
        """Whether a command of the person's may follow, after ``--``."""
        return self.name in {"exec", "rehearse"}


def commands_of(
    lines: Iterable[tuple[str, argparse.ArgumentParser]], words: Mapping[str, Sequence[str]]
) -> list[Command]:
    """What a shell has to know of the commands.

    ``lines`` are their names and parsers; those of ``configure`` and ``configure chain`` are one
    command's. ``words`` are what may follow a command at once.
    """
    parsers: dict[str, list[argparse.ArgumentParser]] = {}
    for line, parser in lines:
        parsers.setdefault(line.split()[0], []).extend(_parsers(parser))
    return [
        Command(name, own[0].description or "", tuple(words.get(name, ())), _options(own))
        for name, own in parsers.items()
    ]


def _options(parsers: Iterable[argparse.ArgumentParser]) -> tuple[Option, ...]:
    """Each option once, though one parser gives it another short name."""
    options: dict[str, Option] = {}
    for parser in parsers:
        for action in parser._actions:  # the only way to what it takes
            if action.option_strings and action.help != argparse.SUPPRESS:
                options.setdefault(max(action.option_strings, key=len), _option(action))
    return tuple(options.values())


def _parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.values()


def _option(action: argparse.Action) -> Option:
    takes_value = action.nargs != 0
    words = tuple(map(str, action.choices or _WORDS.get(action.dest, ())))
    return Option(
        tuple(action.option_strings),
        " ".join((action.help or "").split()),
        takes_value,
        words if takes_value else (),
        _LOOKED_UP.get(action.dest, "") if takes_value else "",
        takes_value and action.metavar in _FILES,
    )


def script(shell: str, commands: Sequence[Command]) -> str:
    """The script for one of :data:`SHELLS`; ``login`` is among the commands."""
    match shell:
        case "bash":
            return _bash(commands)
        case "zsh":
            return _zsh(commands)
        case "fish":
            return _fish(commands)
        case _:
            return _powershell(commands)


_BASH: Final = """\
# bash completion of samlauth: eval "$(samlauth completion bash)"
_samlauth_files() {
    # bash 3.2, as macOS has it, has no compopt.
    compopt -o default 2>/dev/null || COMPREPLY=($(compgen -f -- "$word"))
}
_samlauth() {
    local IFS=$' \\t\\n' line=${COMP_LINE:0:COMP_POINT} word='' before='' command=login offers='' one
    local -a words
    # Not COMP_WORDS: bash ends a word at each colon, and an ARN is full of them.
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] || {
        word=${words[${#words[@]}-1]}
        unset "words[${#words[@]}-1]"
    }
    before=${words[${#words[@]}-1]}
    if [[ $word == --*=* ]]; then before=${word%%%%=*}; word=${word#*=}; fi
    if (( ${#words[@]} > 1 )) && [[ ${words[1]} != -* ]]; then command=${words[1]}; fi
    COMPREPLY=()
    for one in "${words[@]}"; do
        if [[ $one == -- ]]; then _samlauth_files; return; fi
    done
    case $command,$before in
%(values)s
    *)
        if [[ $word == -* ]]; then
            case $command in
%(options)s
            esac
        elif (( ${#words[@]} == 1 )); then
            offers='%(commands)s'
        elif (( ${#words[@]} == 2 )); then
            case $command in
%(words)s
            esac
        fi ;;
    esac
    # What the line has up to the last colon or equals sign stays there, for a new word begins behind.
    local stays=${word%%"${word##*[:=]}"}
    [[ $COMP_WORDBREAKS == *:* ]] || stays=''
    IFS=$' \\n'
    [[ $offers == *$'\\n'* ]] && IFS=$'\\n'
    for one in $offers; do
        [[ $one == "$word"* ]] || continue
        printf -v one %%q "${one#"$stays"}"
        COMPREPLY+=("$one")
    done
}
complete -F _samlauth samlauth
"""


def _bash(commands: Sequence[Command]) -> str:
    values: dict[str, list[str]] = {}
    for each in commands:
        for option in filter(lambda option: option.takes_value, each.options):
            names = "|".join(f"{each.name},{name}" for name in option.names)
            values.setdefault(_bash_value(option), []).append(names)
    return _BASH % {
        "values": "\n".join(f"    {'|'.join(names)}) {act} ;;" for act, names in values.items()),
        "options": "\n".join(
            f"            {each.name}) offers='{' '.join(_names(each))}' ;;" for each in commands
        ),
        "commands": " ".join(each.name for each in commands),
        "words": "\n".join(
            f"            {each.name}) offers='{' '.join(each.words)}' ;;"
            for each in commands
            if each.words
        ),
    }


def _bash_value(option: Option) -> str:
    if option.looked_up:
        return f"offers=$(samlauth complete {option.looked_up} \"$word\" 2>/dev/null)$'\\n'"
    if option.words:
        return f"offers='{' '.join(option.words)}'"
    return "_samlauth_files; return" if option.is_file else "return"


def _names(each: Command) -> list[str]:
    return [name for option in each.options for name in option.names]


_ZSH: Final = """\
#compdef samlauth
# zsh completion of samlauth: a file _samlauth in a folder of $fpath, or
# eval "$(samlauth completion zsh)" in ~/.zshrc.
_samlauth_offer() {
    local -a found
    # The kind comes last, behind what _arguments has for compadd.
    found=("${(@f)$(samlauth complete $argv[-1] "$PREFIX" 2>/dev/null)}")
    compadd "${(@)argv[1,-2]}" -- ${found:#}
}
_samlauth() {
    local command=login
    local -a commands
    commands=(
%(commands)s
    )
    if (( CURRENT == 2 )) && [[ $PREFIX != -* ]]; then
        _describe command commands
        return
    fi
    if [[ $words[2] != -* ]]; then
        command=$words[2]
        shift words
        (( CURRENT-- ))
    fi
    case $command in
%(cases)s
    esac
}
if [[ $funcstack[1] == _samlauth ]]; then
    _samlauth "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i }
    compdef _samlauth samlauth
fi
"""


def _zsh(commands: Sequence[Command]) -> str:
    return _ZSH % {
        "commands": "\n".join(f"        {_quoted(f'{c.name}:{_brief(c.help)}')}" for c in commands),
        "cases": "\n".join(_zsh_case(each) for each in commands),
    }


def _zsh_case(each: Command) -> str:
    lines = [f"    {each.name})", "        _arguments -S \\"]
    for option in each.options:
        about = "".join(f"\\{c}" if c in "[]:\\" else c for c in option.help)
        others = f"({' '.join(option.names)})" if len(option.names) > 1 else ""
        for name in option.names:
            value = f":value:{_zsh_value(option)}" if option.takes_value else ""
            star = "*" if option.looked_up == "roles" else ""
            rest = f"{star or others}{name}[{about}]{value}"
            lines.append(f"            {_quoted(rest)} \\")
    if each.words:
        words = f"1:what:({' '.join(each.words)})"
        lines.append(f"            {_quoted(words)} \\")
    if each.runs:
        lines.append("            '*:: :_normal' \\")
    return "\n".join(lines).removesuffix(" \\") + " ;;"


def _zsh_value(option: Option) -> str:
    if option.looked_up:
        return f"_samlauth_offer {option.looked_up}"
    if option.words:
        return f"({' '.join(option.words)})"
    return "_files" if option.is_file else " "


_FISH: Final = """\
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


def _fish(commands: Sequence[Command]) -> str:
    lines = []
    for each in commands:
        lines.append(
            f"complete -c samlauth -n __samlauth_first -a {each.name} "
            f"-d {_fish_quoted(_brief(each.help))}"
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
                f"complete -c samlauth -n '{when}' {' '.join(names)}{_fish_value(option)} "
                f"-d {_fish_quoted(option.help)}"
            )
    return _FISH + "\n".join(lines) + "\n"


def _fish_value(option: Option) -> str:
    if option.looked_up:
        return f" -x -a '(__samlauth_offer {option.looked_up})'"
    if option.words:
        return f" -x -a '{' '.join(option.words)}'"
    if option.is_file:
        return " -r -F"
    return " -x" if option.takes_value else ""


_POWERSHELL: Final = """\
# PowerShell completion of samlauth: samlauth completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName samlauth -ScriptBlock {
    param($word, $ast, $position)
    $options = @{
%(options)s
    }
    $values = @{
%(values)s
    }
    $words = @($ast.CommandElements | Where-Object { $_.Extent.EndOffset -lt $position } |
        ForEach-Object { $_.ToString() })
    $command = 'login'
    if ($words.Count -gt 1 -and $words[1] -notlike '-*') { $command = $words[1] }
    $value = $values["$command $($words[-1])"]
    if ($value -like 'complete *') { $found = @(samlauth complete $value.Substring(9) $word) }
    elseif ($null -ne $value) { $found = -split $value }
    elseif ($words.Count -le 1 -and $word -notlike '-*') { $found = @($options.Keys) }
    else { $found = -split $options[$command] }
    $found | Where-Object { $_ -like "$word*" } | Sort-Object | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }
}
"""


def _powershell(commands: Sequence[Command]) -> str:
    values = [
        (f"{each.name} {name}", f"complete {option.looked_up}" if option.looked_up else words)
        for each in commands
        for option in each.options
        for words in [" ".join(option.words)]
        for name in option.names
        if option.looked_up or words
    ]
    # Keys of a table of PowerShell are compared without case: -a is --account's there and -A's here.
    unique = {key.lower(): (key, value) for key, value in reversed(values)}
    return _POWERSHELL % {
        "options": "\n".join(
            f"        '{each.name}' = '{' '.join([*each.words, *_names(each)])}'"
            for each in commands
        ),
        "values": "\n".join(
            f"        '{key}' = '{value}'" for key, value in reversed(unique.values())
        ),
    }


def _brief(help_: str) -> str:
    """The first clause, which a list of commands has room for."""
    return help_.split(":")[0].split(";")[0].rstrip(".")


def _quoted(text: str) -> str:
    """In single quotes, as zsh reads them."""
    return "'" + text.replace("'", "'\\''") + "'"


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
