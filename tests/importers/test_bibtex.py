"""What a BibTeX file gives: papers' metadata, and refusals with their lines."""

from datetime import date

import pytest

from service.domain.events import MetadataSource
from service.domain.paper import PaperFields
from service.importers.bibtex import BibtexEntry, RefusedEntry, parse_bibtex

DBLP = r"""
@inproceedings{DBLP:conf/cvpr/TaigmanYRW14,
  author    = {Yaniv Taigman and
               M{\"{u}}ller, J{\"o}rg},
  title     = {{DeepFace}: Closing the {G}ap},
  booktitle = {2014 {IEEE} Conference},
  pages     = {1701--1708},
  year      = {2014},
  url       = {https://doi.org/10.1109/CVPR.2014.220},
  doi       = {10.1109/CVPR.2014.220\_1},
  timestamp = {Fri, 27 Mar 2020 08:45:57 +0100},
  bibsource = {dblp computer science bibliography, https://dblp.org}
}
"""


def one(fields: str, key: str = "k") -> PaperFields:
    (entry,) = parse_bibtex(f"@article{{{key},{fields}}}")
    assert isinstance(entry, BibtexEntry), entry
    return entry.fields


def paper(fields: str, key: str = "k") -> PaperFields:
    return one(f"title = {{T}}, author = {{A}}, {fields}", key)


def refused(source: str) -> list[tuple[int, str | None, str]]:
    return [(e.line, e.key, e.reason) for e in parse_bibtex(source) if isinstance(e, RefusedEntry)]


def keys(source: str) -> list[str]:
    return [e.fields.bibtex_key for e in parse_bibtex(source) if isinstance(e, BibtexEntry)]


def test_an_entry_of_dblp() -> None:
    (entry,) = parse_bibtex(DBLP)
    assert entry == BibtexEntry(
        line=2,
        entry_type="inproceedings",
        fields=PaperFields(
            bibtex_key="conf/cvpr/TaigmanYRW14",
            title="DeepFace: Closing the Gap",
            authors=("Yaniv Taigman", "Jörg Müller"),
            venue_key="conf/cvpr",
            venue_name="2014 IEEE Conference",
            year=2014,
            doi="10.1109/cvpr.2014.220_1",
            url="https://doi.org/10.1109/CVPR.2014.220",
            source=MetadataSource.BIBTEX,
        ),
        raw=DBLP.strip(),
    )


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\"{o} \"o {\"o} {\"{o}} \" o", "ö ö ö ö ö"),
        (r"{\'e}{\`e}{\^e}{\~n}{\=a}{\.z}{\u g}{\v{c}}{\H{o}}{\r a}{\c c}{\k{a}}{\d s}", "éèêñāżğčőåçąṣ"),
        (r"\'{\i}\'\i{}\`{\j}", "ííj̀"),
        (r"\'{\^e} \d{\'o}", "ế ọ́"),
        (r"{\ss}{\o}{\O}{\l}{\L}{\ae}{\OE}{\aa}{\AA} \i \S{}", "ßøØłŁæŒåÅ ı§"),
        (r"stra\ss e", "straße"),
        (r"R\&D 100\% a\_b \#1 \$5 \{x\}", "R&D 100% a_b #1 $5 {x}"),
        ("pages 1--2 --- x-y", "pages 1–2 — x-y"),
        (r"a\textendash b{\textemdash}c\textbackslash d", "a–b—c\\d"),
        ("``so'' it's `x'", "“so” it's `x'"),
        (r"M.~Smith \~{} \^{} {\textasciitilde}", "M. Smith ~ ^ ~"),
        ("{GAN}s and {{Deep} Nets}", "GANs and Deep Nets"),
        (
            r"$O(n^{2})$ {and} $$\sum_{i} x$$ and \(\alpha^{2}\)",
            r"$O(n^{2})$ and $$\sum_{i} x$$ and \(\alpha^{2}\)",
        ),
        (r"\emph{very} \textbf{deep} {\it nets}", "very deep nets"),
        (r"\unknown{\"o} x", r"\unknown{ö} x"),
        ("a lone $ and a {$}", "a lone $ and a $"),
        ("  two\n   lines\t", "two lines"),
        (r"na\-ive \'", "naive '"),
        ("e\u0301", "é"),
    ],
)
def test_latex_in_titles(latex: str, text: str) -> None:
    assert one(f"author = {{A}}, title = {{{latex}}}").title == text


def test_latex_in_the_other_texts() -> None:
    fields = paper(
        r"journal = {{\'E}tudes \& Co}, abstract = {\"Uber 5\%.}, keywords = {na{\"\i}ve, b; {c, d},}"
    )
    assert fields.venue_name == "Études & Co"
    assert fields.abstract == "Über 5%."
    assert fields.keywords == ("naïve", "b", "c, d")


def test_an_abstract_keeps_its_paragraphs_and_not_its_line_ends() -> None:
    assert paper("abstract = {One\n  two.\n\n  Three.}").abstract == "One two.\n\nThree."
    assert paper("abstract = { }").abstract is None


