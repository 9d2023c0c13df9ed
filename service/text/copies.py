"""Where else the words of a text stand: what to erase beside it."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from service.text.difference import difference
from service.text.words import is_word, tokens

NEAREST = 200  # revisions that are looked at, the one in question among them
MOST = 4_000_000  # characters of them
RUN = 4  # words in a row that are too many to be there by chance
FEW = 2  # words that make a line worth looking for, as a whole

Run = tuple[str, ...]


def copies(texts: Mapping[int, str], number: int) -> list[int]:
    """Numbers of the other texts that have words of the text `number`: rather too many than too few.

    Its lines are cut into runs of four words, shorter ones are one run; a text that has one is a copy. So
    is one that has fewer words which it inserted into the text before it, more often than that one does.

    Shape:  texts by number, as many as survive; the answer is in order, and empty if `number` is not there.
    Units:  of the others, the nearest ones are looked at, MOST characters in all.
    Errors: none. Time is bounded.
    """
    if number not in texts:
        return []
    before = texts[max(earlier)] if (earlier := [one for one in texts if one < number]) else ""
    inserted = set(_inserted(before, texts[number]))
    known, said = _counted(before, inserted), _counted(texts[number], inserted)
    anew = {run: known[run] for run in inserted if said[run] > known[run]}
    wanted = anew | dict.fromkeys(_of_lines(texts[number], FEW), 0)
    return sorted(one for one in _near(texts, number) if _says(texts[one], wanted))


def holding(texts: Mapping[int, str], number: int, words: str) -> list[int]:
    """Numbers of the other texts that hold these very words, whatever the case and the white space.

    Shape:  as of `copies`; the text `number` need not be there.
    """
    wanted = _folded(words)
    return sorted(one for one in _near(texts, number) if wanted in _folded(texts[one]))


def nearest(numbers: Sequence[int], number: int) -> list[int]:
    """The revisions to look at, the nearest first."""
    return sorted(numbers, key=lambda one: (abs(one - number), one))[:NEAREST]


def _near(texts: Mapping[int, str], number: int) -> Iterator[int]:
    left = MOST
    for one in nearest(list(texts), number):
        if one != number:
            left -= len(texts[one])
            if left < 0:
                return
            yield one


def _inserted(before: str, after: str) -> Iterator[Run]:
    for span in difference(before, after).spans:
        if span.op == "INSERT":
            yield from _of_lines(span.text)


def _of_lines(text: str, least: int = 1) -> Iterator[Run]:
    """The runs of the lines that have so many words at least."""
    for line in text.splitlines():
        words = _words(line)
        if len(words) >= least:
            yield from _runs(words, min(RUN, len(words)))


def _counted(text: str, wanted: set[Run]) -> Counter[Run]:
    words = _words(text)
    return Counter(run for length in _lengths(wanted) for run in _runs(words, length) if run in wanted)


def _says(text: str, wanted: Mapping[Run, int]) -> bool:
    """Whether it has a run more often than that."""
    words, seen = _words(text), Counter[Run]()
    for length in _lengths(wanted):
        for run in _runs(words, length):
            if run in wanted:
                seen[run] += 1
                if seen[run] > wanted[run]:
                    return True
    return False


def _lengths(runs: Iterable[Run]) -> set[int]:
    return {len(run) for run in runs}


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text.casefold()).split())


def _words(text: str) -> list[str]:
    found = tokens(text)
    words = {token for token in set(found) if is_word(token)}
    return [token for token in found if token in words]


def _runs(words: list[str], length: int) -> Iterator[Run]:
    """Every stretch of so many words; none of no words."""
    return zip(*(words[k:] for k in range(length)), strict=False)
