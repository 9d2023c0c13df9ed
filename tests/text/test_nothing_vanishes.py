"""Whatever is written is shown: deep lists, deep quotes, too much of anything."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text import render
from service.text.effort import TOO_MUCH

WORD = st.integers(0, 99_999).map("w{}".format)


def structures(inner: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    """Lines within a quote, an item, a numbered item, a footnote; lines beside others."""

    def within(first: str, rest: str) -> st.SearchStrategy[list[str]]:
        return inner.map(lambda lines: [(rest if n else first) + line for n, line in enumerate(lines)])

    beside = st.lists(inner, min_size=2, max_size=3).map(
        lambda parts: [line for part in parts for line in [*part, ""]]
    )
    return st.one_of(within("> ", "> "), within("- ", "  "), within("1. ", "   "), beside)


NESTED = st.recursive(WORD.map(lambda word: [word]), structures, max_leaves=12)


def assert_all_there(body: str) -> None:
    rendered = render(body)
    shown = re.sub(r"<[^>]*>", " ", rendered.html)
    for word in re.findall(r"w\d+", body):
        assert re.search(rf"\b{word}\b", rendered.plain), f"{word} is not in the plain text"
        assert re.search(rf"\b{word}\b", shown), f"{word} is not in the HTML"


@given(NESTED, st.sampled_from(["", "> ", "- ", "1. ", "> - "]), st.integers(0, 45))
def test_nested_structures_keep_their_words(lines: list[str], prefix: str, depth: int) -> None:
    indent = "> " if prefix == "> " else re.sub(r"[^>]", " ", prefix)
    body = "\n".join((prefix if n == 0 else indent) * depth + line for n, line in enumerate(lines))
    assert_all_there(body)


@pytest.mark.parametrize("depth", [9, 10, 19, 25, 100])
def test_lists_within_lists(depth: int) -> None:
    assert_all_there("\n".join("  " * n + f"- w{n}" for n in range(depth)) + "\n\nw1000")


@pytest.mark.parametrize("depth", [10, 25, 39, 40, 41, 500])
def test_quotes_within_quotes(depth: int) -> None:
    rendered = render("> " * depth + "deep words")
    assert "deep words" in rendered.plain
    assert bool(rendered.problems) == (depth >= 40)


def test_depth_is_told_with_its_line() -> None:
    (problem,) = render("a\n\n" + "> " * 60 + "b").problems
    assert problem.startswith("Line 3: ")


@pytest.mark.parametrize(
    "unit",
    [
        "- w{}\n",
        "> w{}\n\n",
        "# w{}\n",
        "w{}\n\n",
        "w{}\n",
        "|w{}|\n|-|\n\n",
        "*w{}* ",
        "[w{}](/x) ",
        "$w{}$ ",
        "[w{} ",
    ],
)
def test_far_too_much_of_one_thing(unit: str) -> None:
    count = 95_000 // (len(unit) + 3)
    rendered = render("".join(unit.format(n) for n in range(count)))
    assert set(re.findall(r"w\d+", rendered.plain)) == {f"w{n}" for n in range(count)}
    assert set(rendered.problems) <= {TOO_MUCH}


@pytest.mark.parametrize(
    "body",
    [
        "[^a]: w1\n\nw2",
        "w1[^a]\n\n[^a]: w2\n\n[^a]: w3",
        "w1[^a]\n\n[^a]: w2\n\n    [^b]: w3\n\n    w4",
        "w1[^a][^b]\n\n[^a]: w2\n\n    [^b]: w3\n\n    w4",
    ],
)
def test_footnotes_that_nothing_refers_to(body: str) -> None:
    assert_all_there(body)
