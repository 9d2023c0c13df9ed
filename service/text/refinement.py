"""Of several ways to say what two texts have in common, the one that reads best."""

from collections.abc import Sequence
from itertools import accumulate, count, pairwise

from service.text.anchors import Block

SENTENCE_ENDS = frozenset(".!?:;…。！？")


class Islands:
    """Leaves out what is equal by chance only: a sign or a few words where all around is rewritten."""

    def __init__(self, a: Sequence[bool], b: Sequence[bool]) -> None:
        """a, b: which tokens are words."""
        self._a, self._b = list(accumulate(a, initial=0)), list(accumulate(b, initial=0))

    def removed(self, blocks: Sequence[Block], most: int) -> list[Block]:
        """Without islands of up to so many words."""
        kept: list[Block] = [(0, 0, 0)]
        end = len(self._a) - 1, len(self._b) - 1, 0
        for block, following in pairwise([*blocks, end]):
            if not self._is_island(kept[-1], block, following, most):
                kept.append(block)
        return kept[1:]

    def _is_island(self, before: Block, block: Block, after: Block, most: int) -> bool:
        words = self._a[block[0] + block[2]] - self._a[block[0]]
        around = self._gap(before, after)
        if words > most or words in around[1:]:  # nothing deleted, or nothing inserted, but signs
            return False
        gaps = self._gap(before, block), self._gap(block, after)
        rewritten = any(deleted and inserted for _, deleted, inserted in gaps)
        return rewritten and all(gap[0] and max(gap[1:]) >= 2 * words for gap in gaps)

    def _gap(self, left: Block, right: Block) -> tuple[int, int, int]:
        """Tokens between two blocks, and words of the one text and of the other."""
        i, j = left[0] + left[2], left[1] + left[2]
        return right[0] - i + right[1] - j, self._a[right[0]] - self._a[i], self._b[right[1]] - self._b[j]


def slid(blocks: Sequence[Block], a: Sequence[str], b: Sequence[str]) -> list[Block]:
    """What is only inserted or only deleted, moved to where a paragraph, a line or a sentence begins.

    In "The cat sat. The bird flew. The dog ran." either "bird flew. The " or "The bird flew. " is new.
    """
    moved = list(blocks)
    for k in range(len(moved) - 1):
        (i, j, length), (next_i, next_j, next_length) = moved[k : k + 2]
        if i + length == next_i:
            side, start, end = b, j + length, next_j
        elif j + length == next_j:
            side, start, end = a, i + length, next_i
        else:
            continue
        if side[start - 1] != side[end - 1] and side[start] != side[end]:
            continue
        first = 0 if (i, j) == (0, 0) else 1
        last = 0 if (next_i + next_length, next_j + next_length) == (len(a), len(b)) else 1
        shift = _best_shift(side, start, end, length - first, next_length - last)
        moved[k] = i, j, length + shift
        moved[k + 1] = next_i + shift, next_j + shift, next_length - shift
    return [block for block in moved if block[2]]


def _best_shift(side: Sequence[str], start: int, end: int, left: int, right: int) -> int:
    low = next(k for k in count() if k == left or side[start - k - 1] != side[end - k - 1])
    high = next(k for k in count() if k == right or side[start + k] != side[end + k])
    return max(range(high, -low - 1, -1), key=lambda shift: _border(side, start + shift))


def _border(side: Sequence[str], place: int) -> int:
    """How well a change begins here."""
    last, one_before = (side[k] if k >= 0 else "\n" for k in (place - 1, place - 2))
    if last.endswith("\n"):
        return 4 if one_before.endswith("\n") else 3
    if last.isspace():
        return 2 if one_before in SENTENCE_ENDS else 1
    return 0
