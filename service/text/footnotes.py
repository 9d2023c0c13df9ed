"""Footnotes: `[^label]` and `[^label]: text`, numbered, with ids of our own making.

Labels never reach the page, and each id begins with the text's anchor: many texts can share a page.
"""

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
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
    token = tokens[index]
    return "" if token.meta.get("subId") else f' <a href="#{_id(env, "fnref", token)}">↩︎</a>'
