"""Our blame beside that of git, line by line.

SHORTSCIENCE_NOTES names a repository of notes to compare all files of, if there is one.
"""

import os
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from service.importers.git_history import FileHistory, read_histories
from service.importers.git_repository import Repository
from service.text.blame import Lineage
from service.text.words import is_word, tokens
from tests.importers.repository import Work

Line = tuple[int, list[tuple[str, int]]]  # the number that git says; our words with their origins


def git_lines(repository: Path, history: FileHistory) -> list[int | None]:
    """Which revision git says that each line is of, white space aside."""
    numbers = {one.commit: number for number, one in enumerate(history.revisions, 1)}
    tip = history.revisions[-1]
    said = Repository(repository).run("blame", "-w", "--line-porcelain", tip.commit, "--", tip.path)
    heads = [line.split() for line in said.decode(errors="replace").split("\n") if not line.startswith("\t")]
    return [
        numbers.get(head[0]) for head in heads if len(head) > 2 and len(head[0]) == 40 and head[1].isdigit()
    ]


def our_lines(history: FileHistory) -> list[list[tuple[str, int]]]:
    """The words of each line of the last text, each with its origin."""
    lineage = Lineage()
    for number, one in enumerate(history.revisions, 1):
        row = lineage.add(number, one.text)
    origins = [origin for n, origin in zip(row.lengths, row.origins, strict=True) for _ in range(n)]
    assert len(origins) == len(history.revisions[-1].text)
    lines, at = [], 0
    for line in history.revisions[-1].text.split("\n"):
        lines.append([(token, origins[at + place]) for place, token in placed(line) if is_word(token)])
        at += len(line) + 1
    return lines


def placed(line: str) -> Iterable[tuple[int, str]]:
    at = 0
    for token in tokens(line):
        yield at, token
        at += len(token)


def compared(repository: Path, history: FileHistory) -> list[Line]:
    """Lines with words that git knows the revision of."""
    git, ours = git_lines(repository, history), our_lines(history)
    assert len(git) == len(ours) - (not ours[-1] and history.revisions[-1].text.endswith("\n"))
    return [(number, words) for number, words in zip(git, ours, strict=False) if number and words]


def newest(words: Sequence[tuple[str, int]]) -> int:
    return max(origin for _, origin in words)


def stood_there(history: FileHistory, words: Sequence[tuple[str, int]]) -> bool:
    """Whether the revision that we name for each word had it, the words of one revision in this order."""
    for number in {origin for _, origin in words}:
        text = iter([token for token in tokens(history.revisions[number - 1].text) if is_word(token)])
        if not all(word in text for word, origin in words if origin == number):
            return False
    return True


def how(history: FileHistory, number: int, words: Sequence[tuple[str, int]]) -> str:
    """What we say of a line that git says this revision wrote."""
    if newest(words) >= number:
        return "same" if newest(words) == number else "newer"
    for line in history.revisions[number - 2].text.split("\n"):
        before = iter(tokens(line))
        if all(word in before for word, _ in words):
            return "older: only signs were changed, or words taken out"
    return "older: moved, or restored"


@pytest.mark.parametrize("seed", range(4))
def test_lines_that_are_written_whole_are_of_the_revision_that_git_says(tmp_path: Path, seed: int) -> None:
    numbers = random.Random(seed)
    work = Work(tmp_path / "work")
    lines: list[str] = []
    for number in range(1, 15):
        at = numbers.randrange(len(lines) + 1)
        lines[at : at + numbers.randrange(4)] = [
            " ".join(f"word{number}x{i}x{k}" for k in range(numbers.randrange(1, 7))) + "."
            for i in range(numbers.randrange(1, 6))
        ]
        work.save("a.md", "".join(f"{line}\n" for line in lines))
    history = work.history("a.md")
    both = compared(work.path, history)
    assert len(both) == len(lines)
    assert [newest(words) for _, words in both] == [number for number, _ in both]


def test_where_we_say_more_than_git(tmp_path: Path) -> None:
    """Git says that a line is new when a word was taken out of it, or when it was moved or restored."""
    work = Work(tmp_path / "work")
    moved, shortened = "a paragraph that is moved to the end", "another one that loses really one word"
    restored = "and the last one, which is gone for some time"
    work.save("a.md", f"{moved}\nnext\n{shortened}\n{restored}\n")
    work.save("a.md", f"next\n{shortened}\n{moved}\n")
    work.save("a.md", f"next\n{shortened.replace('really ', '')}\n{moved}\n")
    work.save("a.md", f"next\n{shortened.replace('really ', '')}\n{moved}\n{restored}\n")
    both = compared(work.path, work.history("a.md"))
    assert [number for number, _ in both] == [1, 3, 2, 4]
    assert [newest(words) for _, words in both] == [1, 1, 1, 1]


@pytest.mark.skipif("SHORTSCIENCE_NOTES" not in os.environ, reason="SHORTSCIENCE_NOTES names no repository")
def test_a_repository_of_notes() -> None:
    """Where we differ we name an older revision than git, and that one had the words."""
    repository = Path(os.environ["SHORTSCIENCE_NOTES"])
    counts: Counter[str] = Counter()
    for history in read_histories(repository):
        if isinstance(history, FileHistory):
            for number, words in compared(repository, history):
                counts[how(history, number, words)] += 1
                assert stood_there(history, words), (history.path, words)
    print(dict(counts))
    assert counts["same"] > 20 * (counts.total() - counts["same"])
    assert counts["same"] > 1_000 * counts["newer"]
