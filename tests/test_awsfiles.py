"""The text of the AWS files, with configparser and botocore as judges of what it means."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from configparser import Error, RawConfigParser
from pathlib import Path

import pytest
from botocore.configloader import build_profile_map, raw_config_parse
from hypothesis import given, settings
from hypothesis import strategies as st

from samlauth import awsfiles
from samlauth.awsfiles import check_profile_name, config_section, edits, read_section
from samlauth.awsfiles.edits import Splice, edit
from samlauth.awsfiles.sections import canonical, section_at
from samlauth.errors import FileError, SettingsError

KEEP = b"""\
# work accounts
[default]
region=eu-west-1
s3 =
    max_concurrent_requests = 20
    # quiet
    addressing_style = path

; personal
[profile  me]
Region :  us-east-1   # not a comment
output = json
"""


def parse(data: bytes, *, strict: bool = True) -> dict[str, dict[str, str]] | None:
    """What RawConfigParser, as botocore uses it, makes of a file; None if it refuses."""
    parser = RawConfigParser(strict=strict)
    text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", errors="surrogateescape")
    try:
        parser.read_file(text)
    except Error:
        return None
    return {name: dict(parser.items(name)) for name in parser.sections()}


@pytest.mark.parametrize(
    "name",
    ["sts", "default", "a b", "me@example.com", "team/dev", "a:b", "a=b", "A.b_c-d+e,f%", "x" * 64],
)
def test_names_people_use_are_taken(name: str) -> None:
    check_profile_name(name)
    assert awsfiles.is_profile_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", " a", "a ", "a\n", "a\nb", "a\rb", "a\tb", "a\0b", "a\x1bb", "a\x7fb", "a\x85b"),
        *(
            "a]",
            "[a",
            "a] [evil",
            "a#b",
            "a;b",
            "it's",
            'a"b',
            "a\\b",
            "büro",
            "a\u202eb",
            "\ufeffa",
        ),
        *("x" * 65, "DEFAULT"),
    ],
)
def test_names_that_could_mean_something_else_are_refused(name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        check_profile_name(name)
    assert caught.value.hint
    assert caught.value.message.isprintable()
    assert caught.value.message.isascii()
    assert not awsfiles.is_profile_name(name)


@pytest.mark.parametrize("name", ["default", "sts", "a b", "a:b", "a=b", "me@example.com", "x%y"])
def test_the_config_section_is_the_one_botocore_looks_for(name: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_bytes(edit(KEEP, {config_section(name): {"region": "eu-north-1"}}))
    profiles = build_profile_map(raw_config_parse(str(path)))["profiles"]
    assert profiles[name]["region"] == "eu-north-1"
    assert profiles["me"]["output"] == "json"


@pytest.mark.parametrize(
    ("data", "section"),
    [
        (b"", "default"),
        (b"[default]\n", "default"),
        (b"[profile default]\n", "profile default"),
        (b"[profile default]\n[default]\n", "default"),
        (b"[default]\n[profile 'default']\n", "profile default"),
    ],
)
def test_the_default_profile_is_where_botocore_finds_it(data: bytes, section: str) -> None:
    assert config_section("default", data) == section


def test_read_gives_values_as_botocore_sees_them(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_bytes(KEEP)
    seen = raw_config_parse(str(path), parse_subsections=False)
    assert read_section(KEEP, "default") == seen["default"]
    assert read_section(KEEP, "profile me") == seen["profile  me"]
    assert read_section(KEEP, "profile me")["region"] == "us-east-1   # not a comment"
    assert read_section(KEEP, "default")["s3"].splitlines() == [
        "",
        "max_concurrent_requests = 20",
        "addressing_style = path",
    ]


@pytest.mark.parametrize(
    "header",
    [
        b"[profile x]",
        b"[profile  x]",
        b"[profile\tx]",
        b"[profile 'x']",
        b'[profile "x" ]',
        b"  [profile x] # c",
    ],
)
def test_all_spellings_of_a_profiles_header_are_one(header: bytes) -> None:
    data = header + b"\na = 1\n"
    assert read_section(data, config_section("x")) == {"a": "1"}
    assert edit(data, {config_section("x"): {"a": "2"}}) == header + b"\na = 2\n"


@pytest.mark.parametrize(
    "data",
    [
        b"[profile xy]\na = 1\n",
        b"[profile x y]\na = 1\n",
        b"[profile 'x]\na = 1\n",
        b"[profile x']\na = 1\n",
        b"# [profile x]\n[b]\na = 1\n",
        b"[b]\nkey = [profile x]\n",
        b"[b]\nkey =\n [profile x]\n",
        b"[b]\nkey =\n\n  # c\n  more\n  [profile x]\na = 1\n",
        b"[b]\nkey = 1\n# c\n  [profile x]\na = 1\n",
        b"[b]\nkey = 1\n; c\n  [profile x]\na = 1\n",
        b"[profile x] [b]\na = 1\n",
    ],
)
def test_what_only_looks_like_the_section_is_not_read_or_touched(data: bytes) -> None:
    assert read_section(data, "profile x") == {}
    new = edit(data, {"profile x": {"a": "2"}})
    assert new == data + b"\n[profile x]\na = 2\n"
    assert read_section(new, "profile x") == {"a": "2"}


def test_an_indented_header_that_does_not_continue_a_value_counts() -> None:
    data = b"[b]\n  key = 1\n\n ; c\n [x]\na = 1\n"
    assert parse(data) == {"b": {"key": "1"}, "x": {"a": "1"}}
    assert read_section(data, "x") == {"a": "1"}
    assert read_section(b" [x]\na = 1\n", "x") == {"a": "1"}


def test_defaults_of_all_sections_count_as_for_botocore() -> None:
    data = b"[DEFAULT]\na = 1\nb = 1\n[x]\nb = 2\n"
    assert parse(data) == {"x": read_section(data, "x")} == {"x": {"a": "1", "b": "2"}}
    assert read_section(data, "y") == {}


def test_blank_lines_inside_a_value_are_part_of_it() -> None:
    data = b"[x]\na =\n  1\n\n  # c\n  2\n\n\nb = 1\n"
    assert parse(data) == {"x": read_section(data, "x")}
    assert read_section(data, "x") == {"a": "\n1\n\n2", "b": "1"}


def test_the_later_of_two_wins_for_a_reader() -> None:
    data = b"[x]\na = 1\na = 2\nb = 1\n[x]\nB = 2\n"
    assert read_section(data, "x") == {"a": "2", "b": "2"}


def test_bytes_that_are_no_utf8_are_read_and_kept() -> None:
    data = b"[x]\nname = caf\xe9 \xc2\xa0\na = 1\n"
    assert read_section(data, "x") == {"name": "caf\udce9", "a": "1"}
    assert edit(data, {"x": {"a": "2"}}) == data.replace(b"a = 1", b"a = 2")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # a value in its place: the key's spelling, the spacing, the line's end stay
        (b"[x]\na=1\n", b"[x]\na=2\n"),
        (b"[x]\nA   :\t1  \nb = 1\n", b"[x]\nA   :\t2\nb = 1\n"),
        (b"[x]\r\na = 1\r\nb = 1\r\n", b"[x]\r\na = 2\r\nb = 1\r\n"),
        (b"[x]\ra = 1\rb = 1\r", b"[x]\ra = 2\rb = 1\r"),
        (b"[x]\na = 1", b"[x]\na = 2"),
        (b"[x]\na =\n", b"[x]\na = 2\n"),
        (b"[x]\na=\n", b"[x]\na=2\n"),
        (b"[x]\n a = 1\n[y]\n", b"[x]\n a = 2\n[y]\n"),
        (b"\xef\xbb\xbf[x]\na = 1\n", b"\xef\xbb\xbf[x]\na = 2\n"),
        # the lines that continued the old value go with it, comments among them do not
        (b"[x]\na = 1\n  2\n\n  # c\n  3\nb = 1\n", b"[x]\na = 2\n\n  # c\nb = 1\n"),
        # twice makes the file unreadable: once is left
        (b"[x]\na = 1\nb = 1\nA = 2\n", b"[x]\na = 2\nb = 1\n"),
        # a new key comes after the last one
        (b"[x]\nb = 1\n\n# about y\n[y]\nb = 2\n", b"[x]\nb = 1\na = 2\n\n# about y\n[y]\nb = 2\n"),
        (b"[x]\nb =\n  c = 1\n\n[y]\n", b"[x]\nb =\n  c = 1\na = 2\n\n[y]\n"),
        (b"[x]\n  b = 1\n [y]\n", b"[x]\n  b = 1\n  a = 2\n [y]\n"),
        (b"[x]\n  [y]\n", b"[x]\n  a = 2\n  [y]\n"),
        (b"[x]\n", b"[x]\na = 2\n"),
        (b"[x]", b"[x]\na = 2\n"),
        (b"[y]\r\n[x]", b"[y]\r\n[x]\r\na = 2\r\n"),
        (b"[x]\nb = 1", b"[x]\nb = 1\na = 2\n"),
        # a new section comes at the end
        (b"", b"[x]\na = 2\n"),
        (b"[y]\n", b"[y]\n\n[x]\na = 2\n"),
        (b"[y]\r\nb = 1", b"[y]\r\nb = 1\r\n\r\n[x]\r\na = 2\r\n"),
        (b"# only a remark", b"# only a remark\n\n[x]\na = 2\n"),
    ],
)
def test_a_value_is_set_and_nothing_else_changes(old: bytes, new: bytes) -> None:
    assert edit(old, {"x": {"a": "2"}}) == new
    assert edit(new, {"x": {"a": "2"}}) == new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"[x]\na = 1\nb = 1\n", b"[x]\nb = 1\n"),
        (b"[x]\nA = 1\n  2\n\nb = 1\n", b"[x]\n\nb = 1\n"),
        (b"[x]\nb = 1\na = 1", b"[x]\nb = 1\n"),
        (b"[x]\nb = 1\n", b"[x]\nb = 1\n"),
        (b"[y]\na = 1\n", b"[y]\na = 1\n"),
        (b"", b""),
    ],
)
def test_none_removes_a_key(old: bytes, new: bytes) -> None:
    assert edit(old, {"x": {"a": None}}) == new


def test_a_new_key_begins_a_line_when_the_last_one_did_not_end() -> None:
    assert edit(b"[x]\nb = 1", {"x": {"b": "2", "a": "1"}}) == b"[x]\nb = 2\na = 1\n"
    assert edit(b"[x]\nb = 1", {"x": {"b": None, "a": "1"}}) == b"[x]\na = 1\n"


def test_an_empty_value_has_no_space_at_its_end() -> None:
    assert edit(b"[x]\na = 1\n", {"x": {"a": "", "b": ""}}) == b"[x]\na =\nb =\n"
    assert edit(b"", {"x": {"a": ""}}) == b"[x]\na =\n"


def test_many_sections_change_in_one_pass() -> None:
    data = b"[a]\nk = 1\n[b]\nk = 1\n[c]\nk = 1\n"
    changes = {"c": {"k": "3"}, "new": {"k": "4"}, "a": {"k": "2"}, "newer": {"K": "5"}}
    assert edit(data, changes) == (
        b"[a]\nk = 2\n[b]\nk = 1\n[c]\nk = 3\n\n[new]\nk = 4\n\n[newer]\nk = 5\n"
    )


def test_nothing_to_change_gives_the_same_object() -> None:
    assert edit(KEEP, {"default": {"region": "eu-west-1", "none": None}}) is KEEP


@pytest.mark.parametrize(
    "value",
    ["S3\nb", "S3\rb", "S3\0", "\x1bS3", " S3", "S3 ", "S3\t", "S3é", "S3\udce9", "S3\x7f", "S3\n"],
)
def test_a_value_that_would_not_come_back_is_refused_and_not_shown(value: str) -> None:
    with pytest.raises(SettingsError, match="region") as caught:
        edit(b"", {"x": {"region": value}})
    assert "control character" in caught.value.message
    assert "S3" not in caught.value.message


@pytest.mark.parametrize("key", ["", "a b", "a=b", "a:b", "[a", "#a", ";a", "a\n", "é", "-a"])
def test_a_key_that_would_not_come_back_is_refused(key: str) -> None:
    with pytest.raises(SettingsError, match="name of a key"):
        edit(b"", {"x": {key: "1"}})


@pytest.mark.parametrize("section", ["", "a] [evil", "[a", "a\nb", " a", "é"])
def test_a_section_that_would_not_come_back_is_refused(section: str) -> None:
    with pytest.raises(SettingsError, match="name of a section"):
        edit(b"", {section: {"a": "1"}})


def test_a_section_that_is_there_twice_is_refused_with_both_lines() -> None:
    data = b"[x]\na = 1\r\n\r[profile x]\n\n[ x ]\n[x]\n"
    with pytest.raises(FileError, match=r"line 7: .*\[x\].* line 1") as caught:
        edit(data, {"x": {"a": "2"}})
    assert caught.value.hint
    with pytest.raises(FileError, match=r"line 2: .* line 1"):
        edit(b"[profile x]\n[profile 'x']\n", {"profile x": {"a": "2"}})


def test_a_file_that_is_no_text_is_refused_with_the_line() -> None:
    with pytest.raises(FileError, match="line 1 ") as caught:
        edit("[x]\na = 1\n".encode("utf-16"), {"x": {"a": "2"}})
    assert "UTF-16" in caught.value.hint
    with pytest.raises(FileError, match="line 3 "):
        edit(b"[x]\n\n\0", {"x": {"a": "2"}})


def test_an_edit_that_went_wrong_is_noticed() -> None:
    old = b"# c\n[x]\na = 1\nb = 2\n[y]\n"
    section = section_at(old, 4)
    keys = {"a": "3"}
    splices = edits._splices(section, keys)
    good = edits.spliced(old, splices)
    edits._verify(old, good, splices, [(section, keys)])
    for bad in (
        good.replace(b"# c", b"# d"),
        good.replace(b"b = 2", b"b = 4"),
        good.replace(b"a = 3", b"a = 4"),
        good.replace(b"a = 3\n", b"a = 3 "),
        good + b"z",
        good[:-1],
        good.replace(b"\n[y]", b"\n [y]"),
        b"",
    ):
        with pytest.raises(FileError, match="line 2: "):
            edits._verify(old, bad, splices, [(section, keys)])


def test_what_a_file_is_taken_apart_into_does_not_show_its_values() -> None:
    section = section_at(b"[x]\naws_secret_access_key = hidden\n  hidden\n", 0)
    assert section.entries[0].value == "hidden\nhidden"
    assert "hidden" not in repr(section)
    assert "hidden" not in repr(Splice(0, 1, b"hidden"))


# What people's files are made of, and what breaks readers of them.
ends = st.sampled_from([b"\n", b"\n", b"\n", b"\r\n", b"\r", b""])
indents = st.sampled_from([b"", b"", b"", b" ", b"  ", b"\t", b"\xc2\xa0", b"\x1c", b"\x0c"])
names = st.sampled_from(
    [b"x", b"profile x", b"profile  x", b"profile 'x'", b"y", b"profile y", b"a] [b"]
)
keys = st.sampled_from([b"a", b"A", b"b", b"region", b"s3", b"k\xc3\xa9y", b""])
values = st.sampled_from(
    [b"", b"1", b"2", b"x = y", b"[x]", b"# c", b"caf\xe9", b"\xe2\x80\xa8", b"\x85"]
)
lines = st.one_of(
    st.tuples(indents, names).map(lambda t: t[0] + b"[" + t[1] + b"]"),
    st.tuples(indents, keys, st.sampled_from([b"=", b" = ", b":", b" :"]), values).map(b"".join),
    st.tuples(indents, st.sampled_from([b"# c", b"; [x]", b"", b"[x", b"word"])).map(b"".join),
    st.binary(max_size=6),
)
texts = st.tuples(
    st.sampled_from([b"", b"", b"", b"\xef\xbb\xbf"]),
    st.lists(st.tuples(lines, ends).map(b"".join), max_size=14).map(b"".join),
).map(b"".join)
files = texts | st.binary(max_size=60)
sections = st.sampled_from(["x", "profile x", "profile 'a b'", "default", "new"])
changes = st.dictionaries(
    sections,
    st.dictionaries(
        st.sampled_from(["a", "b", "region", "new"]),
        st.none() | st.sampled_from(["", "1", "2", "a=b", "[x]", "# 1"]),
        max_size=3,
    ),
    max_size=3,
)


def wanted(
    old: dict[str, dict[str, str]], change: Mapping[str, Mapping[str, str | None]]
) -> dict[str, dict[str, str]]:
    """What configparser must see after the change of what it saw before."""
    new = {name: dict(content) for name, content in old.items()}
    for section, content in change.items():
        name = next((n for n in new if canonical(n) == canonical(section)), section)
        for key, value in content.items():
            if value is None:
                new.get(name, {}).pop(key, None)
            else:
                new.setdefault(name, {})[key] = value
    return new


@settings(max_examples=1000, deadline=None)
@given(files, changes)
def test_any_file_is_changed_only_where_asked_or_refused_with_the_line(
    old: bytes, change: dict[str, dict[str, str | None]]
) -> None:
    try:
        new = edit(old, change)
    except FileError as error:
        assert re.search(r"\bline \d+", error.message)
        return
    assert edit(new, change) == new
    before, after = parse(old), parse(new)
    if before is not None:
        assert after == wanted(before, change)
    for section, content in change.items():
        read = read_section(new, section)
        assert {key: read.get(key) for key in content} == content
    ours = tuple(key for content in change.values() for key in content)
    kept = iter(new.splitlines())
    for line in old.splitlines():
        text = line.decode("utf-8", "surrogateescape").removeprefix("\ufeff").lower()
        if text and not text[0].isspace() and not text.startswith(ours):
            assert line in kept, line  # in their old order: the iterator only goes forward


@settings(max_examples=500, deadline=None)
@given(files)
def test_sections_are_read_as_configparser_reads_them(data: bytes) -> None:
    parsed = parse(data)
    if parsed is not None:
        for section, content in parsed.items():
            if not section.startswith("profile"):
                assert read_section(data, section) == content


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=12), st.text(max_size=12))
def test_no_text_becomes_another_section_or_key(name: str, value: str) -> None:
    try:
        check_profile_name(name)
        new = edit(KEEP, {config_section(name): {"region": value}})
    except SettingsError:
        return
    before, after = parse(KEEP), parse(new)
    assert before is not None
    assert after == wanted(before, {config_section(name): {"region": value}})


def test_thousands_of_profiles_and_ten_megabytes_keep_every_byte() -> None:
    filler = b"# " + b"x" * 1900 + b"\n"
    data = b"".join(b"[p%d]\nkey = %d\n%s" % (i, i, filler) for i in range(5000))
    assert len(data) > 9_500_000
    new = edit(data, {"p2500": {"key": "new"}, "p4999": {"more": "1"}, "q": {"key": "1"}})
    assert new == (
        data.replace(b"key = 2500\n", b"key = new\n").replace(
            b"key = 4999\n", b"key = 4999\nmore = 1\n"
        )
        + b"\n[q]\nkey = 1\n"
    )
