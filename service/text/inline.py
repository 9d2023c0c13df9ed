"""What stands within a paragraph: each rule is asked only about the characters that it knows.

The library's own parser asks every rule about every character that could mean something to anyone.
"""

import re
from collections.abc import Callable

from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType

from service.text.effort import EFFORT, Effort

DEEPEST_MARKS = 20
FAILED_BRACKET = 8
_MARK = re.compile(r"[\n$&*<\[\\\]_`~]|:(?=//)|!(?=\[)")
_RULES = {
    "\n": ("newline",),
    "\\": ("formula", "cite", "escape"),
    "$": ("formula",),
    "`": ("backticks",),
    "~": ("strikethrough",),
    "*": ("emphasis",),
    "_": ("emphasis",),
    "[": ("link", "footnote_ref"),
    "!": ("image",),
    ":": ("address",),
    "<": ("autolink",),
    "&": ("entity",),
}

Rule = Callable[[StateInline, bool], bool]


class InlineParser(ParserInline):
    """The library's parser with rules found by character and a budget of marks for each text."""

    def __init__(self) -> None:
        super().__init__()
        self.terminator_re = _MARK
        self._by_character: dict[str, tuple[Rule, ...]] = {}

    def settle(self) -> None:
        """Look the rules up, once all are there; nothing changes afterwards."""
        known = {rule.name: rule.fn for rule in self.ruler.__rules__ if rule.enabled}
        self._by_character = {mark: tuple(known[name] for name in names) for mark, names in _RULES.items()}

    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        """Read one paragraph. A plain one is one token."""
        env[EFFORT].marks -= 1
        if _MARK.search(src):
            return super().parse(src, md, env, tokens)
        if src:
            tokens.append(Token("text", "", 0, content=src))
        return tokens

    def tokenize(self, state: StateInline) -> None:
        """Make tokens of everything up to `state.posMax`."""
        source, end, effort = state.src, state.posMax, state.env[EFFORT]
        while state.pos < end:
            found = _MARK.search(source, state.pos, end)
            stop = found.start() if found and _allowed(effort) else end
            if stop > state.pos:
                state.append_pending(source[state.pos : stop])
                state.pos = stop
            elif not self._apply(state, effort):
                state.append_pending(source[state.pos])
                state.pos += 1
        if state.pending:
            state.pushPending()

    def _apply(self, state: StateInline, effort: Effort) -> bool:
        effort.marks -= 1
        if state.level >= DEEPEST_MARKS:
            return False
        mark = state.src[state.pos]
        for rule in self._by_character.get(mark, ()):
            if rule(state, False):
                return True
        if mark in "[!":
            effort.marks -= FAILED_BRACKET
        return False

    def skipToken(self, state: StateInline) -> None:
        """Step over one token without making it, in search of a bracket's end."""
        start, effort = state.pos, state.env[EFFORT]
        effort.marks -= 1
        known = state.cache.get(start)
        if known is not None:
            state.pos = known
            return
        if state.level >= DEEPEST_MARKS or effort.marks < 0:
            state.pos = state.posMax
        elif not self._steps_over(state):
            found = _MARK.search(state.src, start, state.posMax)
            stop = found.start() if found else state.posMax
            state.pos = max(stop, start + 1)
        state.cache[start] = state.pos

    def _steps_over(self, state: StateInline) -> bool:
        state.level += 1
        done = any(rule(state, True) for rule in self._by_character.get(state.src[state.pos], ()))
        state.level -= 1
        return done


def _allowed(effort: Effort) -> bool:
    if effort.marks > 0:
        return True
    effort.exceeded()
    return False
