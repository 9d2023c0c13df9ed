r"""Formulas: every kind of delimiter, broken ones, hostile ones."""

import re

import pytest

from service.text import render

X = "<mi>x</mi>"


@pytest.mark.parametrize("body", ["$x$", r"\(x\)", "$ x $"])
def test_inline(body: str) -> None:
    assert render(f"a {body} b").html == f"<p>a <math>{X}</math> b</p>\n"


@pytest.mark.parametrize("body", ["$$x$$", r"\[x\]", "$$\nx\n$$", "\\[\nx\n\\]"])
def test_display_within_a_paragraph_and_alone(body: str) -> None:
    block = f'<math display="block">{X}</math>'
    assert render(body).html == f"<p>{block}</p>\n"
    assert block in render(f"a\n{body}\nb").html


def test_a_formula_of_the_old_site() -> None:
    html = render(r"maps to $\mathbb{R}^{128}$ so").html
    assert html == "<p>maps to <math><msup><mi>ℝ</mi><mn>128</mn></msup></math> so</p>\n"


def test_lines_of_a_block_formula_are_not_markdown() -> None:
    html = render("We have\n$$\na\n=\nb\n$$").html
    assert html == ('<p>We have</p>\n<p><math display="block"><mi>a</mi><mo>=</mo><mi>b</mi></math></p>\n')


def test_a_block_formula_ends_with_its_list_item() -> None:
    assert "<math" not in render("- $$\n  a\n- b$$").html


def test_escaped_dollars_and_backslashes_open_nothing() -> None:
    assert render(r"\$x\$ and \\(x\\)").html == "<p>$x$ and \\(x\\)</p>\n"


def test_code_keeps_its_dollars() -> None:
    assert render("`$x$`").html == "<p><code>$x$</code></p>\n"


def test_macros_of_the_old_site() -> None:
    rendered = render(r"$\abs{x} \norm{y} \mbox{if} \argmin_a$")
    assert rendered.problems == ()


def test_a_broken_formula_shows_its_source_and_spares_the_rest() -> None:
    rendered = render(r"$x$ $\foo{<b>}$ *c*")
    assert rendered.html == (
        f'<p><math>{X}</math> <code class="math-error">\\foo{{&lt;b&gt;}}</code> <em>c</em></p>\n'
    )
    assert rendered.problems == ('Formula 2: Unknown command "\\foo".',)


@pytest.mark.parametrize(
    ("latex", "problem"),
    [
        (r"\newcommand{\a}{b}\a", "is not available"),
        (r"\def\a{\a}\a", "is not available"),
        (r"\href{javascript:alert(1)}{x}", "is not available"),
        (r"\eqref{a}", "is not available"),
        ("x" * 2_001, "longer than 2,000"),
        ("{" * 500 + "}" * 500, "nested more than 40"),
        (r"\left(" * 300, "nested more than 40"),
        (r"\frac{" * 300, "nested more than 40"),
        ("(" * 7, "brackets open"),
        (r"\langle" * 7, "brackets open"),
        (r"(\hat)" * 7, "brackets open"),
        (r"(\frac1)" * 7, "brackets open"),
        ("{(}" * 7, "brackets open"),
        (r"\begin{matrix}" + "&" * 1_900 + r"\end{matrix}", ""),
    ],
)
def test_refused(latex: str, problem: str) -> None:
    rendered = render(f"${latex}$")
    if problem:
        assert '<code class="math-error">' in rendered.html
        assert problem in rendered.problems[0]
    assert len(rendered.html) < 50 * (len(latex) + 60)


@pytest.mark.parametrize("latex", [r"f(\theta)" * 20, "[0,1) " * 20, "(a(b(c(d))))" * 9, "(" * 6])
def test_many_brackets_that_close_are_fine(latex: str) -> None:
    assert render(f"${latex}$").problems == ()


@pytest.mark.parametrize("unit", [r"\hat", r"\sqrt", r"\mathbf", r"\frac1", r"\sqrt[", "[", r"x(", r"\\["])
def test_a_formula_full_of_one_thing_returns(unit: str) -> None:
    assert render(f"${unit * (1_900 // len(unit))} x$").html.startswith("<p>")


def test_large_brackets_below_scripts_keep_their_side() -> None:
    html = render(r"$\Bigl[ x \Bigr]_+$").html
    assert '<mo stretchy="true" form="prefix" minsize="1.623em" maxsize="1.623em">[</mo>' in html
    assert '<msub><mo stretchy="true" form="postfix" minsize="1.623em" maxsize="1.623em">]</mo>' in html


@pytest.mark.parametrize(
    ("rows", "count", "lines"),
    [
        (r"a & b \\ c & d", 2, 0),
        (r"a & b \\ c & d \\", 2, 0),
        (r"\hline a & b \\ \hline c & d \\ \hline", 2, 1),
        (r"a \\ \\ b", 3, 0),
        (r"\begin{array}{c}a\\\hline\end{array} & b", 2, 1),
    ],
)
def test_a_table_has_no_empty_row_at_its_end(rows: str, count: int, lines: int) -> None:
    html = render(rf"$\begin{{array}}{{cc}}{rows}\end{{array}}$").html
    assert html.count("<mtr>") == count
    assert html.count("border-bottom") == lines


@pytest.mark.parametrize(
    ("latex", "words"),
    [
        (r"\text{a $b$ c}", ["a", "c"]),
        (r"x \text{ if $x_{i} > 0$, else $y$}", ["if", ", else"]),
        (r"\begin{cases}1 & \mbox{if $x$}\\0 & \text{$y$ else}\end{cases}", ["if", "else"]),
    ],
)
@pytest.mark.parametrize("mark", ["$", "$$"])
def test_formulas_within_text_within_formulas(latex: str, words: list[str], mark: str) -> None:
    rendered = render(f"see {mark}{latex}{mark} there $z$")
    assert rendered.problems == ()
    texts = [
        text.replace("&nbsp;", " ").strip() for text in re.findall("<mtext>(.*?)</mtext>", rendered.html)
    ]
    assert texts == words
    assert rendered.html.endswith(" there <math><mi>z</mi></math></p>\n")


def test_a_text_that_never_closes_ends_at_the_next_dollar() -> None:
    assert "<math><mi>z</mi></math>" in render(r"$\text{a$ b $z$").html