@pytest.mark.parametrize(
    ("author", "names"),
    [
        ("A B and C D", ("A B", "C D")),
        ("Knuth, Donald E. and van der Berg, Jan", ("Donald E. Knuth", "Jan van der Berg")),
        ("King, Jr, Martin Luther", ("Martin Luther King Jr",)),
        ("{Google Brain} and {Barnes and Noble, Inc.}", ("Google Brain", "Barnes and Noble, Inc.")),
        ("A B AND C\n\tand D and others", ("A B", "C", "D")),
        (r"L{\'o}pez de M{\'a}ntaras, R. and M\"{u}ller", ("R. López de Mántaras", "Müller")),
        ("Anders Sandberg", ("Anders Sandberg",)),
        ("others", ()),
        ("", ()),
    ],
)
def test_names(author: str, names: tuple[str, ...]) -> None:
    assert one(f"title = {{T}}, author = {{{author}}}").authors == names


@pytest.mark.parametrize(
    ("fields", "year", "day"),
    [
        ("year = 2015", 2015, None),
        ('year = "2015", month = mar', 2015, None),
        ("year = {2015}, month = mar, day = 7", 2015, date(2015, 3, 7)),
        ("year = 2015, month = 3, day = {07}", 2015, date(2015, 3, 7)),
        ('year = 2015, month = mar # "~12"', 2015, date(2015, 3, 12)),
        ('year = 2015, month = "12~" # MAR', 2015, date(2015, 3, 12)),
        ("year = 2015, month = {Sept. 30}", 2015, date(2015, 9, 30)),
        ("year = 2015, month = {Jul--Aug}, day = 3", 2015, None),
        ("date = {2015-03-12}", 2015, date(2015, 3, 12)),
        ("date = {2015-03-12/2015-03-15}", 2015, date(2015, 3, 12)),
        ("date = {2015-03}", 2015, None),
        ("year = {2016}, date = {2015-03-12}", 2016, date(2015, 3, 12)),
        ("year = {}, date = {2015-03-12}", None, date(2015, 3, 12)),
        ("month = mar, day = 7", None, None),
    ],
)
def test_years_and_days(fields: str, year: int | None, day: date | None) -> None:
    read = paper(fields)
    assert (read.year, read.published_on) == (year, day)


@pytest.mark.parametrize(
    ("fields", "arxiv_id"),
    [
        ("eprint = {1503.03832}, archivePrefix = {arXiv}", "1503.03832"),
        ("eprint = {arXiv:1503.03832v2}, eprinttype = {arxiv}", "1503.03832"),
        ("eprint = {cs.LG/0112017}", "cs/0112017"),
        ("eprint = {https://arxiv.org/pdf/1503.03832}", "1503.03832"),
        ("eprint = {hal-0123}, eprinttype = {hal}, url = {https://arxiv.org/abs/1503.03832}", None),
        ("url = {http://arxiv.org/abs/1503.03832v1}", "1503.03832"),
        ("volume = {abs/1503.03832}", "1503.03832"),
        ("doi = {10.48550/arXiv.1503.03832}", "1503.03832"),
        ("journal = {arXiv preprint arXiv:1503.03832}", "1503.03832"),
        ("eprint = {}, url = {http://arxiv.org/abs/1503.03832}", None),
        ("volume = {12}", None),
    ],
)
def test_arxiv_ids(fields: str, arxiv_id: str | None) -> None:
    assert paper(fields).arxiv_id == arxiv_id


@pytest.mark.parametrize(
    ("fields", "doi"),
    [
        ("doi = {10.1109/CVPR.2015.7298682}", "10.1109/cvpr.2015.7298682"),
        (r"doi = {https://doi.org/10.1007/978-3\_28}", "10.1007/978-3_28"),
        ("url = {https://dx.doi.org/10.1109/CVPR.2015.7298682}", "10.1109/cvpr.2015.7298682"),
        ("doi = {}, url = {https://doi.org/10.1109/x}", None),
    ],
)
def test_dois(fields: str, doi: str | None) -> None:
    assert paper(fields).doi == doi


def test_addresses_are_not_latex() -> None:
    assert paper(r"url = {\url{http://a.org/~b/c\_d--e%20\&f}}").url == "http://a.org/~b/c_d--e%20&f"


@pytest.mark.parametrize(
    ("key", "venue_key"),
    [
        ("conf/cvpr/X15", "conf/cvpr"),
        ("journals/corr/abs-1", "journals/corr"),
        ("conf/cvpr", None),
        ("x", None),
    ],
)
def test_venues_from_keys(key: str, venue_key: str | None) -> None:
    assert paper("", key).venue_key == venue_key


def test_abbreviations_and_joining() -> None:
    source = '@STRING(ieee = "IEEE")\n@string{cvpr = ieee # { Vision }# "14"}\n'
    source += "@misc{k, title={T}, author={A}, journal=CVPR}"
    (entry,) = parse_bibtex(source)
    assert isinstance(entry, BibtexEntry)
    assert entry.fields.venue_name == "IEEE Vision 14"


