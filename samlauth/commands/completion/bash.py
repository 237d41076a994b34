"""What bash needs, 3.2 and later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from samlauth.commands.completion.offered import Offered, Option

_SCRIPT: Final = """\
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


def script(commands: Sequence[Offered]) -> str:
    """The script; ``login`` is among the commands."""
    values: dict[str, list[str]] = {}
    for each in commands:
        for option in filter(lambda option: option.takes_value, each.options):
            names = "|".join(f"{each.name},{name}" for name in option.names)
            values.setdefault(_value(option), []).append(names)
    return _SCRIPT % {
        "values": "\n".join(f"    {'|'.join(names)}) {act} ;;" for act, names in values.items()),
        "options": "\n".join(
            f"            {each.name}) offers='{' '.join(each.names)}' ;;" for each in commands
        ),
        "commands": " ".join(each.name for each in commands),
        "words": "\n".join(
            f"            {each.name}) offers='{' '.join(each.words)}' ;;"
            for each in commands
            if each.words
        ),
    }


def _value(option: Option) -> str:
    if option.looked_up:
        return f"offers=$(samlauth complete {option.looked_up} \"$word\" 2>/dev/null)$'\\n'"
    if option.words:
        return f"offers='{' '.join(option.words)}'"
    return "_samlauth_files; return" if option.is_file else "return"
