"""Differences: neighbouring and far revisions of one long text, beside difflib on the same words."""

import random
import time
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from itertools import pairwise

from bench.history import texts
from bench.measure import Clock, Measured, Run
from service.text.difference import difference
from service.text.unified import unified
from service.text.words import tokens

REVISIONS = 500
CHARACTERS = 20_000

Pair = tuple[str, str]


def revisions(count: int = REVISIONS, characters: int = CHARACTERS) -> list[str]:
    """A text and what becomes of it, the same in every run: each time a few words of one or two places."""
    numbers = random.Random(11)
    start = "\n\n".join(texts(characters))[:characters]
    words, made = start.split(), [start]
    while len(made) < count:
        made.append(_revised(made[-1], words, numbers)[:characters])
    return made


def _revised(text: str, words: list[str], numbers: random.Random) -> str:
    parts = tokens(text)
    for _ in range(numbers.randint(1, 2)):
        start = numbers.randrange(len(parts))
        new = [sign for word in numbers.choices(words, k=numbers.randint(1, 12)) for sign in (word, " ")]
        parts[start : start + numbers.choice([0, 3, len(new)])] = new
    return "".join(parts)


def measure(clock: Clock, times: int, pairs: int) -> Iterator[Measured]:
    """Lines of the table, as they come. Units: pairs: how many of each kind."""
    made = revisions()
    step = len(made) // pairs
    kinds = {
        "neighbouring": list(pairwise(made))[::step][:pairs],
        "far": [(made[k], made[k + len(made) // 2]) for k in range(0, len(made) // 2, step)][:pairs],
    }
    ways: dict[str, Callable[[str, str], object]] = {
        "by words": difference,
        "unified": lambda before, after: unified(before, after, "a", "b"),
        "by words, difflib": _difflib,
    }
    for kind, chosen in kinds.items():
        for way, compare in ways.items():
            runs = [_run(clock, compare, chosen) for _ in range(times)]
            what = f"{kind} revisions of {CHARACTERS:,} characters, {way}"
            yield Measured("differences", what, "differences/s", runs)


def _difflib(before: str, after: str) -> object:
    return SequenceMatcher(None, tokens(before), tokens(after), autojunk=False).get_opcodes()


def _run(clock: Clock, compare: Callable[[str, str], object], pairs: list[Pair]) -> Run:
    with clock.running() as run:
        for before, after in pairs:
            start = time.perf_counter()
            compare(before, after)
            run.latencies.append(time.perf_counter() - start)
        run.count = len(run.latencies)
    return run
