"""Heads of notes as people write them."""

import pytest

from service.importers.note_head import NoteHead, NoteRefused, parse_head

BATCH_NORMALIZATION = NoteHead(
    title="Batch Normalization: Accelerating Deep Network Training",
    authors=("Sergey Ioffe", "Christian Szegedy"),
    link="http://arxiv.org/abs/1502.03167",
    year=2015,
    tags=("Neural Network", "Covariate Shift"),
    arxiv_id="1502.03167",
    doi=None,
)
FORMS = [
    "{}: {}",
    "**{}**: {}",
    "* **{}**: {}",
    "- **{}**: {}",
    "* __{}__: {}",
    "* **{}:** {}",
    "  + *{}*: {}",
]


def head(form: str = "* **{}**: {}", **fields: str) -> str:
    lines = [form.format(name.capitalize(), value) for name, value in fields.items()]
    return "# Paper\n\n" + "\n".join(lines) + "\n\n# Summary\n\n* What\n  * Title: not this one\n"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_known_forms(form: str, line_end: str, mark: str) -> None:
    text = head(
        form,
        title="Batch Normalization: Accelerating Deep Network Training",
        authors="Sergey Ioffe, Christian Szegedy",
        link="http://arxiv.org/abs/1502.03167",
        tags="Neural Network, Covariate Shift",
        year="2015",
    )
    assert parse_head(mark + text.replace("\n", line_end)) == BATCH_NORMALIZATION


@pytest.mark.parametrize(
    "lists",
    [
        "authors: [Sergey Ioffe, Christian Szegedy]\ntags: [Neural Network, 'Covariate Shift']",
        "authors:\n  - Sergey Ioffe\n  - Christian Szegedy\ntags:\n- Neural Network\n- Covariate Shift",
        "author: Sergey Ioffe and Christian Szegedy\nkeywords: Neural Network; Covariate Shift",
    ],
)
def test_front_matter(lists: str) -> None:
    text = f"""---
title: "Batch Normalization: Accelerating Deep Network Training"
{lists}
layout: post
date: 2015-02-11
url: <http://arxiv.org/abs/1502.03167>
---

Title: not this one
"""
    assert parse_head(text) == BATCH_NORMALIZATION


def test_authors_as_a_list_of_their_own() -> None:
    text = "* **Title**: A\n* **Authors**:\n  * Ada One\n  * Bob Two\n* **Year**: 2001\n"
    assert parse_head(text).authors == ("Ada One", "Bob Two")
    assert parse_head(text).year == 2001


def test_a_list_under_a_filled_field_is_not_part_of_it() -> None:
    found = parse_head("* **Title**: A\n  * a remark\n* **Authors**: Ada\n  * of Paris\n")
    assert (found.title, found.authors) == ("A", ("Ada",))


def test_a_title_alone_is_enough() -> None:
    assert parse_head("Title: A") == NoteHead("A", (), None, None, (), None, None)


def test_the_first_line_for_a_field_counts() -> None:
    assert parse_head("Title: A\nTitle: B\nYear: 2001\nYear: 2002\n").title == "A"


