"""What a revision changed, word by word, for people to read."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from service.text.anchors import Block
from service.text.words import is_word, token_matches, tokens

FEW = 3  # words that stay the same by chance where all around is rewritten

Op = Literal["EQUAL", "INSERT", "DELETE"]


class Span(NamedTuple):
    """A stretch of text that stayed, came or went."""

    op: Op
    text: str


class Difference(NamedTuple):
    """Spans in the order of reading, and how many words came and went."""

    spans: tuple[Span, ...]
    inserted_words: int
    deleted_words: int


def difference(before: str | None, after: str) -> Difference:
    """From one text to the next, with what is equal only by chance shown as rewritten.

    Shape:  EQUAL and DELETE joined are `before`, EQUAL and INSERT `after`. Neighbours differ in their op,
            and DELETE stands before INSERT. No `before`: all is inserted.
    Errors: none. Bounded like `matches`.
    """
    a, b = tokens(before or ""), tokens(after)
    pieces = [piece for piece in _pieces(a, b, token_matches(a, b, FEW)) if piece[1]]
    return Difference(
        tuple(Span(op, "".join(piece)) for op, piece in pieces),
        sum(_words(piece) for op, piece in pieces if op == "INSERT"),
        sum(_words(piece) for op, piece in pieces if op == "DELETE"),
    )


def _pieces(a: list[str], b: list[str], blocks: list[Block]) -> Iterator[tuple[Op, list[str]]]:
    i = j = 0
    for next_i, next_j, length in [*blocks, (len(a), len(b), 0)]:
        yield "DELETE", a[i:next_i]
        yield "INSERT", b[j:next_j]
        yield "EQUAL", b[next_j : next_j + length]
        i, j = next_i + length, next_j + length


def _words(piece: list[str]) -> int:
    return sum(map(is_word, piece))