def test_quotes_braces_and_parentheses() -> None:
    source = r'@misc(k, title = "A {"Foo, Bar"} \"o", author = {B (C)} , note = "(",)'
    (entry,) = parse_bibtex(source)
    assert isinstance(entry, BibtexEntry)
    assert (entry.fields.title, entry.fields.authors) == ('A "Foo, Bar" ö', ("B (C)",))
    assert entry.raw == source


GOOD = "@misc{good, title={T}, author={A}}"


@pytest.mark.parametrize(
    ("bad", "key", "reason"),
    [
        ("@misc{b, author={A}}", "b", "It has no title."),
        ("@misc{b, title={T}}", "b", "It has no author."),
        ("@misc{b, title={ {} }, author={A}}", "b", "Its title is empty."),
        ("@misc{b}", "b", "It has no title."),
        ("@misc{, title={T}, author={A}}", None, "It has no key before its first field"),
        ("@misc{title={T}, author={A}}", None, "It has no key before its first field"),
        ("@misc{b c, title={T}, author={A}}", None, "a key with a space in it"),
        ("@misc{b, title={T}, author={A}", "b", "Its opening { is never closed."),
        ("@misc{b, title={T, author={A}}", "b", "Its opening { is never closed."),
        ('@misc{b, title="T, author={A}}', "b", "never closed"),
        (
            "@misc{b, title={T} author={A}}",
            "b",
            "After the value of title a comma should",
        ),
        ("@misc{b, title, author={A}}", "b", "A field's name and = should stand before 'title"),
        ("@misc{b, title=, author={A}}", "b", "A value should stand before"),
        (
            "@misc{b, title={T}, author={A}, journal=nope}",
            "b",
            "The abbreviation 'nope' is not defined above",
        ),
        ("@misc{b, title={T}, author={A}, note=nope}", "b", "The abbreviation 'nope' is not defined above"),
        ('@string{a = "x" # nope}', None, "The abbreviation 'nope' is not defined above"),
        ("@misc{b, title={T}, title={U}, author={A}}", "b", "It has the field title twice"),
        ("@misc{b, title={T}, author={A, B, C, D}}", "b", "has more than two commas"),
        ("@misc{b, title={T}, author={A}, year={in press}}", "b", "The year 'in press' is not a number"),
        ("@misc{b, title={T}, author={A}, year=2015, month=feb, day=30}", "b", "There is no day 2015-2-30."),
        ("@misc{b, title={T}, author={A}, date={soon}}", "b", "The date 'soon' is not like 2015-03-12."),
        ("@misc{b, title={T}, author={A}, doi={N/A}}", "b", "A doi looks like"),
        ("@misc{b, title={T}, author={A}, url={www.a.org}}", "b", "The url must be a whole address"),
        ("@misc{b, title={T\x00}, author={A}}", "b", "U+0000"),
        (r"@misc{b, title={T\symbol{55296}}, author={A}}", "b", "U+D800"),
        ("@misc{good, title={U}, author={A}}", "good", "Its key good is that of the entry on line 2."),
        ("not an entry", None, "This is no entry: 'not an entry'."),
        ("@comment{x}", None, "A @comment holds no paper."),
        ('@preamble{"x"}', None, "A @preamble holds no paper."),
    ],
)
def test_a_refusal_has_its_line_and_reason_and_the_rest_goes_on(
    bad: str, key: str | None, reason: str
) -> None:
    source = f"% a comment\n{GOOD}\n\n{bad}\n{GOOD.replace('good', 'after')}\n"
    (refusal,) = refused(source)
    assert refusal[:2] == (4, key)
    assert reason in refusal[2]
    assert keys(source) == ["good", "after"]


def test_identifiers_are_taken_once_in_a_file() -> None:
    entry = "@misc{{{}, title={{T}}, author={{A}}, doi={{{}}}, eprint={{{}}}, archiveprefix={{arXiv}}}}\n"
    source = entry.format("a", "10.1000/X", "1503.03832")
    source += entry.format("b", "https://doi.org/10.1000/x", "1503.03833")
    source += entry.format("c", "10.1000/y", "1503.03832v2")
    source += entry.format("d", "10.1000/y", "1503.03833")
    assert keys(source) == ["a", "d"]
    assert [line for line, _, _ in refused(source)] == [2, 3]


def test_line_ends_and_byte_order_mark() -> None:
    source = f"\ufeff{GOOD}\r\n\r\njunk\r\n@misc{{b,\r\n title={{T\r\n U}},\r\n author={{A}}}}\r\n"
    good, junk, other = parse_bibtex(source)
    assert isinstance(good, BibtexEntry)
    assert isinstance(junk, RefusedEntry)
    assert isinstance(other, BibtexEntry)
    assert (good.line, junk.line, other.line) == (1, 3, 4)
    assert other.fields.title == "T U"


def test_an_empty_file_gives_nothing() -> None:
    assert parse_bibtex("") == parse_bibtex("\n % nothing\n") == []
