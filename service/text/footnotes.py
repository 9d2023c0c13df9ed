"""Footnotes: `[^label]` and `[^label]: text`, numbered, with ids of our own making.

Labels never reach the page, and each id begins with the text's anchor: many texts can share a page. Notes
that nothing refers to, and notes within notes, are shown as well: nothing written is left out.
"""

from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.footnote.index import footnote_ref

ANCHOR = "anchor"
LONGEST_LABEL = 100


def footnotes(parser: MarkdownIt) -> None:
    """Teach a parser to see footnotes. Not the inline form `^[…]`: it can be nested without end."""
    parser.use(footnote_plugin, inline=False)
    parser.inline.ruler.at("footnote_ref", _reference)
    parser.core.ruler.at("footnote_tail", _move_to_end)
    parser.add_render_rule("footnote_ref", _render_reference)
    parser.add_render_rule("footnote_block_open", _render_block_open)
    parser.add_render_rule("footnote_open", _render_open)
    parser.add_render_rule("footnote_anchor", _render_back)


def _reference(state: StateInline, silent: bool) -> bool:
    """The plugin's rule, kept from searching a long text again and again for the end of a label."""
    if not state.src.startswith("[^", state.pos):
        return False
    if state.src.find("]", state.pos, state.pos + LONGEST_LABEL) < 0:
        return False
    return footnote_ref(state, silent)


def _move_to_end(state: StateCore) -> None:
    """A core rule: the notes leave the text and become a list at its end."""
    notes = state.env.get("footnotes")
    if notes is None:
        return
    state.tokens, bodies = _taken_apart(state.tokens)
    number = {note["label"]: index for index, note in notes["list"].items()}
    for label in bodies:
        number.setdefault(label, len(number))
    if number:
        referred = len(notes["list"])
        state.tokens.append(Token("footnote_block_open", "", 1))
        for label, index in number.items():
            state.tokens += _note(bodies.get(label, []), index, index < referred)
        state.tokens.append(Token("footnote_block_close", "", -1))


def _taken_apart(tokens: Sequence[Token]) -> tuple[list[Token], dict[str, list[Token]]]:
    """The text without its notes, and the notes by label; two with the same label are one."""
    bodies: dict[str, list[Token]] = {}
    text: list[Token] = []
    around: list[list[Token]] = []
    current = text
    for token in tokens:
        if token.type == "footnote_reference_open":
            around.append(current)
            current = bodies.setdefault(token.meta["label"], [])
        elif token.type == "footnote_reference_close":
            current = around.pop()
        else:
            current.append(token)
    return text, bodies


def _note(body: Sequence[Token], index: int, referred: bool) -> Iterator[Token]:
    """One item of the list; if something refers to it, with a way back in its last paragraph."""
    meta = {"id": index}
    ends = bool(body) and body[-1].type == "paragraph_close"
    yield Token("footnote_open", "", 1, meta=meta)
    yield from body[:-1] if ends else body
    if referred:
        yield Token("footnote_anchor", "", 0, meta=meta)
    if ends:
        yield body[-1]
    yield Token("footnote_close", "", -1)


def _id(env: EnvType, kind: str, token: Token) -> str:
    prefix = f"{env[ANCHOR]}-" if env.get(ANCHOR) else ""
    return f"{prefix}{kind}-{token.meta['id'] + 1}"


def _render_reference(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    token = tokens[index]
    own_id = "" if token.meta.get("subId") else f' id="{_id(env, "fnref", token)}"'
    return f'<sup><a href="#{_id(env, "fn", token)}"{own_id}>{token.meta["id"] + 1}</a></sup>'


def _render_block_open(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return '<section class="footnotes">\n<ol>\n'


def _render_open(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return f'<li id="{_id(env, "fn", tokens[index])}">'


def _render_back(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """One way back, to the first place that refers to the note."""
    return f' <a href="#{_id(env, "fnref", tokens[index])}">↩︎</a>'
