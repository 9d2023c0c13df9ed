"""Lists and quotes within each other, and very many of them: what goes too far is shown as it was written.

The library would leave out whatever is nested too deeply, without a word.
"""

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from service.text.effort import EFFORT, Effort

DEEPEST_BLOCKS = 40
"""Quotes and footnotes count once, lists twice."""
LIBRARY_LIMIT = 2 * DEEPEST_BLOCKS
"""Never met: what our rule takes first cannot go deeper."""
AS_WRITTEN = "as_written"


def limits(parser: MarkdownIt) -> None:
    """Teach a parser to stop. Its rule comes before all others, and may end what they have begun."""
    may_interrupt = ["paragraph", "reference", "blockquote", "list"]
    parser.block.ruler.before("code", "limits", _limits, {"alt": may_interrupt})
    parser.add_render_rule(AS_WRITTEN, _render)


def _limits(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    effort: Effort = state.env[EFFORT]
    effort.blocks -= 1
    if effort.blocks < 0:
        effort.exceeded()
    elif silent or state.level < DEEPEST_BLOCKS:
        return False
    else:
        effort.problems.append(
            f"Line {start + 1}: lists or quotes are nested too deeply; the innermost are shown as written."
        )
    if not silent:
        _take(state, start, end)
    return True


def _take(state: StateBlock, start: int, end: int) -> None:
    """All that is left of the block around it."""
    stop = start + 1
    while stop < end and (state.isEmpty(stop) or state.sCount[stop] >= state.blkIndent):
        stop += 1
    token = state.push(AS_WRITTEN, "p", 0)
    token.content = state.getLines(start, stop, state.blkIndent, False).strip()
    token.map = [start, stop]
    state.line = stop


def _render(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return f"<p>{escapeHtml(tokens[index].content)}</p>\n"
