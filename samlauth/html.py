"""The forms of a page, serialised as a browser would send them.

The rules are HTML's own ("constructing the entry list", html.spec.whatwg.org §4.10.22.4), with one
exception: ``<base>`` is ignored, so that a form's address is always joined to the address the page
really came from.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import field, replace
from functools import cached_property
from typing import Final
from urllib.parse import urldefrag, urljoin, urlsplit

from samlauth.errors import PageUnreadable
from samlauth.flow import Fields
from samlauth.selectors import select
from samlauth.soup import (
    BeautifulSoup,
    NavigableString,
    PageElement,
    PreformattedString,
    Tag,
)
from samlauth.values import dataclass

MAX_TAGS: Final = 50_000
"""Far beyond any sign-in page; reading more would only cost time and memory."""
MAX_DEPTH: Final = 150
"""Of an element: a sign-in page has some thirty. A reader looks through what is in an element, so that
the time it takes goes by the depth as well."""
MAX_CONTROLS: Final = 1_000
"""Of one page, over all its forms."""

_BUTTONS = frozenset({"submit", "image", "button", "reset"})
_TYPED = frozenset({"text", "email", "tel", "number", "password", "search", "url"})
_INLINE = frozenset({
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "em", "font", "i", "ins", "kbd", "mark", "q",
    "s", "small", "span", "strong", "sub", "sup", "u", "var",
})  # fmt: skip
_UNSEEN = ("script", "style", "template", "head")


@dataclass(frozen=True)
class Control:
    """One control of a form that has a name and is not disabled."""

    name: str
    kind: str
    """An input's type in lower case, or ``select``, ``textarea``, ``submit``, …"""
    value: str | None = field(repr=False)
    """What a browser would send if nothing were touched; None for nothing, as for buttons."""
    pressed: str = field(default="", repr=False)
    """What a button sends when it is the one pressed."""
    visible: bool = True
    """False when hidden from a person: ``type=hidden``, or inside ``aria-hidden=true``."""
    editable: bool = True
    """False when read-only."""
    options: tuple[str, ...] = field(default=(), repr=False)
    """The values a ``select`` offers."""

    @property
    def typed(self) -> bool:
        """Whether a person could type into it."""
        return self.kind in _TYPED and self.visible and self.editable


@dataclass(frozen=True)
class Form:
    """One form of a page."""

    action: str = field(repr=False)
    """Absolute, joined against the page's own address; not checked: that is Reach's business."""
    method: str
    """``get`` or ``post``."""
    id: str
    controls: tuple[Control, ...]
    place: int = 0
    """Its place among the forms of the page, from 0: what tells two forms apart that say the same."""

    @property
    def path(self) -> str:
        """The path of ``action``; empty when the action cannot be read as a URL."""
        try:
            return urlsplit(self.action).path
        except ValueError:
            return ""

    @property
    def host(self) -> str:
        """The host of ``action``, in lower case; empty when the action cannot be read as a URL."""
        try:
            return urlsplit(self.action).hostname or ""
        except ValueError:
            return ""

    @property
    def asks(self) -> bool:
        """Whether there is anything in it for a person to type."""
        return any(control.typed for control in self.controls)

    def control(self, name: str) -> Control | None:
        """The first control of that name that is no button."""
        return next((c for c in self.controls if c.name == name and c.kind not in _BUTTONS), None)

    def buttons(self, name: str) -> tuple[tuple[str, str], ...]:
        """The buttons of that name, in any case of its letters, each as ``fill`` clicks it."""
        return tuple(
            (c.name, c.pressed)
            for c in self.controls
            if c.kind in _BUTTONS and c.name.casefold() == name.casefold()
        )

    def has(self, *names: str) -> bool:
        """Whether there is a control, no button, of each name."""
        return all(self.control(name) for name in names)

    def fill(
        self,
        values: Mapping[str, str],
        click: tuple[str, str] | None = None,
        without: Collection[str] = (),
    ) -> Fields:
        """The fields a browser would send after a person typed ``values``.

        A name in ``values`` is sent once: in its control's place, or last when the form has none.
        ``click`` is name and value of the button pressed; one that the form does not have adds
        nothing. Names in ``without`` are not sent. All else is sent as the page has it.
        """
        sent: list[tuple[str, str]] = []
        left = dict(values)
        for control in self.controls:
            name = control.name
            if name in without:
                continue
            if control.kind in _BUTTONS:
                if click == (name, control.pressed):
                    sent.append(click)
                    click = None
            elif name in values:
                if name in left:
                    sent.append((name, left.pop(name)))
            elif control.value is not None:
                sent.append((name, control.value))
        sent.extend((name, value) for name, value in left.items() if name not in without)
        return tuple(sent)


