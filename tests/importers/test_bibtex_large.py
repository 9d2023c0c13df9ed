"""Large and hostile files: everything is answered, and nothing recurs or grows faster than the file."""

import pytest

from service.domain.paper import PaperFields
from service.importers.bibtex import BibtexEntry, RefusedEntry, parse_bibtex
from service.importers.bibtex_macros import MOST_EXPANDED
from service.importers.bibtex_writing import to_bibtex

MILLION = 1_000_000
TITLE = "@misc{k, author={A}, title={"


def a_paper(number: int) -> PaperFields:
    return PaperFields(
        bibtex_key=f"conf/conf{number % 40}/Author{number}",
        title=f"On {number} GANs & $O(n^{{{number}}})$: a Survey",
        authors=tuple(f"Jörg Müller-{number + i}" for i in range(1 + number % 8)),
        abstract="We study it -- at 100%.\n\n" + "Words, in sentences. " * 40 + "End.",
        venue_key=f"conf/conf{number % 40}",
        venue_name=f"Conference {number % 40}",
        year=1990 + number % 30,
        keywords=("vision", f"topic {number % 100}"),
        doi=f"10.1000/{number}",
        url=f"https://example.org/paper_{number}",
    )


def test_two_thousand_entries() -> None:
    written = [a_paper(number) for number in range(2_000)]
    read = parse_bibtex("\n".join(map(to_bibtex, written)))
    assert [e.fields.title for e in read if isinstance(e, BibtexEntry)] == [p.title for p in written]
    assert len(read) == 2_000


@pytest.mark.parametrize(
    "opening", ["@misc{k,\n", "@misc(k,\n", "@comment{\n", "@comment(\n", '@misc(k, t="{\n']
)
def test_ten_thousand_blocks_that_are_never_closed(opening: str) -> None:
    read = parse_bibtex(opening * 10_000)
    assert [e.line for e in read if isinstance(e, RefusedEntry)] == list(range(1, 10_001))


@pytest.mark.parametrize(
    "source",
    [
        TITLE + "{" * MILLION,
        TITLE + "x" * MILLION + "}}",
        TITLE + "$" * MILLION + "}}",
        TITLE + "$a{$b}" * (MILLION // 6) + "}}",
        TITLE + r"\(" * (MILLION // 2) + "}}",
        TITLE + r"\'" * (MILLION // 2) + "e}}",
        TITLE + r"\foo{" * (MILLION // 10) + "}" * (MILLION // 10) + "}}",
        TITLE + "a" + "\u0301\u0316" * (MILLION // 2) + "}}",
        "@misc{k, title={T}, author={a" + "\u0301\u0316" * (MILLION // 2) + "}}",
        "@misc{k, title={T}, author={" + "A and " * (MILLION // 6) + "B}}",
        "@misc{k, title={T}, author={" + "," * MILLION + "}}",
        "@misc{k, title={T}, author={A}, doi={10.1000/" + "\u0301\u0316" * (MILLION // 2) + "}}",
        "@misc{" + "k" * MILLION + ", title={T}, author={A}}",
        "\x00" * MILLION,
    ],
    ids=range(14),
)
def test_a_megabyte_of_one_thing_is_one_refusal(source: str) -> None:
    (refusal,) = parse_bibtex(source)
    assert isinstance(refusal, RefusedEntry)
    assert refusal.line == 1
    assert len(refusal.reason) < 200


def test_spaces_by_the_megabyte_are_nothing() -> None:
    spaces = " " * MILLION
    (entry,) = parse_bibtex(f"{spaces}@misc{{k,{spaces}title={{T{spaces}U}},author={{A{spaces}B}}}}{spaces}")
    assert isinstance(entry, BibtexEntry)
    assert (entry.fields.title, entry.fields.authors) == ("T U", ("A B",))


def test_abbreviations_that_double_each_other_are_bounded() -> None:
    doubling = "".join(f"@string{{s{n} = s{n - 1} # s{n - 1}}}\n" for n in range(1, 40))
    read = parse_bibtex('@string{s0 = "abcdefgh"}\n' + doubling + "@misc{k, title=s1, author={A}}")
    assert isinstance(read[-1], BibtexEntry)
    assert len(read) == 31  # s10 has more than 5,000 characters, and what follows it is not defined
    uses = "s # " * (MOST_EXPANDED // 5_000)
    many = f"@string{{s = {{{'x' * 5_000}}}}}\n@misc{{k, author={{A}}, title={{T}}, abstract={uses}s}}"
    (refusal,) = parse_bibtex(many)
    assert isinstance(refusal, RefusedEntry)
    assert "abbreviations become more than 10,000,000 characters" in refusal.reason
