"""Words, what two texts share of them, and how the difference reads."""

from collections.abc import Iterable
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text import alignment
from service.text.alignment import CELLS
from service.text.difference import Difference, difference
from service.text.words import is_word, matches, tokens
from tests.text.edits import TEXTS, revisions

LONG = 100_000


def joined(found: Difference, op: str) -> str:
    return "".join(span.text for span in found.spans if span.op in ("EQUAL", op))


def marked(before: str, after: str) -> str:
    """The difference as people write it by hand."""
    signs = {"EQUAL": "{}", "DELETE": "[-{}-]", "INSERT": "{{+{}+}}"}
    return "".join(signs[span.op].format(span.text) for span in difference(before, after).spans)


@given(TEXTS | st.text(st.characters()))
def test_tokens_joined_are_the_text(text: str) -> None:
    assert "".join(tokens(text)) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I don't, ’tis", "I| |don't|,| |’|tis"),
        ("$\\alpha_1$", "$|\\alpha|_|1|$"),
        ("a \t b\r\n\r\nc\n\rd", "a| \t |b|\r\n|\r\n|c|\n|\r|d"),
        ("nai\u0308ve हिन्दी", "nai\u0308ve| |हिन्दी"),
        ("日本 ガ", "日|本| |ガ"),
        ("3.14\\\\", "3|.|14|\\|\\"),
    ],
)
def test_tokens_are_words_spaces_line_ends_and_signs(text: str, expected: str) -> None:
    assert tokens(text) == expected.split("|")


@given(revisions() | st.tuples(TEXTS, TEXTS))
def test_matches_are_equal_increasing_and_on_borders_of_tokens(texts: tuple[str, str]) -> None:
    before, after = texts
    borders = [set(accumulate(map(len, tokens(text)), initial=0)) for text in texts]
    found = matches(before, after)
    for i, j, length in found:
        assert length > 0
        assert before[i : i + length] == after[j : j + length]
        assert {i, i + length} <= borders[0]
        assert {j, j + length} <= borders[1]
    for (i, j, length), (next_i, next_j, _) in pairwise(found):
        assert i + length <= next_i
        assert j + length <= next_j
        assert (i + length, j + length) != (next_i, next_j)


@given(TEXTS)
def test_a_text_matches_itself_whole(text: str) -> None:
    assert matches(text, text) == ([(0, 0, len(text))] if text else [])


WORDS = st.lists(st.sampled_from(["the", "cat", "sat", "on", "\\alpha", "x.", "(y)", "\n"]), max_size=40)


@given(WORDS, WORDS, st.integers(0, 40))
def test_what_is_put_in_or_taken_out_touches_no_other_word(words: list[str], new: list[str], at: int) -> None:
    less, more = " ".join(words), " ".join([*words[:at], *new, *words[at:]])
    for before, after in ((less, more), (more, less)):
        shared = "".join(before[i : i + length] for i, _, length in matches(before, after))
        assert shared.split() == less.split()


@given(revisions() | st.tuples(TEXTS, TEXTS))
def test_spans_joined_are_both_texts(texts: tuple[str, str]) -> None:
    before, after = texts
    found = difference(before, after)
    assert (joined(found, "DELETE"), joined(found, "INSERT")) == (before, after)
    assert all(span.text for span in found.spans)
    assert all((left.op, right.op) in ORDER for left, right in pairwise(found.spans))


ORDER = {
    ("EQUAL", "DELETE"),
    ("EQUAL", "INSERT"),
    ("DELETE", "INSERT"),
    ("DELETE", "EQUAL"),
    ("INSERT", "EQUAL"),
}


@given(revisions())
def test_words_are_counted_as_they_are_shown(texts: tuple[str, str]) -> None:
    before, after = texts
    found = difference(before, after)
    grown = words(after) - words(before)
    assert found.inserted_words - found.deleted_words == grown
    assert found.inserted_words == sum(words(span.text) for span in found.spans if span.op == "INSERT")


def words(text: str) -> int:
    return sum(map(is_word, tokens(text)))