class Document:
    """A parsed page. Raises PageUnreadable when it is beyond all measure of a sign-in page."""

    def __init__(self, url: str, body: str) -> None:
        if body.count("<") > MAX_TAGS:
            raise PageUnreadable(
                "The sign-in page is far larger than any sign-in page should be.",
                hint="Open the same page in a browser. If it looks right, tell your administrator.",
            )
        self.url = url
        # A lone surrogate cannot be parsed; and without the doctype Beautiful Soup would warn of a
        # text that looks like a file's name or like XML, which is not a person's business.
        text = body.encode("utf-8", "replace").decode("utf-8").lstrip("\ufeff")
        self.root = BeautifulSoup(f"<!doctype html>{text}", "lxml")
        if self._is_too_deep():
            raise PageUnreadable(
                "The sign-in page is nested far deeper than any sign-in page should be.",
                hint="Open the same page in a browser. If it looks right, tell your administrator.",
            )

    def _is_too_deep(self) -> bool:
        depths = {id(self.root): 0}
        for tag in self._tags:
            depth = depths[id(tag)] = depths[id(tag.parent)] + 1
            if depth > MAX_DEPTH:
                return True
        return False

    def first(self, selector: str) -> Tag | None:
        """The first element that a selector matches, as :mod:`samlauth.selectors` knows them."""
        return next(iter(self.all(selector)), None)

    def all(self, selector: str) -> list[Tag]:
        """Every element that a selector matches."""
        return select(self._tags, selector)

    def within(self, tag: Tag, selector: str) -> list[Tag]:
        """Every element inside another that a selector matches."""
        return select(tag.find_all(True), selector)

    def tag(self, form: Form) -> Tag:
        """The element of one of the page's forms."""
        return self._form_tags[form.place]

    def join(self, address: str) -> str:
        """An address on the page made absolute, joined to the page's own."""
        return _join(self.url, address)

    def visible_text(self, tag: Tag | None) -> str:
        """What a person reads in an element, white space collapsed; empty for None.

        Nothing inside ``aria-hidden=true`` or ``hidden`` counts, nor an element that itself stands
        inside one: identity providers keep the messages of other days there.
        """
        pieces: list[str] = []
        block: Tag | None = None
        for node in () if tag is None else tag.descendants:
            place = self._place(node)
            if isinstance(node, Tag) and node.name == "br":
                block = None
            elif _is_text(node) and not place.hidden:
                # Two paragraphs are two words even with nothing between them; <b> starts no word.
                pieces.append(str(node) if place.block is block else f" {node}")
                block = place.block
        return " ".join("".join(pieces).split())

    def visible_strings(self) -> Iterator[NavigableString]:
        """Each piece of text that a person reads, in the order of the page."""
        for node in self.root.descendants:
            if (
                isinstance(node, NavigableString)
                and _is_text(node)
                and not self._place(node).hidden
            ):
                yield node

    def _place(self, node: PageElement) -> _Place:
        return self._places[id(node.parent)]

    @cached_property
    def _tags(self) -> list[Tag]:
        return self.root.find_all(True)

    @cached_property
    def _places(self) -> dict[int, _Place]:
        # From the top down and once, because looking up from each control would take hours on a
        # page that is nested deeply on purpose.
        places = {id(self.root): _Place()}
        for tag in self._tags:
            places[id(tag)] = places[id(tag.parent)].inside(tag)
        return places

    @cached_property
    def forms(self) -> tuple[Form, ...]:
        """The forms in the order of the page.

        A control belongs to the form it names by ``form``, else to the one it stands in (HTML
        Standard, "Association of controls and forms"). Raises PageUnreadable for more than
        MAX_CONTROLS.
        """
        owned: dict[int, list[Control]] = {}
        tags = self._form_tags
        by_id = {_get(tag, "id"): tag for tag in reversed(tags) if tag.get("id")}
        named = self.root.find_all(["input", "select", "textarea", "button"], attrs={"name": True})
        if len(named) > MAX_CONTROLS:
            raise PageUnreadable(
                f"The sign-in page has {len(named)} fields, more than any sign-in page should.",
                hint="Open the same page in a browser. If it looks right, tell your administrator.",
            )
        for tag in named:
            place = self._place(tag)
            # A control may name its form by id instead of standing inside it.
            owner = by_id.get(_get(tag, "form")) if tag.has_attr("form") else place.form
            if owner is not None and (control := _control(tag, place)):
                owned.setdefault(id(owner), []).append(control)
        return tuple(
            self._form(tag, owned.get(id(tag), []), place) for place, tag in enumerate(tags)
        )

    @cached_property
    def _form_tags(self) -> list[Tag]:
        return list(self.root.find_all("form"))

    def _form(self, tag: Tag, controls: list[Control], place: int) -> Form:
        return Form(
            action=_join(self.url, _get(tag, "action")),
            method="post" if _get(tag, "method").strip().lower() == "post" else "get",
            id=_get(tag, "id"),
            controls=tuple(_one_radio_each(controls)),
            place=place,
        )


