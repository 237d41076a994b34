"""The forms of a page, serialised as a browser would send them.

The rules are HTML's own ("constructing the entry list", html.spec.whatwg.org §4.10.22.4), with one
exception: ``<base>`` is ignored, so that a form's address is always joined to the address the page
really came from.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urldefrag, urljoin, urlsplit

from samlauth import soup
from samlauth.errors import PageUnreadable
from samlauth.flow import Fields
from samlauth.selectors import select
from samlauth.values import dataclass

if TYPE_CHECKING:
    from samlauth.soup import NavigableString, PageElement, Tag

MAX_TAGS: Final = 8_000
"""Far beyond any sign-in page, which has some hundreds; to read more would only cost time."""
MAX_CHARACTERS: Final = 2_000_000
"""Of a page, of which those of scripts and pictures are the most."""
MAX_DEPTH: Final = 150
"""Of an element: a sign-in page has some thirty."""
MAX_CONTROLS: Final = 1_000
"""Of one page, over all its forms."""
MAX_LOOKS: Final = 15_000
"""At elements within others, which are looked at once more for each element that they are in."""
LONGEST_TEXT: Final = 4_000
"""Characters of what a person reads in one element: far more than is quoted of it."""

_NAMED = frozenset({"input", "select", "textarea", "button"})
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

    @property
    def presses(self) -> frozenset[tuple[str, str]]:
        """All its buttons, each as ``fill`` clicks it."""
        return frozenset((c.name, c.pressed) for c in self.controls if c.kind in _BUTTONS)

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
        if len(body) > MAX_CHARACTERS or body.count("<") > MAX_TAGS:
            raise _beyond("is far larger than any sign-in page should be")
        self.url = url
        # A lone surrogate cannot be parsed; and without the doctype Beautiful Soup would warn of a
        # text that looks like a file's name or like XML, which is not a person's business.
        text = body.encode("utf-8", "replace").decode("utf-8").lstrip("\ufeff")
        # As the parser would, but for a whole run of them at once.
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
        self.root = soup.BeautifulSoup(f"<!doctype html>{text}", "lxml")
        self._tags: list[Tag] = self.root.find_all(True)
        self._extents = _extents(self._tags) | {id(self.root): range(len(self._tags))}
        self._found: dict[str, list[Tag]] = {}
        self._looks = 0

    def first(self, selector: str) -> Tag | None:
        """The first element that a selector matches, as :mod:`samlauth.selectors` knows them."""
        return next(iter(self.all(selector)), None)

    def all(self, selector: str) -> list[Tag]:
        """Every element that a selector matches."""
        if selector not in self._found:
            self._found[selector] = select(self._tags, selector)
        return self._found[selector]

    def within(self, tag: Tag, selector: str) -> list[Tag]:
        """Every element inside another that a selector matches. Raises PageUnreadable when so many
        have been looked at in this way that it would not end soon."""
        found = self.all(selector)
        extent = self._extents[id(tag)]
        first = bisect_left(found, extent.start, key=self._position)
        last = bisect_left(found, extent.stop, first, key=self._position)
        self._looks += last - first
        if self._looks > MAX_LOOKS:
            raise _beyond("has far more in it than any sign-in page should have")
        return found[first:last]

    def around(self, tags: Iterable[Tag]) -> set[int]:
        """The elements that any of these is inside of, each by its ``id()``."""
        seen: set[int] = set()
        for tag in tags:
            for parent in tag.parents:
                if id(parent) in seen:
                    break
                seen.add(id(parent))
        return seen

    def _position(self, tag: Tag) -> int:
        return self._extents[id(tag)].start - 1

    def tag(self, form: Form) -> Tag:
        """The element of one of the page's forms."""
        return self._form_tags[form.place]

    def join(self, address: str) -> str:
        """An address on the page made absolute, joined to the page's own."""
        return _join(self.url, address)

    def visible_text(self, tag: Tag | None) -> str:
        """What a person reads in an element, white space collapsed; empty for None.

        Nothing inside ``aria-hidden=true`` or ``hidden`` counts, nor an element that itself stands
        inside one: identity providers keep the messages of other days there. At most LONGEST_TEXT
        characters.
        """
        return "" if tag is None else self._visible.of(tag, LONGEST_TEXT)

    @property
    def text(self) -> str:
        """The same of the whole page, to its end."""
        return self._visible.whole.strip()

    def visible_strings(self) -> Iterator[NavigableString]:
        """Each piece of text that a person reads, in the order of the page."""
        return iter(self._visible.strings)

    @cached_property
    def _visible(self) -> _Text:
        return _Text(self.root, self._places)

    @cached_property
    def _all_text(self) -> _Text:
        return _Text(self.root, None)

    def _place(self, node: PageElement) -> _Place:
        return self._places[id(node.parent)]

    @cached_property
    def _places(self) -> dict[int, _Place]:
        # From the top down and once, because looking up from each control would take hours on a
        # page that is nested deeply on purpose.
        places = {id(self.root): _Place()}
        for tag in self._tags:
            places[id(tag)] = places[id(tag.parent)].inside(tag)
        return places

    @cached_property
    def _options(self) -> dict[int, list[Tag]]:
        """The options of each list that can be chosen, by the ``id()`` of the list."""
        found: dict[int, list[Tag]] = {}
        for tag in self._tags:
            if tag.name == "option" and "disabled" not in tag.attrs:
                place = self._place(tag)
                if place.select is not None and not place.off:
                    found.setdefault(id(place.select), []).append(tag)
        return found

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
        named = [tag for tag in self._tags if tag.name in _NAMED and "name" in tag.attrs]
        if len(named) > MAX_CONTROLS:
            raise _beyond(f"has {len(named)} fields, more than any sign-in page should")
        for tag in named:
            place = self._place(tag)
            # A control may name its form by id instead of standing inside it.
            owner = by_id.get(_get(tag, "form")) if tag.has_attr("form") else place.form
            if owner is not None and (control := self._control(tag, place)):
                owned.setdefault(id(owner), []).append(control)
        return tuple(
            self._form(tag, owned.get(id(tag), []), place) for place, tag in enumerate(tags)
        )

    @cached_property
    def _form_tags(self) -> list[Tag]:
        return [tag for tag in self._tags if tag.name == "form"]

    def _control(self, tag: Tag, place: _Place) -> Control | None:
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
        if kind == "select":
            options = self._options.get(id(tag), [])
            value = _chosen(tag, options)
            return replace(
                control,
                value=None if value is None else self._option_value(value),
                options=tuple(map(self._option_value, options)),
            )
        return replace(control, value=_VALUES.get(kind, _input_value)(tag))

    def _option_value(self, option: Tag) -> str:
        return _get(option, "value") if option.has_attr("value") else self._all_text.of(option)

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
    select: Tag | None = None
    off: bool = False
    """Inside a group of options that is disabled."""

    def inside(self, tag: Tag) -> _Place:
        name, disabled = tag.name, "disabled" in tag.attrs
        return _Place(
            form=tag if name == "form" else self.form,
            block=self.block if name in _INLINE else tag,
            hidden=self.hidden or name in _UNSEEN or _hides(tag),
            disabled=self.disabled or (name == "fieldset" and disabled),
            inert=self.inert or name in {"datalist", "template"},
            select=tag if name == "select" else self.select,
            off=disabled if name == "optgroup" else self.off,
        )


