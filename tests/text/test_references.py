"""Papers that a text links to, its plain words, and excerpts of them."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text import PaperReference, excerpt, render


@pytest.mark.parametrize(
    ("body", "scheme", "value"),
    [
        (r"\cite{conf/cvpr/A14}", "BIBTEX", "conf/cvpr/A14"),
        (
            "[a](http://www.shortscience.org/paper?bibtexKey=journals/corr/ZeilerF13#joe)",
            "BIBTEX",
            "journals/corr/ZeilerF13",
        ),
        ("[a](/paper?bibtexKey=a%2Bb)", "BIBTEX", "a+b"),
        ("https://arxiv.org/abs/1503.03832v2", "ARXIV", "1503.03832"),
        ("http://www.arxiv.org/pdf/1503.03832.pdf.", "ARXIV", "1503.03832"),
        ("<https://arxiv.org/abs/cs/0112017>", "ARXIV", "cs/0112017"),
        ("https://doi.org/10.1000/ABC.d", "DOI", "10.1000/abc.d"),
    ],
)
def test_reference(body: str, scheme: str, value: str) -> None:
    assert render(body).references == (PaperReference(scheme, value),)


@pytest.mark.parametrize(
    "body",
    [
        "[a](/paper?bibtexKey=a%00b)",
        "https://arxiv.org/list/cs",
        "[a](http://[)",
        "`\\cite{a}`",
        "https://notarxiv.org/abs/1503.03832",
    ],
)
def test_no_reference(body: str) -> None:
    assert render(body).references == ()


def test_order_of_first_appearance_without_repetition() -> None:
    found = render(r"\cite{b} \cite{a} [x](/paper?bibtexKey=b)").references
    assert [reference.value for reference in found] == ["b", "a"]


@pytest.mark.parametrize(
    ("body", "plain"),
    [
        ("# A *b*\n\nc", "A b.\nc"),
        ("# Why?\n\nc", "Why?\nc"),
        ("- c $x^2$ `d`\n- [e](http://f) ![g](https://h)", "• c x² d\n• e g"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("| i | j |\n|-|-|\n| k | l |\n\nm;", "i | j;\nk | l;\nm;"),
        ("| i | j |\n|-|-|\n| k | |", "i | j;\nk |"),
        ("a:\n\n```\nb\n```", "a:\nb"),
        ("![a](b.png)", "a"),
        ("#\n\n|a|\n|-|", "a"),
    ],
)
def test_plain(body: str, plain: str) -> None:
    assert render(body).plain.replace("\u2060", "") == plain


@pytest.mark.parametrize(
    ("latex", "plain"),
    [
        (r"x_1, \ldots, x_n", "x₁, …, xₙ"),
        (r"\theta_{t+1} = \theta_t - \eta", "θₜ₊₁ = θₜ − η"),
        (r"\mathcal{L}_{a/b}", "ℒ_(a/b)"),
        (r"\frac{a}{b+c}", "a/(b + c)"),
        (r"\hat{x}<1", "x̂ < 1"),
        (r"\undefined  x", r"$\undefined x$"),
        (r"a & b", r"$a & b$"),
        ("a\n=\u2060\nb", "a = b"),
    ],
)
def test_formulas_are_in_plain_letters(latex: str, plain: str) -> None:
    """The same as in feeds, in every place; an excerpt takes them whole."""
    assert render(f"$${latex}$$").plain == f"\u2060{plain}\u2060"
    assert excerpt(render(f"a ${latex}$ c").plain, 80) == f"a {plain} c"
    [alternative] = re.findall('alt="(.*?)"', render(f"![${latex}$](https://e.org/i.png)").html)
    assert unescape(alternative) == plain


@given(st.text(alphabet="\\{}_^ax1$&~ \n\u2060", max_size=40))
def test_any_formula_has_plain_letters(latex: str) -> None:
    plain = render(f"$${latex}$$").plain
    assert plain.count("\u2060") % 2 == 0
    assert len(plain) <= 4 * len(latex) + 60


@pytest.mark.parametrize(
    ("plain", "length", "cut"),
    [
        ("a b", 3, "a b"),
        ("one two three", 9, "one two…"),
        ("abcdef", 4, "abc…"),
        ("a\nb", 9, "a b"),
        ("ab", 0, ""),
        ("so \u2060a + b\u2060 is", 12, "so a + b is"),
        ("so \u2060a + b\u2060 is", 11, "so a + b is"),
        ("so \u2060a + b\u2060 is", 10, "so a + b…"),
        ("so \u2060a + b\u2060 is", 8, "so…"),
        ("so \u2060a + b\u2060 is", 5, "so…"),
        ("so \u2060a + b\u2060\u2060c + d\u2060 is", 13, "so…"),
        ("深深\u2060a + b\u2060深深", 5, "深深…"),
        ("深深\u2060a + b\u2060深深", 8, "深深a + b…"),
        ("\u2060a + b\u2060 is", 4, "…"),
        ("a\u2060b c", 4, "ab c"),
    ],
)
def test_excerpt(plain: str, length: int, cut: str) -> None:
    assert excerpt(plain, length) == cut


@given(st.text(), st.integers(0, 40))
def test_an_excerpt_is_never_longer(plain: str, length: int) -> None:
    assert len(excerpt(plain, length)) <= length


PARTS = st.lists(st.tuples(st.text("ab ,", max_size=9), st.text("xy +", min_size=1, max_size=9)), max_size=5)


@given(PARTS, st.integers(1, 60))
def test_an_excerpt_cuts_no_formula(parts: list[tuple[str, str]], length: int) -> None:
    kept = excerpt("".join(f"{text}\u2060{formula}\u2060" for text, formula in parts), length)
    whole = ["".join(f"{text}{formula}" for text, formula in parts[:n]) for n in range(len(parts) + 1)]
    before = [f"{one}{text}" for one, (text, _) in zip(whole, parts, strict=False)]
    if kept.endswith("…"):
        ends = [*whole, *(one[:n] for one in before for n in range(len(one) + 1))]
        assert squeezed(kept[:-1]) in {squeezed(one) for one in ends}
    else:
        assert squeezed(kept) == squeezed(whole[-1])


def squeezed(text: str) -> str:
    return re.sub(r"[ ,]", "", text)
