"""Where else the words stand that a text was the first to say: what to erase beside it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from service.text.difference import difference
from service.text.words import is_word, tokens

NEAREST = 200  # revisions that are looked at, the one in question among them
MOST = 4_000_000  # characters of them
RUN = 4  # words in a row that are too many to be there by chance

Run = tuple[str, ...]


def copies(texts: Mapping[int, str], number: int) -> list[int]:
    """Numbers of the other texts that have words which the text `number` said anew.

    What it inserts into the text before it is cut into lines, and these into runs of four words. A run is
    said anew if the text before has it less often, and so is it in every other text that does.

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
    return sorted(one for one in _near(texts, number) if _says(texts[one], anew))


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
            for line in span.text.splitlines():
                words = _words(line)
                yield from _runs(words, min(RUN, len(words)))


def _counted(text: str, wanted: set[Run]) -> Counter[Run]:
    words = _words(text)
    return Counter(run for length in _lengths(wanted) for run in _runs(words, length) if run in wanted)


def _says(text: str, anew: Mapping[Run, int]) -> bool:
    """Whether it has a run more often than that."""
    words, seen = _words(text), Counter[Run]()
    for length in _lengths(anew):
        for run in _runs(words, length):
            if run in anew:
                seen[run] += 1
                if seen[run] > anew[run]:
                    return True
    return False


def _lengths(runs: Iterable[Run]) -> set[int]:
    return {len(run) for run in runs}


def _words(text: str) -> list[str]:
    found = tokens(text)
    words = {token for token in set(found) if is_word(token)}
    return [token for token in found if token in words]


def _runs(words: list[str], length: int) -> Iterator[Run]:
    """Every stretch of so many words; none of no words."""
    return zip(*(words[k:] for k in range(length)), strict=False)
