"""A line of letters says how its formula is built: it is read back, and is the same."""

import re
from html import unescape

from hypothesis import given, settings

from service.text import render
from service.text.linear import without_mathml
from tests.text.formulas import FORMULAS, Formula, of
from tests.text.reading import read


def line_of(latex: str) -> str:
    html = render(f"$${latex}$$").html
    assert "<math" in html, html
    return unescape(re.sub("</?p>|\n", "", without_mathml(html)))


@settings(deadline=None, max_examples=400)  # a busy machine is no failure
@given(FORMULAS)
def test_a_line_is_read_as_the_formula_that_it_is_of(formula: Formula) -> None:
    line = line_of(formula.latex)
    assert read(line) == of(formula), line
