"""What an address says about a paper."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.importers.note_head import NoteRefused, parse_head
from service.importers.paper_link import addresses, arxiv_id, doi


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("http://arxiv.org/abs/1502.03167", "1502.03167"),
        ("https://www.arxiv.org/abs/1502.03167v3", "1502.03167"),
        ("https://arxiv.org/pdf/1502.03167", "1502.03167"),
        ("https://arxiv.org/pdf/1502.03167v12.pdf", "1502.03167"),
        ("https://arxiv.org/pdf/0704.0001.pdf#page=3", "0704.0001"),
        ("https://export.arxiv.org/abs/1502.03167?context=cs", "1502.03167"),
        ("https://de.arxiv.org/abs/1502.03167/", "1502.03167"),
        ("https://arxiv.org/html/2401.00001v1", "2401.00001"),
        ("https://ar5iv.labs.arxiv.org/html/1502.03167", "1502.03167"),
        ("HTTPS://ARXIV.ORG/ABS/1502.03167", "1502.03167"),
        ("https://arxiv.org/abs/cs/0112017", "cs/0112017"),
        ("https://arxiv.org/pdf/hep-th/9901001v2.pdf", "hep-th/9901001"),
        ("https://arxiv.org/abs/math.GT/0309136", "math/0309136"),
        ("https://arxiv.org/abs/cs%2F0112017", "cs/0112017"),
        ("arXiv:1502.03167v2", "1502.03167"),
        ("arxiv: cs/0112017", "cs/0112017"),
        ("https://doi.org/10.48550/arXiv.1502.03167", "1502.03167"),
        ("https://arxiv.org/abs/1513.03167", None),
        ("https://arxiv.org/abs/1502.031678", None),
        ("https://arxiv.org/abs/cs/01120171", None),
        ("https://arxiv.org/list/cs.LG/recent", None),
        ("https://arxiv.org/", None),
        ("https://notarxiv.org/abs/1502.03167", None),
        ("https://arxiv.org.example.com/abs/1502.03167", None),
        ("https://example.org/arxiv.org/abs/1502.03167", None),
        ("ftp://arxiv.org/abs/1502.03167", None),
        ("https://[broken/abs/1502.03167", None),
        ("1502.03167", None),
        ("", None),
    ],
)
def test_arxiv_ids(link: str, found: str | None) -> None:
    assert arxiv_id(link) == found


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("https://doi.org/10.1145/3065386", "10.1145/3065386"),
        ("http://dx.doi.org/10.1109/CVPR.2014.220", "10.1109/cvpr.2014.220"),
        ("https://doi.org/10.1007%2F978-3-319-10590-1_53.", "10.1007/978-3-319-10590-1_53"),
        ("doi:10.1038/nature14539", "10.1038/nature14539"),
        ("https://doi.org/10.1002/(SICI)1097-0258", "10.1002/(sici)1097-0258"),
        ("https://dl.acm.org/doi/10.1145/3065386", "10.1145/3065386"),
        ("https://dl.acm.org/doi/pdf/10.1145/3065386?download=true", "10.1145/3065386"),
        ("https://link.springer.com/article/10.1007/s11263-015-0816-y", "10.1007/s11263-015-0816-y"),
        ("https://link.springer.com/content/pdf/10.1007/s11263-015-0816-y.pdf", "10.1007/s11263-015-0816-y"),
        ("https://onlinelibrary.wiley.com/doi/full/10.1111/cgf.13386", "10.1111/cgf.13386"),
        (
            "https://journals.aps.org/prl/abstract/10.1103/PhysRevLett.116.061102",
            "10.1103/physrevlett.116.061102",
        ),
        (
            "https://journals.plos.org/plosone/article?id=10.1371/journal.pone.0130140",
            "10.1371/journal.pone.0130140",
        ),
        ("https://www.biorxiv.org/content/10.1101/2020.01.01.123456v2.full.pdf", "10.1101/2020.01.01.123456"),
        (
            "https://www.frontiersin.org/articles/10.3389/fnins.2017.00682/full",
            "10.3389/fnins.2017.00682",
        ),
        ("https://www.pnas.org/doi/abs/10.1073/pnas.1611835114", "10.1073/pnas.1611835114"),
        ("https://iopscience.iop.org/article/10.1088/1742-5468/ab39d9/meta", "10.1088/1742-5468/ab39d9"),
        ("https://www.nature.com/articles/nature14539", None),
        ("https://example.org/doi/10.1145/3065386", None),
        ("https://doi.org/", None),
        ("https://doi.org/11.1145/3065386", None),
        ("https://dl.acm.org/citation.cfm?id=3065386", None),
        ("http://arxiv.org/abs/1502.03167", None),
        ("", None),
    ],
)
def test_dois(link: str, found: str | None) -> None:
    assert doi(link) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("http://a.org/x", ["http://a.org/x"]),
        ("[http://a.org/x](http://a.org/x)", ["http://a.org/x", "http://a.org/x"]),
        ('[name](http://a.org/x "title"), and <https://b.org/y>.', ["http://a.org/x", "https://b.org/y"]),
        ("(see http://a.org/x_(y)).", ["http://a.org/x_(y)"]),
        ("**http://a.org/x**", ["http://a.org/x"]),
        ("http:// ftp://a.org none", []),
    ],
)
def test_addresses(text: str, found: list[str]) -> None:
    assert addresses(text) == found


def test_an_endless_address_is_none() -> None:
    endless = "https://dl.acm.org/doi/10.1145/3065386" + "/full" * 1_000
    assert addresses(endless) == []
    assert doi(endless) is None
    assert parse_head(f"Title: A\nLink: {endless}").link is None


@given(st.text(alphabet=st.sampled_from("ab10.:/()[]<>*_-# \n\"'%,;"), max_size=80))
def test_any_text_is_read_or_refused(noise: str) -> None:
    for link in [
        *addresses(noise),
        f"https://doi.org/{noise}",
        f"https://arxiv.org/abs/{noise}",
        f"http://{noise}",
    ]:
        found = arxiv_id(link), doi(link)
        assert all(value is None or value == value.lower() for value in found)
    try:
        title = parse_head(f"Title: {noise}\nAuthors: {noise}\nLink: {noise}").title
    except NoteRefused:
        return
    assert title == title.strip() != ""
