"""Markdown + LaTeX → safe HTML: the parser's set-up and the way through it."""

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from service.text.delimiters import formulas
from service.text.footnotes import ANCHOR, footnotes
from service.text.images import PROBLEMS, check_images
from service.text.links import links
from service.text.math import FormulaProblem, to_mathml
from service.text.plain import plain_text
from service.text.references import references
from service.text.rendered import Rendered
from service.text.sanitize import clean
from service.text.tables import tables

_FORMULAS = "formulas"
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
    env: EnvType = {ANCHOR: anchor, PROBLEMS: [], _FORMULAS: 0}
    tokens = parser.parse(_INVISIBLE.sub("", body), env)
    html = _INVISIBLE.sub(
        "", parser.renderer.render(tokens, parser.options, env)
    )  # entities can bring them back
    plain = _INVISIBLE.sub("", plain_text(tokens))
    return Rendered(clean(html), plain, references(tokens), tuple(env[PROBLEMS]))


def _parser() -> MarkdownIt:
    """A fresh parser: about 0.2 ms, and nothing is shared between threads."""
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 20, "xhtmlOut": False})
    parser.enable("strikethrough")
    for extension in (formulas, tables, footnotes, links):
        extension(parser)
    parser.core.ruler.after("inline", "check_images", check_images)
    parser.add_render_rule("math_inline", _render_formula)
    parser.add_render_rule("math_block", _render_formula)
    parser.add_render_rule("fence", _render_fence)
    return parser


def _render_formula(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """MathML, or the formula's source if it has none."""
    token = tokens[index]
    env[_FORMULAS] += 1
    try:
        shown = to_mathml(token.content, token.meta["display"])
    except FormulaProblem as problem:
        env[PROBLEMS].append(f"Formula {env[_FORMULAS]}: {problem}")
        shown = f'<code class="math-error">{escapeHtml(token.content)}</code>'
    return f"<p>{shown}</p>\n" if token.type == "math_block" else shown


def _render_fence(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    token = tokens[index]
    language = _LANGUAGE.match(token.info.strip())
    name = f' class="language-{language[0]}"' if language else ""
    return f"<pre><code{name}>{escapeHtml(token.content)}</code></pre>\n"
