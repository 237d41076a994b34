from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samlauth.errors import PageUnreadable
from samlauth.flow import Fields
from samlauth.html import (
    LONGEST_TEXT,
    MAX_CHARACTERS,
    MAX_CONTROLS,
    MAX_DEPTH,
    MAX_TAGS,
    Document,
    Form,
)

URL = "https://idp.example.com/a/login?x=1#top"


def form_of(inner: str, attributes: str = 'method="post" action="/go"') -> Form:
    return Document(URL, f"<body><form {attributes}>{inner}</form></body>").forms[0]


def sent(inner: str) -> Fields:
    return form_of(inner).fill({})


@pytest.mark.parametrize(
    ("inner", "fields"),
    [
        ('<input name="a" value="1">', (("a", "1"),)),
        ('<input name="a">', (("a", ""),)),
        ('<input type="hidden" name="a" value=" &lt;b&gt;&amp;\t ">', (("a", " <b>&\t "),)),
        ('<input type="EMAIL" name="a" value="x" readonly>', (("a", "x"),)),
        ('<input type="unheard-of" name="a" value="x">', (("a", "x"),)),
        # No name, no field.
        ('<input name="" value="x"><input value="y">', ()),
        ('<input name="a" value="x" disabled>', ()),
        ('<fieldset disabled><div><input name="a"></div></fieldset><input name="b">', (("b", ""),)),
        ('<template><input name="a"></template>', ()),
        # A box without a value is "on", and an empty value is empty.
        ('<input type="checkbox" name="a" checked>', (("a", "on"),)),
        ('<input type="checkbox" name="a" checked value="">', (("a", ""),)),
        ('<input type="checkbox" name="a" value="1">', ()),
        (
            '<input type="radio" name="a" value="1" checked><input type="radio" name="a" value="2">'
            '<input type="radio" name="a" value="3" checked>',
            (("a", "3"),),
        ),
        ('<input type="radio" name="a" value="1">', ()),
        ('<input type="file" name="a" value="x">', (("a", ""),)),
        (
            '<input type="submit" name="a" value="1"><input type="image" name="b" value="2">'
            '<input type="button" name="c"><input type="reset" name="d"><button name="e">x</button>',
            (),
        ),
        ("<select name=a><option>One  more<option value=2>Two</select>", (("a", "One more"),)),
        (
            "<select name=a><option value=1><option value=2 selected><option selected value=3>"
            "</select>",
            (("a", "3"),),
        ),
        ("<select name=a><option disabled value=1><option value=2></select>", (("a", "2"),)),
        (
            "<select name=a><optgroup disabled><option value=1 selected></optgroup>"
            "<option value=2></select>",
            (("a", "2"),),
        ),
        ("<select name=a></select><select name=b size=2><option></select>", ()),
        ("<textarea name=a>\n one\ntwo</textarea>", (("a", " one\r\ntwo"),)),
        # Twice on the page is twice in the body: it is not for us to say which is meant.
        ("<input name=a value=1><input name=a value=2>", (("a", "1"), ("a", "2"))),
    ],
)
def test_a_form_is_sent_as_a_browser_would(inner: str, fields: Fields) -> None:
    assert sent(inner) == fields


def test_fields_come_in_the_order_of_the_page() -> None:
    inner = "<p><input name=c></p><select name=a><option></select><b><textarea name=b></textarea>"
    assert [name for name, _ in sent(inner)] == ["c", "a", "b"]


PAGE = """
<input name=token value="a+b/c=&amp;"><input name=user><input name=pass type=password>
<button name=action value=1>Go</button><button name=action value=3>Other</button>
<input type=checkbox name=keep checked><input name=last value=z>
"""


def test_filling_changes_the_named_fields_in_their_place() -> None:
    assert form_of(PAGE).fill({"pass": "p w", "user": "ada"}) == (
        ("token", "a+b/c=&"),
        ("user", "ada"),
        ("pass", "p w"),
        ("keep", "on"),
        ("last", "z"),
    )


def test_a_field_the_form_lacks_comes_last() -> None:
    fields = form_of("<input name=a value=1>").fill({"b": "2", "a": "3"})
    assert fields == (("a", "3"), ("b", "2"))


