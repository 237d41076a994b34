"""What can be wrong between here and the hosts that a sign-in talks to."""

from __future__ import annotations

from collections.abc import Iterator

from samlauth.diagnosis.facts import Answer, Facts, Host, NoAnswer
from samlauth.diagnosis.finding import Check, Found, note, ok, problem, skipped
from samlauth.durations import spell
from samlauth.errors import NetworkError, SettingsError
from samlauth.printable import safe

_NOTED, _TOO_FAR = 20, 300
"""Seconds that clocks may differ: a one-time code is good for 30, and AWS takes a SAML response for
five minutes."""


def connections(facts: Facts) -> Iterator[Found]:
    """Settings that no connection can be made with: a CA bundle, a proxy, an endpoint."""
    if (error := facts.network.unusable) is not None:
        yield Found("problem", error.message, fix=error.hint, exit_code=error.exit_code)


def proxies(facts: Facts) -> Iterator[Found]:
    """Proxies that are named and cannot be reached."""
    for proxy in facts.network.proxies:
        name = safe(f"{proxy.name} ({proxy.source})")
        if proxy.dead:
            yield problem(
                f"The proxy {name} cannot be reached: {safe(proxy.dead)}.",
                "Everything goes through it that NO_PROXY does not name.",
                f"Correct {safe(proxy.source)}, or unset it where there is no proxy.",
            )
        else:
            yield ok(f"proxy {name}")


def hosts(facts: Facts) -> Iterator[Found]:
    """Hosts that cannot be reached, or whose certificate is not trusted."""
    dead = {proxy.name for proxy in facts.network.proxies if proxy.dead}
    asked = [host for host in facts.network.hosts if host.proxy not in dead]
    unreachable = [
        host.outcome
        for host in asked
        if isinstance(host.outcome, NoAnswer) and host.outcome.kind == "unreachable"
    ]
    if len(asked) > 1 and len(unreachable) == len(asked):
        yield problem(
            "The network is not reachable: none of "
            f"{' and '.join(safe(host.name) for host in asked)} is.",
            " ".join(dict.fromkeys(outcome.what for outcome in unreachable)),
            unreachable[0].fix,
        )
        return
    for host in asked:
        match host.outcome:
            case NoAnswer(what=what, fix=fix):
                yield problem(what, fix=fix)
            case Answer(issuer=issuer):
                by = f" (certificate by {safe(issuer)})" if issuer else ""
                yield ok(f"{safe(host.name)}{by}")
    if not asked:
        yield skipped("the hosts of the sign-in")


def clock(facts: Facts) -> Iterator[Found]:
    """A clock that is wrong: ours, or one of theirs."""
    told = [
        (host, host.outcome.ahead)
        for host in facts.network.hosts
        if isinstance(host.outcome, Answer) and host.outcome.ahead is not None
    ]
    if not told:
        yield skipped("the clock")
        return
    wrong = [(host, ahead) for host, ahead in told if abs(ahead) > _NOTED]
    if not wrong:
        yield ok("clock")
        return
    if len(wrong) == len(told):
        host, ahead = min(told, key=lambda one: abs(one[1]))
        what = f"The clock of this computer is {_off(-ahead)}, by that of {_names(wrong)}."
        fix = "Set it by the network: timedatectl set-ntp true, or your system's settings."
    else:
        host, ahead = max(told, key=lambda one: abs(one[1]))
        what = (
            f"The clock of {safe(host.name)} is {_off(ahead)}; the others agree with this computer."
        )
        fix = "Tell the administrator of that host."
    if abs(ahead) > _TOO_FAR:
        yield problem(what, "AWS refuses a SAML response that is more than five minutes off.", fix)
    else:
        yield note(what, "One-time codes that are made here may be refused.", fix)


def _off(seconds: float) -> str:
    return f"{spell(abs(seconds))} {'fast' if seconds > 0 else 'slow'}"


def _names(found: list[tuple[Host, float]]) -> str:
    return " and ".join(safe(host.name) for host, _ in found)


CHECKS = (
    Check("connection", "network", SettingsError.exit_code, "CA certificates", connections),
    Check("proxy", "network", NetworkError.exit_code, "no proxy", proxies),
    Check("host", "network", NetworkError.exit_code, "hosts", hosts),
    Check("clock", "network", NetworkError.exit_code, "clock", clock),
)
