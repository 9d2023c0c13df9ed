"""Where else the words stand that a text was the first to say: what to erase beside it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from service.text.difference import difference
from service.text.words import is_word, tokens

NEAREST = 200  # revisions looked at, the one in question among them
RUN = 4  # words in a row that are too many to be there by chance

Run = tuple[str, ...]


def copies(texts: Mapping[int, str], number: int) -> list[int]:
    """Numbers of the other texts that have words which the text `number` said anew.

    What it says anew is what it inserts into the text before it, cut into lines and these into runs of
    four words. A text has a run if it says it more often than the text before did.

    Shape:  texts by number, as many as survive; the answer is in order, and empty if `number` is not there.
    Errors: none. Time is bounded like that of `difference`, and linear in the others.
    """
    if number not in texts:
        return []
    before = texts[max(earlier)] if (earlier := [one for one in texts if one < number]) else ""
    anew = set(_inserted(before, texts[number]))
    known = _counted(before, anew)
    return [one for one in sorted(texts) if one != number and _counted(texts[one], anew) - known]


def nearest(numbers: Sequence[int], number: int) -> list[int]:
    """The revisions to look at."""
    return sorted(numbers, key=lambda one: (abs(one - number), one))[:NEAREST]


def _inserted(before: str, after: str) -> Iterator[Run]:
    for span in difference(before, after).spans:
        if span.op == "INSERT":
            for line in span.text.splitlines():
                words = _words(line)
                yield from _runs(words, min(RUN, len(words)))


def _counted(text: str, wanted: set[Run]) -> Counter[Run]:
    words = _words(text)
    lengths = {len(run) for run in wanted}
    return Counter(run for length in lengths for run in _runs(words, length) if run in wanted)


def _words(text: str) -> list[str]:
    return [token for token in tokens(text) if is_word(token)]


def _runs(words: list[str], length: int) -> Iterator[Run]:
    """Every stretch of so many words; none of no words."""
    return zip(*(words[k:] for k in range(length)), strict=False)