def test_a_filled_field_is_sent_once_however_often_it_is_there() -> None:
    inner = "<input name=a value=1><input name=b><input type=checkbox name=a><input name=a>"
    assert form_of(inner).fill({"a": "x"}) == (("a", "x"), ("b", ""))


def test_a_box_that_was_not_ticked_can_be_filled() -> None:
    assert form_of("<input type=checkbox name=a>").fill({"a": "yes"}) == (("a", "yes"),)


def test_only_the_button_pressed_is_sent_and_in_its_place() -> None:
    names = [name for name, _ in form_of(PAGE).fill({}, click=("action", "3"))]
    assert names == ["token", "user", "pass", "action", "keep", "last"]
    assert ("action", "3") in form_of(PAGE).fill({}, click=("action", "3"))
    assert ("action", "1") not in form_of(PAGE).fill({}, click=("action", "3"))


def test_a_button_that_is_not_there_cannot_be_pressed() -> None:
    assert form_of("<input name=action value=1>").fill({}, click=("action", "1")) == (
        ("action", "1"),
    )
    assert form_of("<button name=go value=2>x</button>").fill({}, click=("go", "1")) == ()
    assert form_of("<button type=button name=go value=1>").fill({}, click=("go", "1")) == ()
    assert form_of("<button disabled name=go value=1>").fill({}, click=("go", "1")) == ()


def test_names_left_out_are_not_sent() -> None:
    fields = form_of(PAGE).fill({"user": "ada", "pass": "x"}, without=("keep", "pass"))
    assert [name for name, _ in fields] == ["token", "user", "last"]


@pytest.mark.parametrize(
    ("action", "joined"),
    [
        ('action="/b?q=%20&amp;r=a/b?c"', "https://idp.example.com/b?q=%20&r=a/b?c"),
        ('action="b"', "https://idp.example.com/a/b"),
        ('action="?y=2"', "https://idp.example.com/a/login?y=2"),
        ('action=""', "https://idp.example.com/a/login?x=1"),
        ("", "https://idp.example.com/a/login?x=1"),
        ('action=" \n/b\t "', "https://idp.example.com/b"),
        ('action="//other.example/b"', "https://other.example/b"),
        ('action="https://[bad"', "https://[bad"),
    ],
)
def test_an_action_is_joined_to_the_address_of_the_page(action: str, joined: str) -> None:
    body = f'<head><base href="https://elsewhere.example/"></head><form {action}></form>'
    assert Document(URL, body).forms[0].action == joined


def test_a_form_knows_its_path_method_and_id() -> None:
    form = form_of("", 'method="POST" action="/b/c?d" id="login"')
    assert (form.path, form.method, form.id) == ("/b/c", "post", "login")
    assert form_of("", "").method == "get"
    assert form_of("", 'action="https://[bad"').path == ""


def test_a_control_may_stand_outside_its_form() -> None:
    body = """<form id=one><input name=a></form><form id=two></form>
    <input name=b form=two><input name=c form=none><input name=d>
    <form id=three><input name=e form=one></form>"""
    names = [[c.name for c in form.controls] for form in Document(URL, body).forms]
    assert names == [["a", "e"], ["b"], []]


def test_a_control_knows_whether_a_person_could_type_into_it() -> None:
    form = form_of(
        """<input name=a><input name=b type=hidden><input name=c aria-hidden=true>
        <div aria-hidden="TRUE"><p><input name=d></p></div><input name=e readonly>
        <div hidden><input name=f></div><input name=g type=password><input name=h type=submit>"""
    )
    assert [c.name for c in form.controls if c.typed] == ["a", "g"]
    assert form.has("a", "b", "e")
    assert not form.has("a", "h")
    assert form.control("z") is None


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        ("  one <b>two</b>\n three ", "one two three"),
        ('a<i aria-hidden="true">b<u>c</u></i>d', "ad"),
        ("a<i hidden>b</i>c", "ac"),
        ("a<!-- b --><script>c</script><style>d</style><template>e</template>", "a"),
        ("a<br>b", "a b"),
        ("<p>a<b>b</b></p><p>c</p>d<div>e</div>f", "ab c d e f"),
        ("", ""),
    ],
)
def test_visible_text_is_what_a_person_reads(inner: str, text: str) -> None:
    document = Document(URL, f"<div id=x>{inner}</div>")
    assert document.visible_text(document.first("#x")) == text


