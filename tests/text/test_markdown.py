"""Markdown as it is shown: concrete texts and their HTML."""

import pytest

from service.text import Rendered, render

REL = 'rel="nofollow ugc noopener"'
IMG = 'loading="lazy" referrerpolicy="no-referrer"'


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("## A *b* **c** ~~d~~", "<h4>A <em>b</em> <strong>c</strong> <s>d</s></h4>\n"),
        ("# A", "<h3>A</h3>\n"),
        ("A\n===", "<h3>A</h3>\n"),
        ("###### A", "<h6>A</h6>\n"),
        ("`a <b>`", "<p><code>a &lt;b&gt;</code></p>\n"),
        ("```python x\na\n```", '<pre><code class="language-python">a\n</code></pre>\n'),
        ("<b onclick=x>a</b>", "<p>&lt;b onclick=x&gt;a&lt;/b&gt;</p>\n"),
        ("[a](http://x.org 't')", f'<p><a href="http://x.org" title="t" {REL}>a</a></p>\n'),
        (
            "see http://x.org/a_b_c.",
            f'<p>see <a href="http://x.org/a_b_c" {REL}>http://x.org/a_b_c</a>.</p>\n',
        ),
        ("(https://x.org/a_(b))", f'<p>(<a href="https://x.org/a_(b)" {REL}>https://x.org/a_(b)</a>)</p>\n'),
        ("[https://a.b](/c)", f'<p><a href="/c" {REL}>https://a.b</a></p>\n'),
        ("https://i.imgur.com/Cd.png", f'<p><img src="https://i.imgur.com/Cd.png" alt="" {IMG}></p>\n'),
        ("a\nhttps://x.y/z.png\nb", f'<p>a\n<img src="https://x.y/z.png" alt="" {IMG}>\nb</p>\n'),
        ("https://x.y/z.png?a=1&b=2", f'<p><img src="https://x.y/z.png?a=1&amp;b=2" alt="" {IMG}></p>\n'),
        ("<https://x.y/z.png>", f'<p><img src="https://x.y/z.png" alt="" {IMG}></p>\n'),
        (
            "words before it\n<https://x.y/z.png>\nwords",
            f'<p>words before it\n<img src="https://x.y/z.png" alt="" {IMG}>\nwords</p>\n',
        ),
        ("[https://x.y/z.png](/a)", f'<p><a href="/a" {REL}>https://x.y/z.png</a></p>\n'),
        ("a https://x.y/z.png", f'<p>a <a href="https://x.y/z.png" {REL}>https://x.y/z.png</a></p>\n'),
        ("http://x.y/z.png", f'<p><a href="http://x.y/z.png" {REL}>http://x.y/z.png</a></p>\n'),
        ("![a *b*](https://x.y/z)", f'<p><img src="https://x.y/z" alt="a b" {IMG}></p>\n'),
        (
            "![a](http://x.y/z)",
            f'<p><span class="missing-image">[image: a, <a href="http://x.y/z" {REL}>http://x.y/z</a>]</span></p>\n',
        ),
        ("![a *b*](im/z.png)", '<p><span class="missing-image">[image: a b, im/z.png]</span></p>\n'),
        ("![](z.png)", '<p><span class="missing-image">[image: z.png]</span></p>\n'),
        (
            "[![a](http://x.y/z)](/b)",
            f'<p><a href="/b" {REL}><span class="missing-image">[image: a, http://x.y/z]</span></a></p>\n',
        ),
        ("$5 and $6", "<p>$5 and $6</p>\n"),
    ],
)
def test_html(body: str, html: str) -> None:
    assert render(body).html == html


def test_a_table_keeps_bars_inside_formulas_and_code() -> None:
    html = render("| a | b |\n|:-:|---|\n| $|x|$ | `c|d` |\n| e \\| f |").html
    assert html.count("<tr>") == 3
    assert html.count("<td") == 3
    assert '<td style="text-align:center"><math>' in html
    assert "<td><code>c|d</code></td>" in html
    assert '<td style="text-align:center">e | f</td>' in html


def test_footnotes_carry_the_anchor_and_never_the_label() -> None:
    html = render("a[^evil] b[^evil]\n\n[^evil]: note", anchor="s1").html
    assert html == (
        f'<p>a<sup><a href="#s1-fn-1" id="s1-fnref-1" {REL}>1</a></sup>'
        f' b<sup><a href="#s1-fn-1" {REL}>1</a></sup></p>\n'
        '<section class="footnotes">\n<ol>\n'
        f'<li id="s1-fn-1"><p>note <a href="#s1-fnref-1" {REL}>↩︎</a></p>\n</li>\n</ol>\n</section>\n'
    )


def test_an_anchor_that_could_break_out_is_refused() -> None:
    with pytest.raises(ValueError, match="anchor"):
        render("a", anchor='"><script>')


def test_a_citation_links_to_the_paper_but_not_in_code_or_links() -> None:
    assert render(r"\cite{conf/cvpr/A14, b+c}").html == (
        f'<p><a href="/paper?bibtexKey=conf/cvpr/A14" {REL}>conf/cvpr/A14</a>,'
        f' <a href="/paper?bibtexKey=b%2Bc" {REL}>b+c</a></p>\n'
    )
    assert render(r"`\cite{a}`").html == "<p><code>\\cite{a}</code></p>\n"
    assert render(r"[\cite{a}](/b)").html == f'<p><a href="/b" {REL}>a</a></p>\n'


def test_problems_name_the_image() -> None:
    assert render("![a](https://x/y) ![b](z.png)").problems == (
        "Image 2: only addresses that begin with https:// are shown.",
    )


def test_an_empty_text() -> None:
    assert render("") == Rendered("", "", (), ())
