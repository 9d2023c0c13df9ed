"""Where else the words of a text stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text.copies import MOST, NEAREST, copies, holding, nearest

SECRET = "The password of the lab is swordfish, of all words."
LINES = st.lists(
    st.sampled_from(["one two three", "four five", "one", "six seven eight nine ten"]), max_size=5
).map("\n".join)


def numbered(*texts: str) -> dict[int, str]:
    return dict(enumerate(texts, start=1))


@pytest.mark.parametrize(
    ("texts", "number", "found"),
    [
        (("A text.", f"A text.\n{SECRET}", f"{SECRET}\nA text.", "A text."), 2, [1, 3, 4]),
        (("A text.", f"A text. {SECRET}", "A text. The password of the lab was changed."), 2, [3]),
        (("A text.", "A swordfish text.", "Another text, about swordfish"), 2, [3]),
        (("A text.", "A swordfish text.", "Another text, about swordfishes."), 2, []),
        (("All of it is new.", "All is new.", "It is old.", "something else"), 1, []),
        (("All of it is new.", "Some say: All of it is."), 1, [2]),
        (("So a b c.", "So a b c d.", "So a b c, a d."), 2, [1, 3]),
        (("The cat and the dog.", "The cat, the bird and the dog.", "The cat and the dog."), 2, []),
        (("The cat and the dog.", "The cat and the the dog.", "The cat and the the dog, sat."), 2, [1, 3]),
        ((f"{SECRET}\nOne.", f"{SECRET}\nTwo.", f"{SECRET}\nThree."), 3, [1, 2]),
        ((f"{SECRET}\nOne.", f"See: {SECRET} Two.", "Three."), 2, [1]),
        (("The password\nof the lab is\nswordfish.", "And", SECRET), 3, [1]),
        (("Call 555.\nOne.", "Call 555.\nTwo.", "Recall 555."), 2, [1]),
        (("One.", "One.\nTwo.", "One.\nThree."), 3, []),
        (("One.\n\nTwo.", "Two.\n\nOne.", "One."), 2, []),
        (("One and two.", "One two.", "One two three."), 2, [3]),
        (("Old.", "New.", "Old.", "New."), 2, [4]),
        (("人工知能の本", "人工知能の新しい本", "新しい本"), 2, [1, 3]),
        ((SECRET, "..."), 2, []),
        ((SECRET,), 1, []),
        ((SECRET,), 2, []),
    ],
)
def test_cases(texts: tuple[str, ...], number: int, found: list[int]) -> None:
    assert copies(numbered(*texts), number) == found


def test_a_text_that_is_gone_is_stepped_over() -> None:
    assert copies({1: "A text.", 3: f"{SECRET} A text.", 4: SECRET, 7: SECRET}, 3) == [4, 7]
    assert copies({3: "A text.", 4: "A text."}, 3) == [4]


@pytest.mark.parametrize("words", ["call 555  1234", "CALL\n555 1234", "555", "Stra\u00dfe", "cafe\u0301"])
def test_these_very_words(words: str) -> None:
    held = "Do not Call\t555\n1234. STRASSE, caf\u00e9."
    texts = {1: held, 2: f"{held} More.", 4: "Call 556 1234, call me, strase, cafe.", 5: held.lower()}
    assert holding(texts, 2, words) == [1, 5]
    assert holding(texts, 3, words) == [1, 2, 5]


@given(st.dictionaries(st.integers(1, 6), LINES, max_size=6), st.integers(1, 6))
def test_if_there_is_a_copy_then_the_same_text_is_one(texts: dict[int, str], number: int) -> None:
    found, same = copies(texts, number), max(texts, default=0) + 1
    assert found == sorted(set(found) - {number})
    if number in texts:
        assert copies({**texts, same: "nothing of it"}, number) == found
        with_same = copies({**texts, same: texts[number]}, number)
        assert with_same == [*found, same] or with_same == found == []


@given(st.dictionaries(st.integers(1, 6), LINES, max_size=6), st.integers(1, 6))
def test_whatever_shares_a_line_is_a_copy(texts: dict[int, str], number: int) -> None:
    lines = {one: {line for line in text.split("\n") if " " in line} for one, text in texts.items()}
    wanted = lines.pop(number, set())
    assert {one for one, some in lines.items() if some & wanted} <= set(copies(texts, number))


def test_long_texts_are_looked_at_as_far_as_time_allows() -> None:
    long = "word " * (MOST // 40)
    texts = {1: "A text.", 2: "A text: word."} | dict.fromkeys(range(3, 20), long)
    assert copies(texts, 2) == list(range(3, 10))


def test_the_nearest_are_looked_at() -> None:
    assert nearest([5, 4, 3, 2, 1], 2) == [2, 1, 3, 4, 5]
    assert sorted(nearest(range(1, 1_001), 500)) == list(range(400, 400 + NEAREST))