def test_what_stands_inside_something_hidden_has_no_visible_text() -> None:
    document = Document(URL, "<div aria-hidden=true><p><b id=x>old news</b></p></div>")
    assert document.visible_text(document.first("#x")) == ""
    assert document.visible_text(None) == ""


def test_a_form_knows_its_place_and_its_element() -> None:
    document = Document(URL, "<form><b>one</b></form><form><b>two</b></form><form>")
    assert [form.place for form in document.forms] == [0, 1, 2]
    texts = [document.visible_text(document.tag(form)) for form in document.forms]
    assert texts == ["one", "two", ""]


def test_an_address_on_the_page_is_joined_to_the_page_s_own() -> None:
    document = Document(URL, '<base href="https://elsewhere.example/">')
    assert document.join("/b?c&d") == "https://idp.example.com/b?c&d"
    assert document.join("//cdn.example/e") == "https://cdn.example/e"


def test_the_buttons_of_a_name_are_found_in_any_case() -> None:
    form = form_of(
        "<button name=Send value=1><input type=submit name=send value=2>"
        "<button name=other value=3><input name=SEND value=4><button name=Send disabled value=5>"
    )
    assert form.buttons("sEnd") == (("Send", "1"), ("send", "2"))
    assert form.fill({}, click=form.buttons("send")[1]) == (("send", "2"), ("SEND", "4"))


def test_a_list_to_choose_from_knows_its_options() -> None:
    form = form_of(
        "<select name=a><option value=1>One<option>Two  and<option disabled value=3></select>"
        "<select name=b></select><input name=c value=x>"
    )
    assert [control.options for control in form.controls] == [("1", "Two and"), (), ()]


def test_values_do_not_show_in_a_repr() -> None:
    fields = "<input name=a value=s3cret><button name=b value=s3cret>"
    choice = "<select name=c><option value=s3cret></select>"
    form = form_of(fields + choice, 'action="/x?s3cret"')
    assert "s3cret" not in repr(form)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no markup at all",
        "https://idp.example.com/looks/like/an/address",
        "page.html",
        '<?xml version="1.0"?><root><form><input name="a"></form></root>',
        "\ufeff<form></form>",
        "<form>\ud800\x00<input name=a value='\ud800'>",
    ],
)
def test_what_is_hardly_html_is_read_without_a_warning(body: str) -> None:
    assert len(Document(URL, body).forms) == body.count("<form")


@pytest.mark.parametrize(
    "body",
    [
        ("<div>" * (MAX_DEPTH - 5) + "</div>" * (MAX_DEPTH - 5)) * 25,
        "<div aria-hidden=true>" * (MAX_DEPTH - 5) + "<form>" + "<input name=a>" * MAX_CONTROLS,
        "<form>" * (MAX_TAGS - 100),
        "<p>" + "x" * (MAX_CHARACTERS - 3),
        "<form " + "a=1 " * 100_000 + ">",
    ],
    ids=["deep", "deep with fields", "many forms", "long", "many attributes"],
)
def test_an_odd_page_is_read_to_its_limits(body: str) -> None:
    document = Document(URL, body)
    assert len(document.visible_text(document.root)) <= LONGEST_TEXT
    assert isinstance(document.forms, tuple)


LARGE = "The sign-in page is far larger than any sign-in page should be."
DEEP = "The sign-in page is nested far deeper than any sign-in page should be."


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<a>" * (MAX_TAGS + 1), LARGE),
        ("<p>" + "x" * (MAX_CHARACTERS - 2), LARGE),
        (
            "<form>" + "<input name=a>" * (MAX_CONTROLS + 1),
            "The sign-in page has 1001 fields, more than any sign-in page should.",
        ),
        ("<div>" * (MAX_DEPTH + 1), DEEP),
        ("<div>" * (MAX_TAGS - 100), DEEP),
    ],
    ids=["many tags", "long", "many fields", "deep", "very deep"],
)
def test_a_page_beyond_all_measure_is_refused(body: str, said: str) -> None:
    with pytest.raises(PageUnreadable) as caught:
        _ = Document(URL, body).forms
    assert caught.value.message == said
    assert caught.value.hint