@dataclass(frozen=True)
class _Place:
    """What an element's ancestors and the element itself mean for what stands inside it."""

    form: Tag | None = None
    block: Tag | None = None
    """The nearest element that is not part of a line of text."""
    hidden: bool = False
    disabled: bool = False
    inert: bool = False
    """Inside an element whose controls are never sent."""

    def inside(self, tag: Tag) -> _Place:
        place = self
        if tag.name not in _INLINE:
            place = replace(place, block=tag)
        if tag.name == "form":
            place = replace(place, form=tag)
        if tag.name in _UNSEEN or _hides(tag):
            place = replace(place, hidden=True)
        if tag.name in {"datalist", "template"}:
            place = replace(place, inert=True)
        if tag.name == "fieldset" and tag.has_attr("disabled"):
            place = replace(place, disabled=True)
        return place


def _get(tag: Tag, name: str) -> str:
    value = tag.get(name)
    return value if isinstance(value, str) else " ".join(value or ())


def _join(url: str, action: str) -> str:
    page = urldefrag(url).url
    action = action.strip("\t\n\f\r ")
    if not action:
        return page
    try:
        return urljoin(page, action)
    except ValueError:
        # Not an address at all. Kept as it is: whoever checks it refuses it by name.
        return action


def _hides(tag: Tag) -> bool:
    return _get(tag, "aria-hidden").strip().lower() == "true" or tag.has_attr("hidden")


def _is_text(node: PageElement) -> bool:
    return isinstance(node, NavigableString) and not isinstance(node, PreformattedString)


def _control(tag: Tag, place: _Place) -> Control | None:
    """The control in an element; None for one a browser never sends."""
    name = _get(tag, "name")
    if not name or place.inert or place.disabled or tag.has_attr("disabled"):
        return None
    kind = _kind(tag)
    control = Control(
        name,
        kind,
        value=None,
        visible=kind != "hidden" and not place.hidden and not _hides(tag),
        editable=not tag.has_attr("readonly"),
    )
    if kind in _BUTTONS:
        # An image sends coordinates and the others nothing: only a submit button can be pressed.
        return replace(control, pressed=_get(tag, "value")) if kind == "submit" else None
    options = tuple(map(_option_value, _options(tag))) if kind == "select" else ()
    return replace(control, value=_VALUES.get(kind, _input_value)(tag), options=options)


def _kind(tag: Tag) -> str:
    if tag.name in {"select", "textarea"}:
        return tag.name
    kind = _get(tag, "type").strip().lower()
    if tag.name == "button":
        return kind if kind in {"button", "reset"} else "submit"
    return kind or "text"


def _input_value(tag: Tag) -> str | None:
    return _get(tag, "value")


def _checked_value(tag: Tag) -> str | None:
    if not tag.has_attr("checked"):
        return None
    return _get(tag, "value") if tag.has_attr("value") else "on"


def _file_value(_: Tag) -> str | None:
    return ""


def _textarea_value(tag: Tag) -> str | None:
    text = tag.get_text().replace("\r\n", "\n").replace("\r", "\n").removeprefix("\n")
    return text.replace("\n", "\r\n")


def _select_value(tag: Tag) -> str | None:
    options = _options(tag)
    chosen = [option for option in options if option.has_attr("selected")]
    if chosen:
        return _option_value(chosen[-1])
    size = _get(tag, "size").strip()
    if not options or tag.has_attr("multiple") or (size.isdecimal() and int(size[:6]) > 1):
        return None
    return _option_value(options[0])


def _options(select: Tag) -> list[Tag]:
    return [option for option in select.find_all("option") if not _is_off(option)]


def _is_off(option: Tag) -> bool:
    group = option.find_parent("optgroup")
    return option.has_attr("disabled") or (group is not None and group.has_attr("disabled"))


def _option_value(option: Tag) -> str:
    if option.has_attr("value"):
        return _get(option, "value")
    return " ".join(option.get_text().split())


_VALUES: Final[Mapping[str, Callable[[Tag], str | None]]] = {
    "checkbox": _checked_value,
    "radio": _checked_value,
    "file": _file_value,
    "textarea": _textarea_value,
    "select": _select_value,
}


def _one_radio_each(controls: list[Control]) -> Iterator[Control]:
    """Of several radio buttons with one name that are checked, the last one is."""
    last = {c.name: i for i, c in enumerate(controls) if c.kind == "radio" and c.value is not None}
    for index, control in enumerate(controls):
        if control.kind == "radio" and last.get(control.name, index) != index:
            yield replace(control, value=None)
        else:
            yield control
