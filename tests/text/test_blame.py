"""Which revision introduced each word, told for one revision after another."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text import blame
from service.text.blame import BlameRow, Lineage, last_revision
from service.text.words import is_word, tokens

FIRST = "The first sentence tells of attention, and why it is enough."
SECOND = "The second one is about recurrent networks (LSTM, GRU); they take long."
THIRD = "In the third there is $x^2 + y_1$, a formula with signs."

PIECES = [
    "alpha",
    "beta",
    "x",
    "don't",
    "\\frac",
    "{",
    "}",
    "$",
    " ",
    "  ",
    "\n",
    "\r\n",
    "\t",
    "é",
    "e\u0301",
    "\u200d",
]
PIECES += ["結", "果", "😀", ".", FIRST, SECOND, "\n\n", "## Related work\n"]
TEXT = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


def texts_after(edits: Sequence[tuple[int, int, str]]) -> list[str]:
    """A text and what each edit makes of it: so many characters at a place become others."""
    texts = [f"{FIRST}\n\n{SECOND}\n\n{THIRD}"]
    for place, gone, new in edits:
        at = place % (len(texts[-1]) + 1)
        texts.append(texts[-1][:at] + new + texts[-1][at + gone :])
    return texts


EDITS = st.lists(st.tuples(st.integers(0, 500), st.sampled_from([0, 1, 9, 200]), TEXT), max_size=12).map(
    texts_after
)


def told(*texts: str) -> list[tuple[int, str]]:
    """The last text in spans."""
    lineage = Lineage()
    for number, text in enumerate(texts, 1):
        row = lineage.add(number, text)
    return spans(text, row)


def spans(text: str, row: BlameRow) -> list[tuple[int, str]]:
    assert sum(row.lengths) == len(text)
    ends = [sum(row.lengths[: i + 1]) for i in range(len(row.lengths))]
    return [
        (origin, text[end - n : end]) for n, end, origin in zip(row.lengths, ends, row.origins, strict=True)
    ]


def origins_of_words(text: str, row: BlameRow) -> list[tuple[str, int]]:
    """Each word, or what one origin has of it, and that origin."""
    return [(token, origin) for origin, part in spans(text, row) for token in tokens(part) if is_word(token)]


@given(EDITS)
def test_spans_are_the_text_and_end_where_origins_change(texts: list[str]) -> None:
    lineage = Lineage()
    for number, text in enumerate(texts, 1):
        row = lineage.add(number, text)
        assert "".join(part for _, part in spans(text, row)) == text
        assert all(length > 0 for length in row.lengths)
        assert all(1 <= origin <= number for origin in row.origins)
        assert all(one != other for one, other in pairwise(row.origins))


@given(EDITS, st.integers(1, 12))
def test_going_on_from_what_was_kept_is_going_on(texts: list[str], stop: int) -> None:
    whole, kept = Lineage(), Lineage()
    rows = [whole.add(number, text) for number, text in enumerate(texts, 1)]
    for number, text in enumerate(texts[:stop], 1):
        kept.add(number, text)
    stop = min(stop, len(texts))
    again = Lineage(last_revision(stop, texts[stop - 1], rows[stop - 1]), kept.removed)
    again.known |= kept.known
    assert [again.add(number, text) for number, text in enumerate(texts[stop:], stop + 1)] == rows[stop:]
    assert again.removed == whole.removed


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 4), st.integers(0, 4)), max_size=15))
def test_each_word_is_of_the_revision_that_wrote_it(edits: list[tuple[int, int, int]]) -> None:
    """Words are all different; some are taken out for good and others are put there."""
    words = [(f"first{i}", 1) for i in range(12)]
    lineage = Lineage()
    lineage.add(1, " ".join(word for word, _ in words))
    for number, (place, gone, new) in enumerate(edits, 2):
        at = place % (len(words) + 1)
        words[at : at + gone] = [(f"word{number}x{i}", number) for i in range(new)]
        text = " ".join(word for word, _ in words)
        assert origins_of_words(text, lineage.add(number, text)) == words


PARAGRAPHS = [f"Point{i}: as{i} we{i} say{i}, $m{i}_{{k{i}}}$ (beats{i}) baseline{i}!" for i in range(7)]
PARAGRAPHS += [f"## Heading{i}" for i in range(3)]
ORDERS = st.lists(st.lists(st.sampled_from(range(len(PARAGRAPHS))), unique=True), min_size=1, max_size=10)


@given(ORDERS)
def test_lines_keep_their_origin_however_they_are_moved_removed_and_restored(orders: list[list[int]]) -> None:
    lineage = Lineage()
    born: dict[int, int] = {}
    for number, order in enumerate(orders, 1):
        text = "\n\n".join(PARAGRAPHS[i] for i in order)
        row = lineage.add(number, text)
        expected = [
            (word, born.setdefault(i, number))
            for i in order
            for word in tokens(PARAGRAPHS[i])
            if is_word(word)
        ]
        assert origins_of_words(text, row) == expected


def test_a_moved_paragraph_keeps_its_origin() -> None:
    moved = told(f"{FIRST}\n\n{SECOND}\n\n{THIRD}", f"{THIRD}\n\n{FIRST}\n\n{SECOND}\n\nNew")
    assert [(origin, part.strip()) for origin, part in moved if part.strip()] == [
        (1, f"{THIRD}\n\n{FIRST}\n\n{SECOND}"),
        (2, "New"),
    ]


def test_a_restored_sentence_keeps_its_origin_in_another_place() -> None:
    assert told(f"{FIRST} {SECOND}", SECOND, f"{SECOND} Then again: {FIRST}") == [
        (1, SECOND),
        (3, " Then again: "),
        (1, FIRST),
    ]


def test_a_reverted_text_has_the_blame_that_it_had() -> None:
    texts = ["a b", "a new b", "c d", "a new b"]
    assert told(*texts) == told(*texts[:2]) == [(1, "a "), (2, "new "), (1, "b")]


def test_a_word_that_comes_back_to_its_place_keeps_its_origin() -> None:
    there, gone = FIRST, FIRST.replace("attention", "recurrence")
    assert told(there, gone, f"{there} More.") == [(1, there), (3, " More.")]


def test_words_that_change_places_are_new_there() -> None:
    before = "So they smooth the labels of fake images. Smoothing the labels of real images would be bad."
    after = "So they smooth the labels of real images. Smoothing the labels of fake images would be bad."
    assert [part for origin, part in told(before, after) if origin == 2] == ["real", "fake"]
    assert told(before, after, f"{before} Or so.") == [(1, before), (3, " Or so.")]


def test_a_word_that_merely_occurs_again_is_new() -> None:
    without = FIRST.replace("attention", "recurrence")
    assert told(FIRST, without, f"{without} So attention helps.")[-1] == (3, " So attention helps.")


def test_few_words_tell_too_little_in_a_sentence_and_enough_as_a_line() -> None:
    assert told("a few words.\nMore.", "More.", "More. And a few words.")[-1] == (3, " And a few words.")
    assert told("a few words.\nMore.", "More.", "More.\nAnd.\na few words.")[-1] == (1, "a few words.")


def test_a_copy_of_what_stays_is_new() -> None:
    copied = told(f"{FIRST}\n{SECOND}", f"{FIRST}\n{SECOND}\n{FIRST}")
    assert [origin for origin, _ in copied] == [1, 2]
    removed_once = told(f"{FIRST}\n{SECOND}", SECOND, f"{SECOND}\n{FIRST}.", f"{SECOND}\n{FIRST}.\n{FIRST}")
    assert removed_once[-1][0] == 4


def test_changed_signs_between_kept_words_are_new() -> None:
    assert told("so a - b holds", "so a + b holds") == [(1, "so a "), (2, "+"), (1, " b holds")]


def test_signs_around_restored_words_come_back_with_them() -> None:
    quoted = "(“The restored words of old, as they were!”)"
    assert told(f"{quoted}\n{FIRST}", FIRST, f"{FIRST}\n{quoted}\nEnd.")[-2:] == [
        (1, f"{quoted}\n"),
        (3, "End."),
    ]


def test_a_missing_revision_is_stepped_over() -> None:
    lineage = Lineage()
    lineage.add(2, FIRST)
    assert spans(f"{FIRST} {SECOND}", lineage.add(5, f"{FIRST} {SECOND}")) == [(2, FIRST), (5, f" {SECOND}")]
    assert spans(SECOND, lineage.add(9, SECOND)) == [(5, SECOND)]


def test_only_so_many_removed_words_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blame, "REMEMBERED", 30)
    lineage = Lineage()
    for number in range(1, 30):
        lineage.add(number, " ".join(f"word{number}x{i}" for i in range(10)))
        assert sum(len(one.origins) for one in lineage.removed) < 45
    assert [one.number for one in lineage.removed] == [26, 27, 28]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a " * 9_000, "b a " * 4_500),
        ("aa bb\n" * 5_000, "bb aa cc\n" * 4_000),
        ("word " * 9_000, "+-*/" * 9_000),
        ("", "\n" * 20_000),
        ("\u0301" * 9_000, "é" * 9_000),
    ],
)
def test_texts_that_repeat_themselves(before: str, after: str) -> None:
    lineage = Lineage()
    for number, text in enumerate([before, after, before + "z", after + "z"], 1):
        assert "".join(part for _, part in spans(text, lineage.add(number, text))) == text
