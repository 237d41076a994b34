"""What zsh needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from samlauth.commands.completion.offered import Offered, Option

_SCRIPT: Final = """\
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


def script(commands: Sequence[Offered]) -> str:
    """The script; ``login`` is among the commands."""
    return _SCRIPT % {
        "commands": "\n".join(f"        {_quoted(f'{c.name}:{c.brief}')}" for c in commands),
        "cases": "\n".join(_case(each) for each in commands),
    }


def _case(each: Offered) -> str:
    lines = [f"    {each.name})", "        _arguments -S \\"]
    for option in each.options:
        about = "".join(f"\\{c}" if c in "[]:\\" else c for c in option.help)
        others = f"({' '.join(option.names)})" if len(option.names) > 1 else ""
        for name in option.names:
            value = f":value:{_value(option)}" if option.takes_value else ""
            star = "*" if option.looked_up == "roles" else ""
            rest = f"{star or others}{name}[{about}]{value}"
            lines.append(f"            {_quoted(rest)} \\")
    if each.words:
        words = f"1:what:({' '.join(each.words)})"
        lines.append(f"            {_quoted(words)} \\")
    if each.runs:
        lines.append("            '*:: :_normal' \\")
    return "\n".join(lines).removesuffix(" \\") + " ;;"


def _value(option: Option) -> str:
    if option.looked_up:
        return f"_samlauth_offer {option.looked_up}"
    if option.words:
        return f"({' '.join(option.words)})"
    return "_files" if option.is_file else " "


def _quoted(text: str) -> str:
    """In single quotes, as zsh reads them."""
    return "'" + text.replace("'", "'\\''") + "'"