def test_without_a_text_before_all_is_inserted() -> None:
    assert difference(None, "two words") == Difference((("INSERT", "two words"),), 2, 0)
    assert difference(None, "") == Difference((), 0, 0)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("A cat. A dog.", "A cat. A bird flew. A dog.", "A cat. {+A bird flew. +}A dog."),
        ("One a.\n\nTwo b.", "One a.\n\nNew a.\n\nTwo b.", "One a.\n\n{+New a.\n\n+}Two b."),
        ("A b c.\n\nD e.", "New.\n\nA b c d. D e.", "{+New.\n\n+}A b c{+ d+}.[-\n\n-]{+ +}D e."),
        ("we don't go", "we do not go", "we [-don't-]{+do not+} go"),
        ("see $\\alpha_1$", "see $\\beta_1$", "see $[-\\alpha-]{+\\beta+}_1$"),
        ("a red house, blue", "a green house, grey", "a [-red-]{+green+} house, [-blue-]{+grey+}"),
        ("x = y + 3", "z = w + 3", "[-x = y-]{+z = w+} + 3"),
        ("- one", "- two", "- [-one-]{+two+}"),
        ("a\nb", "a\r\nb", "a[-\n-]{+\r\n+}b"),
        (
            "The red fox of my house is big",
            "A green hen of our garden was big",
            "[-The red fox of my house is-]{+A green hen of our garden was+} big",
        ),
    ],
)  # fmt: skip
def test_it_reads_well(before: str, after: str, expected: str) -> None:
    assert marked(before, after) == expected


def test_a_sign_amid_rewritten_words_is_no_match() -> None:
    assert matches("x = y end", "z = w end") == [(5, 5, 4)]


def test_a_word_amid_rewritten_words_keeps_its_match() -> None:
    before, after = "The red fox of my house is big", "A green hen of our garden was big"
    assert [before[i : i + length] for i, _, length in matches(before, after)] == [" of ", " big"]


def lines(numbers: Iterable[int]) -> str:
    return "\n".join(map(str, numbers))[:LONG]


HOSTILE = {
    "ab": "a b " * (LONG // 4),
    "cba": "c b a " * (LONG // 6),
    "line ends": "\n" * LONG,
    "short lines": "a\nb\nb\n" * (LONG // 6),
    "signs": "+-=*" * (LONG // 4),
    "spaces": " \t\r\r\n" * (LONG // 5),
    "lines": lines(range(20_000)),
    "lines backwards": lines(range(20_000, 0, -1)),
    "lines by the way": lines(k * 7_919 % 20_011 for k in range(20_000)),
    "words": lines(range(20_000)).replace("\n", " "),
    "marks": "e\u0301" * (LONG // 2),
    "apostrophes": "a'" * (LONG // 2),
    "one word": "a" * LONG,
    "blocks": "".join(f"only {k}\n" + "+-/*" * 2_000 + f"{k}\n" for k in range(12)),
    "other blocks": "".join(f"only {k}\n" + "+/-=" * 2_000 + f"{k}+\n" for k in range(12)),
}


@pytest.mark.parametrize(("name", "other"), list(pairwise([*HOSTILE, "ab"])))
def test_hostile_texts_are_compared_in_bounded_work(
    name: str, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells: list[int] = []
    compared = alignment.Indel.opcodes

    def counting(a: list[int], b: list[int]) -> object:
        cells.append(len(a) * len(b))
        return compared(a, b)

    monkeypatch.setattr(alignment.Indel, "opcodes", counting)
    found = difference(HOSTILE[name], HOSTILE[other])
    assert joined(found, "DELETE") == HOSTILE[name]
    assert joined(found, "INSERT") == HOSTILE[other]
    assert max(cells, default=0) <= CELLS
    assert sum(cells) <= 16 * CELLS


def test_changes_far_apart_in_one_long_line_are_found() -> None:
    """Too many words for the quadratic method: runs of words anchor them."""
    before = " ".join(f"word{k}" for k in range(12_000))
    after = before.replace("word5 ", "new ").replace("word11990 ", "newer ")
    assert difference(before, after)[1:] == (2, 2)


def test_long_texts_of_equal_lines_are_compared_by_lines() -> None:
    a_line, b_line = "+-" * 10 + "\n", "-+" * 10 + "\n"
    before = "1\n" + (a_line * 3 + b_line) * 500 + "2\n"
    after = "3\n" + (a_line * 3 + b_line) * 250 + "new\n" + (a_line * 3 + b_line) * 250 + "4\n"
    assert difference(before, after)[1:] == (3, 2)
