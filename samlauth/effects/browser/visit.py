"""One visit over DevTools: go to a page, and watch until the browser would post to AWS."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from samlauth.effects.browser import catch
from samlauth.effects.browser.devtools import DevTools, Message
from samlauth.saml import SAMLResponse

_Result = dict[str, Any]

_ASKS = """
document.readyState === "complete" &&
[...document.querySelectorAll("input")].some(input =>
  ["text", "email", "password", "tel", "number"].includes(input.type) &&
  !input.readOnly && !input.disabled && input.checkVisibility()
) ? location.href : ""
"""
"""The page's own address when it shows a field that only a person fills in."""


class Visit:
    """Drives the browser at the other end; :meth:`look` is called again and again.

    Requests are stopped for the browser as a whole, so that windows, tabs and frames that a page
    opens are watched from their first request on.
    """

    def __init__(self, tools: DevTools, url: str) -> None:
        self._tools = tools
        self._url = url
        self._replies: dict[int, Callable[[_Result], None]] = {}
        self._page = ""
        """The session at the page that was opened first."""
        self._pages: set[str] = set()
        self._had_pages = False
        self.caught: SAMLResponse | None = None
        self.fault = ""
        """What went wrong between us and the browser, a sentence; empty if nothing did."""
        self.unreachable = False
        """Whether the browser did not get to the first page at all."""
        self.asking = ""
        """Address of the page when it was last seen to wait for somebody to type."""
        self._asked = 0
        patterns = list(catch.PATTERNS)
        self._send("Fetch.enable", self._watching, patterns=patterns)

    @property
    def left(self) -> bool:
        """Whether the person has closed every window, or the browser is gone."""
        return self._tools.over or (self._had_pages and not self._pages)

    def look(self, seconds: float = 0) -> bool:
        """Take what the browser has said, waiting so long for it; whether the visit is over."""
        message = self._tools.next(seconds)
        while message is not None:
            self._take(message)
            message = self._tools.next()
        return self.caught is not None or bool(self.fault) or self.left

    def ask_page(self) -> None:
        """Have :attr:`asking` and :attr:`asked_times` brought up to date."""
        if self._page:
            self._send("Runtime.evaluate", self._asks, self._page, expression=_ASKS)

    @property
    def asked_times(self) -> int:
        """How many times in a row the same page was seen to wait for somebody to type."""
        return self._asked

    def _send(
        self,
        method: str,
        reply: Callable[[_Result], None] | None = None,
        session: str | None = None,
        **parameters: object,
    ) -> None:
        number = self._tools.send(method, session=session, **parameters)
        if reply is not None:
            self._replies[number] = reply

    def _take(self, message: Message) -> None:
        if reply := self._replies.pop(message.get("id", 0), None):
            if "error" in message and reply != self._asks:
                self.fault = "The browser did not take a command over DevTools."
            else:
                reply(message.get("result", {}))
            return
        parameters = message.get("params", {})
        match message.get("method"):
            case "Fetch.requestPaused":
                self._stopped(parameters)
            case "Target.targetCreated":
                self._opened(parameters["targetInfo"])
            case "Target.targetDestroyed":
                self._pages.discard(parameters["targetId"])

    def _watching(self, _: _Result) -> None:
        self._send("Target.setDiscoverTargets", discover=True)

    def _opened(self, target: _Result) -> None:
        if target["type"] != "page":
            return
        self._pages.add(target["targetId"])
        if not self._had_pages:
            self._had_pages = True
            self._send(
                "Target.attachToTarget", self._attached, targetId=target["targetId"], flatten=True
            )

    def _attached(self, result: _Result) -> None:
        self._page = result["sessionId"]
        self._send("Page.navigate", self._gone_to, self._page, url=self._url)

    def _gone_to(self, result: _Result) -> None:
        # Another navigation, as a script may begin at once, ends the first: that is no fault.
        self.unreachable = result.get("errorText", "") not in ("", "net::ERR_ABORTED")

    def _asks(self, result: _Result) -> None:
        asking = str(result.get("result", {}).get("value") or "")
        self._asked = self._asked + 1 if asking and asking == self.asking else int(bool(asking))
        self.asking = asking

    def _stopped(self, stopped: _Result) -> None:
        """Decide what becomes of a request."""
        number = stopped["requestId"]
        try:
            caught = catch.saml_response(stopped["request"])
        except catch.UnreadableError:
            self._send("Fetch.failRequest", requestId=number, errorReason="BlockedByClient")
            self.fault = "The browser did not hand over what it was about to post to AWS."
            return
        if caught is None:
            self._send("Fetch.continueRequest", requestId=number)
            return
        self.caught = self.caught or caught
        self._send(
            "Fetch.fulfillRequest",
            requestId=number,
            responseCode=200,
            responseHeaders=[{"name": "Content-Type", "value": "text/html; charset=utf-8"}],
            body=base64.b64encode(catch.THANKS.encode()).decode("ascii"),
        )
