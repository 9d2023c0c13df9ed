"""How a block begins: rules are asked only about lines that begin with a character they know.

The library asks each rule about each line, and about each line of a paragraph again.
"""

from collections.abc import Callable, Sequence

from markdown_it.parser_block import ParserBlock
from markdown_it.ruler import Ruler
from markdown_it.rules_block import StateBlock, lheading

MOST_LINES = 16
_BEGINNINGS = {
    "fence": "`~",
    "blockquote": ">",
    "hr": "*-_",
    "list": "*+-0123456789",
    "footnote_def": "[",
    "reference": "[",
    "heading": "#",
    "formula": "$\\",
}
"""Rules that are not named here are asked about every line."""

Rule = Callable[[StateBlock, int, int, bool], bool]


class BlockRuler(Ruler[Rule]):
    """The library's list of rules; once settled, each chain is a single rule that asks the right ones."""

    def __init__(self) -> None:
        super().__init__()
        self._settled: dict[str, list[Rule]] = {}

    def settle(self) -> None:
        """Look the rules up, once all are there; nothing changes afterwards."""
        chains = {"", *(name for rule in self.__rules__ for name in rule.alt)}
        self._settled = {chain: [self._asking(chain)] for chain in chains}

    def getRules(self, chainName: str = "") -> list[Rule]:
        """The rules of a chain, in their order."""
        return self._settled.get(chainName) or super().getRules(chainName)

    def _asking(self, chain: str) -> Rule:
        named = [
            (rule.name, rule.fn)
            for rule in self.__rules__
            if rule.enabled and (not chain or chain in rule.alt)
        ]
        every = [rule for _, rule in named]
        others = [rule for name, rule in named if name not in _BEGINNINGS]
        by_character = {
            character: [rule for name, rule in named if character in _BEGINNINGS.get(name, character)]
            for character in "".join(_BEGINNINGS.values())
        }

        def ask(state: StateBlock, line: int, end: int, silent: bool) -> bool:
            start = state.bMarks[line] + state.tShift[line]
            chosen = by_character.get(state.src[start : start + 1], others)
            return _one_takes(every if state.is_code_block(line) else chosen, state, line, end, silent)

        return ask


class BlockParser(ParserBlock):
    """The library's parser of blocks with our list of rules."""

    def __init__(self) -> None:
        super().__init__()
        known, self.ruler = self.ruler, BlockRuler()
        for rule in known.__rules__:
            self.ruler.push(rule.name, rule.fn, {"alt": rule.alt})
        self.ruler.at("lheading", _underlined_heading)

    def settle(self) -> None:
        """See `BlockRuler.settle`."""
        if isinstance(self.ruler, BlockRuler):
            self.ruler.settle()


def _one_takes(rules: Sequence[Rule], state: StateBlock, line: int, end: int, silent: bool) -> bool:
    for rule in rules:  # noqa: SIM110 - any() is slower, and this is called for each line
        if rule(state, line, end, silent):
            return True
    return False


def _underlined_heading(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The library's rule, asked only if a line of dashes may follow."""
    for line in range(start + 1, min(end, start + MOST_LINES)):
        if state.isEmpty(line):
            return False
        first = state.src[state.bMarks[line] + state.tShift[line]]
        if first in "-=" or state.sCount[line] < state.blkIndent:
            return lheading(state, start, end, silent)
    return start + MOST_LINES < end and lheading(state, start, end, silent)
