"""Links by reference repeat their address with each use: a bound on what that can come to."""

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from service.text.effort import EFFORT

LONGEST_ADDRESS = 2_000
REPEATED = 100_000  # characters of addresses and titles beyond those that the text itself has


def expansion(parser: MarkdownIt) -> None:
    """No address longer than LONGEST_ADDRESS; beyond the bound in all, links show their words only."""
    allowed = parser.validateLink
    parser.validateLink = lambda url: len(url) <= LONGEST_ADDRESS and allowed(url)  # type: ignore[method-assign]
    parser.core.ruler.after("inline", "bound_links", _bound_links)


def _bound_links(state: StateCore) -> None:
    left = len(state.src) + REPEATED
    for block in state.tokens:
        for token in block.children or ():
            left -= _weight(token)
            if left < 0:
                state.env[EFFORT].exceeded()
                _unlink(token)


def _weight(token: Token) -> int:
    return sum(len(str(value)) for value in token.attrs.values()) if token.attrs else 0


def _unlink(token: Token) -> None:
    if token.type in ("link_open", "link_close", "image"):
        token.type, token.tag, token.attrs, token.nesting = "text", "", {}, 0
        token.children = None
