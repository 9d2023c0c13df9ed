"""Links to papers: the address in a piece of text, and the arXiv id or DOI that an address holds."""

import re
from urllib.parse import parse_qs, unquote, urlsplit

LONGEST_ADDRESS = 2_000  # characters; what is longer is no link to a paper

_ADDRESS = re.compile(r"https?://(?=\w)[^\s<>\[\]\"`|]+", re.IGNORECASE)

_NEW_ARXIV = r"\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}"
_OLD_ARXIV = r"[a-z][a-z-]+(?:\.[a-z]{2})?/\d{7}"
_ARXIV_ID = re.compile(rf"(?P<id>{_NEW_ARXIV}|{_OLD_ARXIV})(?:v\d+)?(?!\d)", re.IGNORECASE)
_ARXIV_PAGES = ("abs/", "pdf/", "html/", "format/", "ps/", "e-print/", "src/")
_ARXIV_HOSTS = re.compile(r"(?:[a-z0-9-]+\.)*(?:arxiv|ar5iv)\.org")
_ARXIV_WRITTEN = re.compile(r"\s*arxiv:\s*(?P<rest>\S+)", re.IGNORECASE)
_ARXIV_DOI = "10.48550/arxiv."

_DOI = re.compile(r"10\.\d{4,9}(?:\.\d+)*/\S+")
_DOI_WRITTEN = re.compile(r"\s*doi:\s*(?P<rest>\S+)", re.IGNORECASE)
_DOI_HOSTS = {"doi.org", "dx.doi.org", "www.doi.org"}
# Publishers whose pages have the DOI in the path after one of these words.
_DOI_PAGES = re.compile(
    r"^/(?:[a-z0-9-]+/)*?(?:doi|article|articles|chapter|book|abstract|content|content/pdf|pdf|full)/"
    r"(?:(?:abs|pdf|pdfdirect|epdf|full|fullhtml|book|ref)/)?(?=10\.)",
    re.IGNORECASE,
)
_PUBLISHERS = (
    "dl.acm.org", "link.springer.com", "onlinelibrary.wiley.com", "journals.aps.org", "pubs.acs.org",
    "tandfonline.com", "journals.sagepub.com", "science.org", "pnas.org", "royalsocietypublishing.org",
    "iopscience.iop.org", "pubs.aip.org", "journals.plos.org", "biorxiv.org", "medrxiv.org",
    "frontiersin.org", "worldscientific.com", "liebertpub.com", "epubs.siam.org", "pubsonline.informs.org",
    "degruyter.com", "annualreviews.org", "ascelibrary.org", "nejm.org",
)  # fmt: skip
_ENDINGS = re.compile(
    r"(?:/(?:full|abstract|meta|pdf|summary|html)|\.full(?:\.pdf)?|\.pdf|\.html?)$", re.IGNORECASE
)
_PREPRINT_VERSION = re.compile(r"v\d+$")


def addresses(text: str) -> list[str]:
    """Every http or https address in a text, as Markdown writes them: bare, <…> or [name](…)."""
    return [_trimmed(found) for found in _ADDRESS.findall(text) if len(found) <= LONGEST_ADDRESS]


def arxiv_id(link: str) -> str | None:
    """The arXiv id in an address, `arXiv:…` or arXiv's own DOI; without version and subject class.

    Shape: `1502.03167`, or `cs/0112017` for papers before April 2007; None when there is none.
    """
    if written := _ARXIV_WRITTEN.match(link):
        return _read_arxiv(written["rest"])
    named = doi(link)
    if named is not None and named.startswith(_ARXIV_DOI):
        return _read_arxiv(named.removeprefix(_ARXIV_DOI))
    host, path = _host_and_path(link)
    if not (_ARXIV_HOSTS.fullmatch(host) or host == "ar5iv.labs.arxiv.org"):
        return None
    page = path.lstrip("/")
    start = next((start for start in _ARXIV_PAGES if page.lower().startswith(start)), None)
    return None if start is None else _read_arxiv(page[len(start) :])


def doi(link: str) -> str | None:
    """The DOI in `doi:…`, in an address of doi.org, or in the address of a page of a known publisher.

    Shape: lower case, as DOIs are compared; None when the address itself holds none.
    """
    if written := _DOI_WRITTEN.match(link):
        return _read_doi(written["rest"])
    host, path = _host_and_path(link)
    if host in _DOI_HOSTS:
        return _read_doi(path.lstrip("/"))
    if not any(host == known or host.endswith("." + known) for known in _PUBLISHERS):
        return None
    if page := _DOI_PAGES.match(path):
        return _publisher_doi(host, path[page.end() :])
    asked = parse_qs(urlsplit(link).query).get("id", [""])[0]
    return _read_doi(asked)


def _publisher_doi(host: str, rest: str) -> str | None:
    """Publishers put words for the kind of page after the DOI, preprint servers a version too."""
    while (shorter := _ENDINGS.sub("", rest)) != rest:
        rest = shorter
    return _read_doi(_PREPRINT_VERSION.sub("", rest) if host.endswith("rxiv.org") else rest)


def _read_arxiv(text: str) -> str | None:
    found = _ARXIV_ID.match(text)
    if found is None:
        return None
    archive, slash, number = found["id"].lower().rpartition("/")
    return archive.partition(".")[0] + slash + number


def _read_doi(text: str) -> str | None:
    found = _DOI.fullmatch(text.strip().rstrip("/.,;"))
    return found[0].lower() if found else None


def _host_and_path(link: str) -> tuple[str, str]:
    if len(link) > LONGEST_ADDRESS:
        return "", ""
    try:
        parts = urlsplit(link.strip())
        host = parts.hostname or ""
    except ValueError:  # not an address, for example a broken IPv6 host
        return "", ""
    return (host, unquote(parts.path)) if parts.scheme in {"http", "https"} else ("", "")


def _trimmed(address: str) -> str:
    """Without the punctuation of the sentence or the link around it; closing brackets need an opening one."""
    while address[-1] in ".,;:!?'*" or (address[-1] == ")" and address.count(")") > address.count("(")):
        address = address[:-1]
    return address
