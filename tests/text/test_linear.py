"""Formulas as lines of letters."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text import render
from service.text.linear import without_mathml


def shown(text: str) -> str:
    return re.sub("</?p>|\n", "", without_mathml(render(text).html))


@pytest.mark.parametrize(
    ("latex", "line"),
    [
        ("x_1^2", "x₁²"),
        ("10^{-4}", "10⁻⁴"),
        ("-1", "−1"),
        (r"a\cdot-b", "a ⋅ −b"),
        (r"a<b", "a &lt; b"),
        ("d(x,y)", "d(x, y)"),
        (r"\frac{a+b}{c}-\frac{1}{n}\sum_{i=1}^n x_i", "(a + b)/c − 1/n ∑ᵢ₌₁ⁿxᵢ"),
        (r"(x-y)^\top", "(x − y)ᵀ"),
        (r"\sqrt[3]{x+1}\sqrt{2}", "³√(x + 1)√2"),
        (r"\hat{x}+\bar y", "x̂ + ȳ"),
        (r"\underbrace{a+b}_{c}", "a + b_c"),
        (r"\binom{n}{k}", "(n over k)"),
        (r"\max_\theta\log p(x)", "max_θ log p(x)"),
        (r"e^{-x^2}", "e^(−x²)"),
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", "(1, 2; 3, 4)"),
        (r"\begin{align}a&=b\\&=c\end{align}", "a = b; = c"),
        (r"\mathcal{L}\phantom{x}\text{ if }x", "ℒ if x"),
        (r"x_{max}", "x_max"),
        (r"x_{i,j}", "x_(i, j)"),
        (r"x_\to", "x_→"),
        (r"\overline{AB}", "A̅B̅"),
    ],
)
def test_a_formula_reads_in_a_line(latex: str, line: str) -> None:
    assert shown(f"${latex}$") == line


def test_all_else_stays() -> None:
    text = "A [link](https://e.org/?a=1&b=2), `$x$` & <b>\n\n$$x$$\n\n![i](https://e.org/i.png)"
    assert without_mathml(render(text).html) == re.sub("<math.*?</math>", "x", render(text).html)


@given(st.text(alphabet="abx12 \\{}^_&+-=()|'[],<\u00a0", max_size=60))
def test_whatever_is_drawn_reads_in_a_line(latex: str) -> None:
    assert "<math" not in shown(f"$${latex}$$ and ${latex}$")


@pytest.mark.parametrize("latex", ["{" * 35 + "x" + "}" * 35, r"\frac{1}{" * 30 + "x" + "}" * 30, "x_" * 30])
def test_deep_ones(latex: str) -> None:
    assert "<math" not in shown(f"$${latex}$$")
