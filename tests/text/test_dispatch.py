"""Asking rules only about lines they know gives what asking all of them gives."""

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from service.text.dispatch import BlockParser

BEGINNINGS = [
    *["", "a", "- a", "* b", "+ c", "1. d", "22) e", "> f", "> - g", "# h", "===", "---", "- - -", "***"],
    *["___", "```", "~~~", "    i", "[j]: k", "[j]", "-", ">", "&"],
]
LINE = st.tuples(st.text(alphabet=" \t", max_size=5), st.sampled_from(BEGINNINGS)).map("".join)
LINES = st.lists(LINE, max_size=14)


def parser(settled: bool) -> MarkdownIt:
    made = MarkdownIt("commonmark")
    block = BlockParser()
    made.block = block
    made.configure("commonmark", {"html": False})
    if settled:
        block.settle()
    return made


@given(LINES)
def test_dispatch_changes_nothing(lines: list[str]) -> None:
    body = "\n".join(lines)
    html = parser(settled=True).render(body)
    assert html == parser(settled=False).render(body)
    assert html == MarkdownIt("commonmark", {"html": False}).render(body)