class _Text:
    """The text of a page as one string, white space collapsed, and where in it each element is: it
    is put together once, not for each of the elements that a piece of it is in.

    With places it is what a person reads; without, all that is there.
    """

    def __init__(self, root: Tag, places: Mapping[int, _Place] | None) -> None:
        self.strings: list[NavigableString] = []
        self._spans: dict[int, tuple[int, int]] = {}
        pieces: list[str] = []
        length, between = 0, False
        block: Tag | None = None
        within, starts = [root], [0]
        for node in root.descendants:
            while within[-1] is not node.parent:
                self._spans[id(within.pop())] = starts.pop(), length
            if isinstance(node, soup.Tag):
                within.append(node)
                starts.append(length)
                if node.name == "br":
                    block = None
            elif _is_text(node) and (places is None or not places[id(node.parent)].hidden):
                text = str(node)
                self.strings.append(cast("NavigableString", node))
                if places is not None and places[id(node.parent)].block is not block:
                    # Two paragraphs are two words even with nothing between; <b> starts no word.
                    between, block = True, places[id(node.parent)].block
                if words := " ".join(text.split()):
                    piece = f" {words}" if between or text[0].isspace() else words
                    pieces.append(piece)
                    length += len(piece)
                    between = text[-1].isspace()
                else:
                    between = between or bool(text)
        for tag, start in zip(within, starts, strict=True):
            self._spans[id(tag)] = start, length
        self.whole = "".join(pieces)

    def of(self, tag: Tag, most: int | None = None) -> str:
        """The text in an element, at most so many characters of it."""
        start, end = self._spans[id(tag)]
        return self.whole[start : end if most is None else min(end, start + most)].strip()


def _beyond(what: str) -> PageUnreadable:
    return PageUnreadable(
        f"The sign-in page {what}.",
        hint="Open the same page in a browser. If it looks right, tell your administrator.",
    )


def _extents(tags: list[Tag]) -> dict[int, range]:
    """The places in ``tags`` of what is in each of them, by its ``id()``.

    Raises PageUnreadable where they are nested too deeply.
    """
    found: dict[int, range] = {}
    around: list[tuple[Tag, int]] = []
    for place, tag in enumerate(tags):
        while around and around[-1][0] is not tag.parent:
            other, start = around.pop()
            found[id(other)] = range(start, place)
        around.append((tag, place + 1))
        if len(around) > MAX_DEPTH:
            raise _beyond("is nested far deeper than any sign-in page should be")
    for other, start in around:
        found[id(other)] = range(start, len(tags))
    return found


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
    return "hidden" in tag.attrs or _get(tag, "aria-hidden").strip().lower() == "true"


def _is_text(node: PageElement) -> bool:
    return isinstance(node, soup.NavigableString) and not isinstance(node, soup.PreformattedString)


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


def _chosen(select: Tag, options: list[Tag]) -> Tag | None:
    """The option of a list that is chosen if nothing is touched."""
    chosen = [option for option in options if option.has_attr("selected")]
    if chosen:
        return chosen[-1]
    size = _get(select, "size").strip()
    if not options or select.has_attr("multiple") or (size.isdecimal() and int(size[:6]) > 1):
        return None
    return options[0]


_VALUES: Final[Mapping[str, Callable[[Tag], str | None]]] = {
    "checkbox": _checked_value,
    "radio": _checked_value,
    "file": _file_value,
    "textarea": _textarea_value,
}


def _one_radio_each(controls: list[Control]) -> Iterator[Control]:
    """Of several radio buttons with one name that are checked, the last one is."""
    last = {c.name: i for i, c in enumerate(controls) if c.kind == "radio" and c.value is not None}
    for index, control in enumerate(controls):
        if control.kind == "radio" and last.get(control.name, index) != index:
            yield replace(control, value=None)
        else:
            yield control
