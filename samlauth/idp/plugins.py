"""Identity providers from other packages, by the entry points of their group.

A package offers one with an entry point that names a module, say ``acme = "samlauth_acme"``. The
module has ``API``, the version of this interface that it was written for, and ``provider``, which
takes :class:`~samlauth.idp.ProviderSettings` and gives an
:class:`~samlauth.idp.IdentityProvider`. Only the module whose name was asked for is imported, and
only when somebody signs in with it. ``docs/plugins.md`` has a whole one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from samlauth.errors import SamlauthError, SettingsError, UnsafePage
from samlauth.flow import Browse, Flow
from samlauth.idp import ProviderSettings
from samlauth.printable import safe
from samlauth.reach import Reach, origin_of
from samlauth.saml import SAMLResponse

GROUP: Final = "samlauth.identity_providers"
"""The entry points' group."""

API: Final = 1
"""The version of the interface."""

_REPORT: Final = "Tell those who wrote the plugin."


class Plugin:
    """A provider from another package, as far as it can be seen to be one.

    What it declares is read once: a sign-in cannot change where it may go. Its browser profile is
    its own, whatever it calls it.
    """

    def __init__(self, name: str, origin: str, provider: object) -> None:
        """Raises SettingsError for what is no provider. ``origin`` names it and its package."""
        reach, browse = getattr(provider, "reach", None), getattr(provider, "in_browser", None)
        sign_in = getattr(provider, "sign_in", None)
        if not isinstance(reach, Reach):
            raise _bad(origin, "its reach is no samlauth.reach.Reach")
        if not isinstance(browse, Browse):
            raise _bad(origin, "its in_browser is no samlauth.flow.Browse")
        if not callable(sign_in):
            raise _bad(origin, "it has no sign_in")
        for address in filter(None, (browse.url, browse.account_url)):
            try:
                origin_of(address)
            except UnsafePage:
                raise _bad(origin, f"no browser can safely begin at {safe(address)!r}") from None
        self._origin = origin
        self._sign_in: Callable[[], Flow[object]] = sign_in
        self.reach = reach
        self.in_browser = replace(browse, owner=f"plugin {name} {browse.owner}")

    def sign_in(self) -> Flow[SAMLResponse]:
        """Sign in as the plugin does.

        Raises the SamlauthErrors it raises, and for anything else one that says whose fault it is.
        """
        try:
            response = yield from self._sign_in()
        except SamlauthError:
            raise
        except Exception as error:
            # Its text may hold what was on a page, or was answered.
            raise SamlauthError(
                f"{self._origin} failed while it signed you in: {type(error).__name__}.",
                hint=_REPORT,
            ) from error
        if isinstance(response, SAMLResponse):
            return response
        raise _bad(self._origin, "its sign-in did not end in a samlauth.saml.SAMLResponse")


def find(name: str, built_in: Collection[str]) -> EntryPoint:
    """The entry point of that name, not loaded; ``built_in`` are names that no package can take.

    ``name`` is in lower case; packages may write it in any.

    Raises SettingsError for a name that no installed package has, or that several have.
    """
    installed = entry_points(group=GROUP)
    others = [point for point in installed if point.name.lower() not in built_in]
    match [point for point in others if point.name.lower() == name]:
        case [point]:
            return point
        case []:
            names = sorted({safe(point.name.lower()) for point in others})
            raise SettingsError(
                f"There is no identity provider {safe(name)}: it is not built in, and no package "
                "that is installed beside samlauth has it.",
                hint=f"Built in are google, adfs, and browser for any other. "
                f"Plugins: {', '.join(names) or 'none'}.",
            )
        case several:
            packages = " and ".join(sorted(map(_package, several)))
            raise SettingsError(
                f"There are several identity providers {safe(name)}: {packages} have one.",
                hint="Uninstall those that are not meant.",
            )


def load(name: str, settings: ProviderSettings, built_in: Collection[str]) -> Plugin:
    """The provider of that name, told its settings.

    Raises SettingsError as :func:`find`; for one that was written for another version of this
    interface, that fails, or that is no provider; and what it raises itself about its settings.
    """
    point = find(name, built_in)
    origin = f"The identity provider {safe(name)}, from {_package(point)},"
    try:
        module = point.load()
        api = getattr(module, "API", None)
        if not isinstance(api, int) or api != API:
            raise _of_another_version(origin, api)
        return Plugin(name, origin, module.provider(settings))
    except SamlauthError:
        raise
    except Exception as error:
        raise _bad(origin, f"{type(error).__name__}: {safe(str(error))}") from error


def _package(point: EntryPoint) -> str:
    if point.dist is None:
        return "an unnamed package"
    return safe(f"{point.dist.name} {point.dist.version}")


def _bad(origin: str, why: str) -> SettingsError:
    return SettingsError(f"{origin} does not work: {why}.", hint=_REPORT)


def _of_another_version(origin: str, api: object) -> SettingsError:
    if not isinstance(api, int):
        return _bad(origin, "it does not say for which version of the interface it was written")
    return SettingsError(
        f"{origin} was written for version {api} of samlauth's interface for plugins; this samlauth "
        f"has version {API}.",
        hint="Update samlauth." if api > API else "Update that package.",
    )