@pytest.mark.parametrize("gap", ["\n# Summary\n", "\nThis is about something.\n", "\n---\n"])
def test_the_head_ends_at_a_heading_a_rule_or_text(gap: str) -> None:
    found = parse_head(f"Title: A\n{gap}\nAuthors: not these\nYear: 1999\n")
    assert (found.authors, found.year) == ((), None)


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("Ada One, Bob Two and Cy Three", ("Ada One", "Bob Two", "Cy Three")),
        ("Ada One, Bob Two, and Cy Three", ("Ada One", "Bob Two", "Cy Three")),
        ("Ada One & Bob Two", ("Ada One", "Bob Two")),
        ("Ada One; Bob Two;", ("Ada One", "Bob Two")),
        ("William Strunk, Jr., E. B. White", ("William Strunk, Jr.", "E. B. White")),
        ("Ada One et al.", ("Ada One",)),
        ("Ada One, et al", ("Ada One",)),
        ("[Ada One](https://example.org/~ada), *Bob  Two*", ("Ada One", "Bob Two")),
        ("Fatma Gu\u0308ney, Marc’Aurelio Ranzato", ("Fatma G\u00fcney", "Marc’Aurelio Ranzato")),
        ("Anderson Sand, Andy Brand", ("Anderson Sand", "Andy Brand")),
    ],
)
def test_authors(written: str, names: tuple[str, ...]) -> None:
    assert parse_head(head(title="A", authors=written)).authors == names


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("  Two   spaces ", "Two spaces"),
        ("[Named](https://arxiv.org/abs/1502.03167)", "Named"),
        ("**Strong**", "Strong"),
        ('"Quoted"', "Quoted"),
        ('"Why?": Explaining "It"', '"Why?": Explaining "It"'),
        ("Poincare\u0301", "Poincar\u00e9"),
        ("What, Why? A: B", "What, Why? A: B"),
    ],
)
def test_titles(written: str, title: str) -> None:
    assert parse_head(head(title=written)).title == title


def test_a_linked_title_gives_the_link_when_no_field_does() -> None:
    found = parse_head("Title: [A](https://arxiv.org/abs/1502.03167v3)")
    assert (found.link, found.arxiv_id) == ("https://arxiv.org/abs/1502.03167v3", "1502.03167")


@pytest.mark.parametrize(
    ("written", "year"),
    [
        ("2015", 2015),
        ("2015/02/11", 2015),
        ("June 1998", 1998),
        ("in press", None),
        ("12015", None),
        ("", None),
    ],
)
def test_years(written: str, year: int | None) -> None:
    assert parse_head(head(title="A", year=written)).year == year


def test_tags_are_named_once() -> None:
    assert parse_head(head(title="A", tags="`GAN`, video,, GAN ; 3D")).tags == ("GAN", "video", "3D")


def test_link_without_an_address_still_identifies() -> None:
    found = parse_head(head(title="A", link="arXiv:1502.03167v2 [cs.LG]"))
    assert (found.link, found.arxiv_id) == (None, "1502.03167")


def test_fields_for_the_identifiers() -> None:
    found = parse_head("Title: A\nDOI: 10.1145/3065386\narXiv: cs.CV/0112017v1\n")
    assert (found.doi, found.arxiv_id) == ("10.1145/3065386", "cs/0112017")
    found = parse_head("Title: A\nDOI: https://doi.org/10.1145/3065386\narXiv: arXiv:1502.03167\n")
    assert (found.doi, found.arxiv_id) == ("10.1145/3065386", "1502.03167")


def test_several_links_the_first_is_shown_and_each_identifies() -> None:
    written = (
        "[code](https://example.org/x), [paper](https://arxiv.org/pdf/1502.03167.pdf), https://doi.org/10.1/x"
    )
    found = parse_head(head(title="A", link=written.replace("10.1/x", "10.1000/X")))
    assert (found.link, found.arxiv_id, found.doi) == ("https://example.org/x", "1502.03167", "10.1000/x")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("\ufeff \r\n\n", "it is empty"),
        ("# About\n\nShort summaries of papers.\n\n* [A](a.md)\n", "it has no head with a title"),
        ("# Paper\n", "it has no head with a title"),
        ("* **Authors**: Ada\n* **Year**: 2001\n", "its head has no title, only: authors, year"),
        ("* **Title**:\n* **Year**: 2001\n", "its title is empty"),
        ("---\nlayout: post\n---\nTitle: A\n", "it has no head with a title"),
        ("---\n", "it has no head with a title"),
        ("Text.\n" * 40 + "Title: A\n", "it has no head with a title"),
    ],
)
def test_refusals_say_why(text: str, reason: str) -> None:
    with pytest.raises(NoteRefused) as refused:
        parse_head(text)
    assert str(refused.value).startswith(reason)
