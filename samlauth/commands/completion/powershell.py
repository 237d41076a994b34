"""What PowerShell needs, written by its documentation: it was never run there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from samlauth.commands.completion.offered import Offered

_SCRIPT: Final = """\
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


def script(commands: Sequence[Offered]) -> str:
    """The script; ``login`` is among the commands."""
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
    return _SCRIPT % {
        "options": "\n".join(
            f"        '{each.name}' = '{' '.join([*each.words, *each.names])}'" for each in commands
        ),
        "values": "\n".join(
            f"        '{key}' = '{value}'" for key, value in reversed(unique.values())
        ),
    }
