"""Markdown + LaTeX → safe HTML: the parser's set-up and the way through it."""

import re
from collections.abc import Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from service.text.blocks import LIBRARY_LIMIT, limits
from service.text.delimiters import formulas
from service.text.dispatch import BlockParser
from service.text.effort import EFFORT, Effort
from service.text.expansion import expansion
from service.text.footnotes import ANCHOR, footnotes
from service.text.images import PROBLEMS, images
from service.text.inline import InlineParser
from service.text.links import links
from service.text.math import FormulaProblem, to_mathml
from service.text.plain import WORDS, as_written, in_words, plain_text
from service.text.references import references
from service.text.rendered import Rendered
from service.text.sanitize import clean
from service.text.tables import tables

HEADINGS_LOWERED = 2
MOST_HTML = 4_000_000  # characters; the largest honest text comes to a fifth of it
_LIBRARY_OPTIONS = {"html": False, "maxNesting": LIBRARY_LIMIT, "xhtmlOut": False}
_FORMULAS = "formulas"
_SHOWN = "shown formulas"
_ANCHOR = re.compile(r"[A-Za-z0-9_-]{0,64}")
_LANGUAGE = re.compile(r"[\w+#.-]{1,40}")
# Control characters, and those that turn the direction of everything behind them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def render(body: str, *, anchor: str = "") -> Rendered:
    """Render one text.

    Shape:  see `Rendered`. Ids of footnotes begin with `anchor`: give each text on a page its own.
    Errors: none for any text; ValueError for an anchor with other characters than letters, digits, - and _.
    """
    if not _ANCHOR.fullmatch(anchor):
        raise ValueError(f"An anchor has at most 64 letters, digits, - and _: {anchor!r}")
    parser = _parser()
    problems: list[str] = []
    env: EnvType = {ANCHOR: anchor, PROBLEMS: problems, EFFORT: Effort(problems=problems)}
    env.update({_FORMULAS: 0, _SHOWN: {}})
    tokens = parser.parse(_INVISIBLE.sub("", body), env)
    html = _INVISIBLE.sub(
        "", parser.renderer.render(tokens, parser.options, env)
    )  # entities can bring them back
    plain = _INVISIBLE.sub("", plain_text(tokens))
    if len(html) > MOST_HTML:
        html = f"<pre>{escapeHtml(_INVISIBLE.sub('', body))}</pre>"
        env[EFFORT].exceeded()
    return Rendered(clean(html), plain, references(tokens), tuple(problems))


@cache
def _parser() -> MarkdownIt:
    """The parser. Nothing in it changes once it is made, so threads can share it."""
    block, inline = BlockParser(), InlineParser()
    parser = MarkdownIt("commonmark")
    parser.block, parser.inline = block, inline
    parser.configure("commonmark", _LIBRARY_OPTIONS)
    parser.enable("strikethrough").disable(["html_block", "html_inline"])
    for extension in (limits, formulas, tables, footnotes, links, images, expansion):
        extension(parser)
    parser.core.ruler.after("inline", "lower_headings", _lower_headings)
    parser.add_render_rule("math_inline", _render_formula)
    parser.add_render_rule("math_block", _render_formula)
    parser.add_render_rule("fence", _render_fence)
    block.settle()
    inline.settle()
    for ruler in (parser.core.ruler, inline.ruler, inline.ruler2):
        ruler.getRules("")  # else each would be prepared by the first text, perhaps by two threads at once
    return parser


def _lower_headings(state: StateCore) -> None:
    """A core rule: a text's first level is the page's third, below a paper's title and a summary's author."""
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + HEADINGS_LOWERED)}"


def _render_formula(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """MathML, or the formula's source if it has none."""
    token, display = tokens[index], bool(tokens[index].meta["display"])
    env[_FORMULAS] += 1
    kept: dict[tuple[str, bool], tuple[str, str, str]] = env[_SHOWN]
    if (token.content, display) not in kept:
        kept[token.content, display] = _show(token.content, display)
    shown, problem, token.meta[WORDS] = kept[token.content, display]
    if problem:
        env[PROBLEMS].append(f"Formula {env[_FORMULAS]}: {problem}")
    return f"<p>{shown}</p>\n" if token.type == "math_block" else shown


def _show(latex: str, display: bool) -> tuple[str, str, str]:
    """HTML, what is wrong with it, and the same in plain letters."""
    try:
        mathml = to_mathml(latex, display)
    except FormulaProblem as problem:
        return f'<code class="math-error">{escapeHtml(latex)}</code>', str(problem), as_written(latex)
    return mathml, "", in_words(mathml, latex)


def _render_fence(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    token = tokens[index]
    language = _LANGUAGE.match(token.info.strip())
    name = f' class="language-{language[0]}"' if language else ""
    return f"<pre><code{name}>{escapeHtml(token.content)}</code></pre>\n"
