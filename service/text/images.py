"""Which images are shown: those fetched over https. The place of any other one is marked."""

from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from service.text.links import is_image
from service.text.plain import MARK, inline_text

PROBLEMS = "problems"
MISSING = "missing_image"
LONGEST_SOURCE = 200
_BREAKS = ("softbreak", "hardbreak")


def images(parser: MarkdownIt) -> None:
    """Teach a parser which images are shown, and that the bare address of one, alone in its line, is one."""
    parser.core.ruler.after("inline", "images", _check)
    parser.add_render_rule(MISSING, _render_missing)


def _check(state: StateCore) -> None:
    number = 0
    for token in state.tokens:
        if token.children:
            children = list(_with_bare_images(token.children))
            token.children = list(_pieces(children, number, state.env[PROBLEMS]))
            number += sum(child.type == "image" for child in children)


def _with_bare_images(children: Sequence[Token]) -> Iterator[Token]:
    index = 0
    while index < len(children):
        if _is_bare_image(children, index):
            yield Token("image", "img", 0, attrs={"src": children[index].attrs["href"], "alt": ""})
            index += 3
        else:
            yield children[index]
            index += 1


def _is_bare_image(children: Sequence[Token], index: int) -> bool:
    """Whether a bare address begins here, leads to an image, and has a line for itself."""
    token = children[index]
    if token.type != "link_open" or token.info != "auto" or not is_image(str(token.attrs["href"])):
        return False
    before = _only_breaks(reversed(children[max(0, index - 2) : index]))
    return before and _only_breaks(children[index + 3 : index + 5])


def _only_breaks(neighbours: Iterator[Token] | Sequence[Token]) -> bool:
    for token in neighbours:
        if token.type in _BREAKS:
            return True
        if token.type != "text" or token.content.strip():
            return False
    return True


def _pieces(children: Sequence[Token], number: int, problems: list[str]) -> Iterator[Token]:
    links = 0
    for child in children:
        links += {"link_open": 1, "link_close": -1}.get(child.type, 0)
        if child.type != "image":
            yield child
            continue
        number += 1
        source = str(child.attrs["src"])
        alternative = inline_text(child.children or []).replace(MARK, "")
        if source.lower().startswith("https://"):
            child.children = [Token("text", "", 0, content=alternative)] if alternative else []
            child.attrs |= {"loading": "lazy", "referrerpolicy": "no-referrer"}
            yield child
        else:
            problems.append(f"Image {number}: only addresses that begin with https:// are shown.")
            yield Token(MISSING, "", 0, content=alternative, meta={"source": source, "nested": links > 0})


def _render_missing(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """What the image is said to show, and where it would be; a link, if that is an address on the web."""
    token = tokens[index]
    source = str(token.meta["source"])
    where = escapeHtml(source[:LONGEST_SOURCE])
    if source.lower().startswith("http://") and not token.meta["nested"]:
        where = f'<a href="{escapeHtml(source)}">{where}</a>'
    parts = ", ".join(part for part in (escapeHtml(token.content), where) if part)
    return f'<span class="missing-image">[image: {parts}]</span>'
