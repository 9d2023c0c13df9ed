"""Hostile texts: nothing raises, nothing unsafe passes, nothing grows without bound."""

import re
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text import render
from service.text.sanitize import clean

PIECES = re.findall(
    r"\S+",
    r"\( \) \[ \] $ $$ [ ] ( ) * _ ** ~~ ` ``` | > - # ! ![ ]( [^a] [^a]: < > & { } \\ \frac \left( \cite{a} "
    r"http:// https://a.b/c.png javascript: data: onerror= style= a 1 <script> <img \begin{matrix} \text{",
)
TEXTS = st.lists(st.sampled_from([*PIECES, " ", "\n", "\n\n", "    ", "|-|-|\n"]) | st.text(max_size=4)).map(
    "".join
)
UNITS = [
    *PIECES,
    "> ",
    "- ",
    "\\(\\\\)",
    "[^",
    "^[",
    "_a",
    "*a ",
    "a* ",
    "[a](<",
    '[a](b "',
    "- $$ x\n",
    "https://",
    "https://\u00e9",
    "\x00",
    "\u202e",
]


class Reader(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(tag, name, value or "") for name, value in attrs] or [(tag, "", "")]


def assert_safe(html: str) -> None:
    reader = Reader()
    reader.feed(html)
    for tag, name, value in reader.found:
        assert tag not in {"script", "style", "iframe", "object", "svg", "form", "input", "base", "meta"}
        assert not name.startswith("on")
        assert name != "href" or not re.match(r"\s*(javascript|data|vbscript):", value, re.IGNORECASE)
        assert name != "src" or value.lower().startswith("https://")
        assert name != "style" or "(" not in value
        assert name != "id" or re.fullmatch(r"(s1-)?fn(ref)?-\d+", value)


@given(TEXTS)
def test_any_text_is_rendered_safely(body: str) -> None:
    html = render(body, anchor="s1").html
    assert_safe(html)
    assert clean(html) == html
    assert len(html) <= 60 * len(body) + 500


@pytest.mark.parametrize("unit", UNITS)
def test_a_long_text_of_one_thing(unit: str) -> None:
    body = unit * (20_000 // len(unit))
    rendered = render(body)
    assert_safe(rendered.html)
    assert len(rendered.html) <= 30 * len(body)


@pytest.mark.parametrize(
    "body",
    [
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt:alert(1))",
        "[a](data:text/html,x)",
        "![a](data:image/png;base64,xx)",
        "<javascript:alert(1)>",
        "<img src=x onerror=alert(1)>",
        '![a](https://x.y/"onerror="alert(1))',
        r"$\text{<script>alert(1)</script>}$",
        '```"><script>\nx\n```',
        "[^x]: y\n\n[^x] <a id=x>",
        '\\cite{"><script>}',
    ],
)
def test_injections(body: str) -> None:
    assert_safe(render(body).html)


@pytest.mark.parametrize(
    "html",
    [
        '<p style="color:red">a</p>',
        '<math href="javascript:x"><mi xlink:href="x">a</mi></math>',
        '<mi style="width:9999em">a</mi>',
        '<mspace width="9999em">',
        '<a id="viewer" class="admin">a</a>',
        '<code class="admin">a</code>',
        '<img src="http://a.b/c">',
        "<annotation-xml><script>x</script></annotation-xml>",
    ],
)
def test_the_last_gate_alone_holds(html: str) -> None:
    kept = clean(html)
    assert_safe(kept)
    assert not re.search(r'style=|9999|class=|href=|src=|id="', kept)


def test_signs_that_turn_the_direction_of_the_page_are_removed() -> None:
    rendered = render("a\u202eb\u2066c\x07&#x202e;")
    assert (rendered.html, rendered.plain) == ("<p>abc</p>\n", "abc")


def test_a_wide_table_stays_text_and_short_rows_stay_short() -> None:
    assert "<table>" not in render("|" + "a|" * 60 + "\n|" + "-|" * 60).html
    body = "|" + "a|" * 50 + "\n|" + "-|" * 50 + "\n" + "b\n" * 5_000
    assert len(render(body).html) < 20 * len(body)


def test_a_text_of_the_largest_size() -> None:
    body = ("A *word*, a formula $x_1^2$ and `code`.\n\n" * 2_500)[:100_000]
    assert render(body).html.count("<math>") == body.count("$x_1^2$")


def test_threads_share_nothing() -> None:
    bodies = [f"# {n}\n\na[^1] $x^{{{n}}}$ \\cite{{k{n}}}\n\n[^1]: {n}" for n in range(60)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(render, bodies))
    assert together == [render(body) for body in bodies]
