"""What a browser is started with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from samlauth.effects.browser.catch import SIGN_IN_HOSTS
from samlauth.effects.proxies import Proxy, proxy_for
from samlauth.reach import Origin

_ANY_HOST = Origin("accounts.invalid")


def devtools(folder: Path, environ: Mapping[str, str], flag: str, *, headless: bool) -> list[str]:
    """For a browser that is driven as ``flag`` says, and starts at an empty page."""
    return [
        *_common(folder),
        *_through_proxy(environ),
        *(["--headless=new"] if headless else []),
        flag,
        "about:blank",
    ]


def plain(folder: Path, environ: Mapping[str, str], url: str) -> list[str]:
    """For a browser that nobody drives, with no flag of automation, and that cannot reach AWS.

    What a page posted to AWS would be lost to us there. A browser behind a proxy looks up no names
    itself: for AWS's hosts it is to go without the proxy, and then to find no address.
    """
    nowhere = ",".join(f"MAP {host} ~NOTFOUND" for host in SIGN_IN_HOSTS)
    return [
        *_common(folder),
        *_through_proxy(environ, *SIGN_IN_HOSTS),
        f"--host-resolver-rules={nowhere}",
        url,
    ]


def _common(folder: Path) -> list[str]:
    # Cookies that one start encrypts with a keyring's key are lost to a start without the keyring.
    return [
        f"--user-data-dir={folder}",
        "--password-store=basic",
        "--no-first-run",
        "--no-default-browser-check",
        "--hide-crash-restore-bubble",
    ]


def _through_proxy(environ: Mapping[str, str], *direct: str) -> list[str]:
    """The proxy of the environment, named: not every system's browser would take it from there.

    Without its user name and password, which would be seen in the list of processes: the browser
    asks for them. Raises SettingsError for a proxy that samlauth cannot use either.
    """
    lowered = {name.lower(): value for name, value in environ.items()}
    exceptions = lowered.get("no_proxy", "").replace(",", " ").split()
    proxy = _proxy(environ)
    if proxy is None or "*" in exceptions:
        return []
    bypass = [*direct]
    for entry in exceptions:
        bypass.append(entry)
        if entry[0] not in ".*" and not entry[0].isdigit() and "/" not in entry:
            bypass.append(f"*.{entry}")  # a name stands for what is under it, too
    return [
        f"--proxy-server={proxy.url}",
        *([f"--proxy-bypass-list={';'.join(bypass)}"] if bypass else []),
    ]


def _proxy(environ: Mapping[str, str]) -> Proxy | None:
    rest = {name: value for name, value in environ.items() if name.lower() != "no_proxy"}
    return proxy_for(rest, _ANY_HOST)
