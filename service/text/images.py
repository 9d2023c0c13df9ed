"""Which images are shown: those fetched over https."""

from collections.abc import Iterator, Sequence

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from service.text.plain import inline_text

PROBLEMS = "problems"


def check_images(state: StateCore) -> None:
    """A core rule: an image that is not fetched over https becomes a link or its alternative text."""
    number = 0
    for token in state.tokens:
        if token.children:
            pieces = list(_pieces(token.children, number, state.env[PROBLEMS]))
            number += sum(child.type == "image" for child in token.children)
            token.children = pieces


def _pieces(children: Sequence[Token], number: int, problems: list[str]) -> Iterator[Token]:
    links = 0
    for child in children:
        links += {"link_open": 1, "link_close": -1}.get(child.type, 0)
        if child.type != "image":
            yield child
            continue
        number += 1
        source, alternative = str(child.attrs["src"]), inline_text(child.children or [])
        if source.lower().startswith("https://"):
            child.children = [_text(alternative)] if alternative else []
            child.attrs |= {"loading": "lazy", "referrerpolicy": "no-referrer"}
            yield child
        else:
            problems.append(f"Image {number}: only addresses that begin with https:// are shown.")
            yield from _replacement(source, alternative, links > 0)


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _replacement(source: str, alternative: str, nested: bool) -> Iterator[Token]:
    text = _text(alternative or source[:200])
    if nested or not source.lower().startswith("http://"):
        yield text
        return
    yield Token("link_open", "a", 1, attrs={"href": source})
    yield text
    yield Token("link_close", "a", -1)
