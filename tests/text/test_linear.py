"""Formulas as lines of letters."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text import render
from service.text.linear import without_mathml

PIECES = [
    *(rf"\{one}{{" for one in ("frac", "sqrt", "hat", "underline", "overline", "cancel", "text", "binom")),
    *(r"\left(", r"\right)", r"\begin{cases}", r"\end{cases}", r"\begin{matrix}", r"\end{matrix}", r"\\"),
    *(r"\sum ", r"\log ", r"\alpha ", r"\underbrace{", r"\sqrt[", r"\left.", r"\right|"),
]


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
        (r"\frac{a+b}{c}-\frac{1}{n}\sum_{i=1}^n x_i", "(a + b)/c − (1/n) ∑ᵢ₌₁ⁿxᵢ"),
        (r"(x-y)^\top", "(x − y)ᵀ"),
        (r"\sqrt[3]{x+1}\sqrt{2}", "³√(x + 1)√2"),
        (r"\hat{x}+\bar y", "x̂ + ȳ"),
        (r"\underbrace{a+b}_{c}", "(a + b)_[c]"),
        (r"\binom{n}{k}", "(n over k)"),
        (r"\max_\theta\log p(x)", "max_θ log p(x)"),
        (r"e^{-x^2}", "e^(−x²)"),
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", "(1, 2; 3, 4)"),
        (r"\begin{align}a&=b\\&=c\end{align}", "a = b; = c"),
        (r"\mathcal{L}\phantom{x}\text{ if }x", "ℒ if x"),
        (r"x_{max}", "x_max"),
        (r"x_{i,j}", "x_(i, j)"),
        (r"x_\to", "x_→"),
        (r"\overline{AB}", "bar(AB)"),
        (r"\frac{1}{2}x", "(1/2)x"),
        (r"\frac{1}{2x}", "1/(2x)"),
        (r"\frac{1}{2}+x", "1/2 + x"),
        (r"-\frac{1}{2}.", "−1/2."),
        (r"\frac{1}{2}\text{ if }x", "1/2 if x"),
        (r"\frac{1}{2\pi\sigma^2}", "1/(2πσ²)"),
        (r"\frac{a}{bc}", "a/(bc)"),
        (r"\frac{ab^2}{c_i}", "ab²/cᵢ"),
        (r"\frac{p_g(x)}{q(x)}", "p_g(x)/(q(x))"),
        (r"\frac{\partial\ell}{\partial x_i}", "∂ℓ/∂xᵢ"),
        (r"\frac{dy}{dx}+\frac{1}{dx}", "dy/dx + 1/(dx)"),
        (r"\sqrt{2}x", "(√2)x"),
        (r"\sqrt{2x}", "√(2x)"),
        (r"\frac{Q K^\top}{\sqrt{d_k}}V", "(QKᵀ/√dₖ)V"),
        (r"{\sqrt x}^2+\sqrt{x^2}", "(√x)² + √(x²)"),
        (r"x\sqrt[3]{y}+x^3\sqrt{y}", "x(³√y) + x³ √y"),
        (r"\mathcal L_{\text{KL}}x", "ℒ_KL x"),
        (r"\mathcal L_{\text{KL}x}", "ℒ_(KL x)"),
        (r"e^{i\pi}+e^i\pi", "e^(iπ) + eⁱπ"),
        (r"{x^a}^b+x^{ab}+{ab}^2", "(xᵃ)ᵇ + xᵃᵇ + (ab)²"),
        (r"x_\alpha^2+x'_\alpha", "x_(α)² + x′_α"),
        (r"\text{KL}^2+KL^2+\text{loss}_i", "KL² + K L² + (loss)ᵢ"),
        (r"\theta^*x+\theta^*(x)", "θ* x + θ*(x)"),
        (r"x^{(i)}+x^i", "x⁽ⁱ⁾ + xⁱ"),
        (r"\hat{xy}+\hat x\hat y", "hat(xy) + x̂ŷ"),
        (r"\underline{m}+\overline{m}+\cancel{x}", "m̲ + m̅ + cancel(x)"),
        (r"\overset{a}{x}+x^a", "x^[a] + xᵃ"),
        (r"a\overset{!}{=}b", "a =^! b"),
        (r"\left.\frac{df}{dx}\right|_{x=0}", "df/dx|ₓ₌₀"),
        (r"{}_2F_1+T^i{}_j", "₂F₁ + Tⁱ ⱼ"),
        (r"|-x|+|y|=\lVert z\rVert", "|−x| + |y| = ‖z‖"),
        (r"f(\cdot,\cdot)", "f(⋅, ⋅)"),
        (r"x=1,\quad y=2", "x = 1,\u2003y = 2"),
        (r"\int x\,dx", "∫x dx"),
        (r"\begin{cases}r,&\text{if $s$ ends},\\0,&\text{else.}\end{cases}", "{r, if s ends; 0, else.}"),
        (r"x\begin{matrix}1&2\\3&\end{matrix}", "x(1, 2; 3,)"),
        (r"\begin{bmatrix}a,b&c\end{bmatrix}", "[(a, b), c]"),
        (r"\begin{aligned}a&=b,&c&=d,\\e&=f.\end{aligned}", "a = b,\u2003c = d; e = f."),
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


@given(st.lists(st.sampled_from([*PIECES, *"ax12+-=()|'[],<&^_{}"]), max_size=60).map("".join))
def test_a_line_is_not_much_longer_than_its_formula(latex: str) -> None:
    assert len(unescape(shown(f"$${latex}$$"))) <= 4 * len(latex) + 60


@pytest.mark.parametrize("latex", ["{" * 35 + "x" + "}" * 35, r"\frac{1}{" * 30 + "x" + "}" * 30, "x_" * 30])
def test_deep_ones(latex: str) -> None:
    assert "<math" not in shown(f"$${latex}$$")


@pytest.mark.parametrize("unit", [r"\hat ", r"\sqrt ", r"\frac1", r"\underline ", r"\overset a"])
def test_what_is_nested_without_end_is_cut(unit: str) -> None:
    latex = unit * (1_990 // len(unit)) + "x"
    assert "<math" in render(f"$${latex}$$").html
    assert "…" in shown(f"$${latex}$$")
    assert shown(f"$${unit * 60}x$$").count("…") == 0