def test_what_is_within_others_is_not_looked_at_for_ever() -> None:
    document = Document(URL, "<div>" * 100 + "<p>" * 1000)
    outer = document.all("div")
    assert [len(document.within(tag, "p")) for tag in outer[:10]] == [1000] * 10
    with pytest.raises(PageUnreadable, match="has far more in it than any sign-in page") as caught:
        for tag in outer:
            document.within(tag, "p")
    assert caught.value.hint


def test_what_is_within_and_around_an_element() -> None:
    document = Document(URL, "<p id=a><b id=b><i id=c>x</i></b><i id=d></i></p><p id=e><i id=f>")
    a, e = document.all("p")
    assert [tag["id"] for tag in document.within(a, "i, p")] == ["c", "d"]
    assert [tag["id"] for tag in document.within(e, "i")] == ["f"]
    assert document.within(document.all("i")[0], "i") == []
    assert document.within(document.root, "p") == [a, e]
    around = document.around(document.all("#c, #d"))
    assert [tag["id"] for tag in document.all("[id]") if id(tag) in around] == ["a", "b"]


def test_the_text_of_a_page_is_whole_and_that_of_an_element_an_excerpt() -> None:
    words = "so many words " * 1000
    document = Document(URL, f"<h1>One</h1><p>{words}</p><p hidden>no</p>Two")
    assert document.text == f"One {words}Two"
    excerpt = document.visible_text(document.first("p"))
    assert words.startswith(excerpt)
    assert LONGEST_TEXT - 2 <= len(excerpt) <= LONGEST_TEXT


@given(
    st.lists(
        st.sampled_from(["<p>", "</p>", "<b>", "</b>", "<br>", "x", " ", "\n y\t", "<!--z-->"])
    )
)
def test_the_text_of_an_element_is_that_of_its_pieces(parts: list[str]) -> None:
    document = Document(URL, f"<div>{''.join(parts)}</div>")
    for tag in document.all("div, p, b"):
        alone = Document(URL, f"<div>{tag.decode_contents()}</div>")
        assert document.visible_text(tag) == alone.visible_text(alone.first("div"))


@pytest.mark.parametrize(
    ("inner", "options"),
    [
        ("<option> One\n more <option hidden>Two", ("One more", "Two")),
        ("<option>a<!--b-->c<script>d</script>", ("acd",)),
        ("<optgroup disabled><option>a</optgroup><optgroup><option>b<option disabled>c", ("b",)),
    ],
)
def test_the_options_of_a_list(inner: str, options: tuple[str, ...]) -> None:
    control = form_of(f"<div hidden><select name=a>{inner}</select></div>").control("a")
    assert control is not None
    assert control.options == options


def test_every_line_end_is_one_and_no_nul_is_left() -> None:
    document = Document(URL, "<form><input name=a value='1\r\n2\r3'><p>x\0y\rz")
    control = document.forms[0].control("a")
    assert control is not None
    assert control.value == "1\n2\n3"
    assert document.text == "x\ufffdy z"


names = st.text("abé &=+%", max_size=3)


@given(st.lists(st.tuples(names, st.text(max_size=20)), max_size=8), st.dictionaries(names, names))
def test_every_filled_field_is_sent_exactly_once(
    hidden: list[tuple[str, str]], values: dict[str, str]
) -> None:
    from html import escape

    inner = "".join(
        f'<input type="hidden" name="{escape(n)}" value="{escape(v)}">' for n, v in hidden
    )
    fields = form_of(inner).fill(values)
    for name, value in values.items():
        assert [v for n, v in fields if n == name] == [value]
    kept = [n for n, _ in hidden if n and n not in values]
    assert [n for n, _ in fields if n not in values] == kept


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(body: str) -> None:
    for form in Document(URL, body).forms:
        form.fill({})


def test_the_text_a_person_reads_comes_piece_by_piece() -> None:
    body = "<p>one <b>two</b></p><p hidden>three</p><script>four</script><!-- five -->six"
    assert [str(text) for text in Document(URL, body).visible_strings()] == ["one ", "two", "six"]
