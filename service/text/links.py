r"""Links that need no Markdown: bare web addresses and `\cite{KEY}`."""

import re
from urllib.parse import quote

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

from service.text.effort import EFFORT

FAILED_ADDRESS = 200  # marks: reading a long address, in vain, takes as long as many of them
_PART = r"[^\s<>\[\]\"`\\\x00-\x20\x7f]"
_ADDRESS = re.compile(rf"https?://{_PART}{{1,1900}}+(?!{_PART})", re.IGNORECASE)
_SCHEME = re.compile(r"(?<![A-Za-z0-9+.-])https?$", re.IGNORECASE)
_IMAGE = re.compile(r"https://[^?#]+\.(?:png|jpe?g|gif|webp|svg|avif)(?:[?#].*)?", re.IGNORECASE)
_TRAILING = ".,;:!?'*_~"
_CITE = re.compile(r"\\cite[tp]?\{([^{}\n\\]{1,500})\}")


def links(parser: MarkdownIt) -> None:
    """Teach a parser to see bare addresses and citations."""
    parser.inline.ruler.before("escape", "cite", _cite)
    parser.inline.ruler.before("autolink", "address", _address)


def paper_link(key: str) -> str:
    """The address, within the site, of the paper with a BibTeX key."""
    return "/paper?bibtexKey=" + quote(key, safe="/:")


def is_image(href: str) -> bool:
    """Whether an address is fetched over https and names a file that is an image."""
    return bool(_IMAGE.fullmatch(href))


def _push_link(state: StateInline, href: str, text: str) -> None:
    """A link, or only its text inside another link: links cannot be nested."""
    nested = state.linkLevel > 0
    if not nested:
        opening = state.push("link_open", "a", 1)
        opening.attrs, opening.info = {"href": href}, "auto"
    state.push("text", "", 0).content = text
    if not nested:
        state.push("link_close", "a", -1)


def _cite(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "\\":
        return False
    found = _CITE.match(state.src, state.pos, state.posMax)
    keys = list(dict.fromkeys(key for part in found[1].split(",") if (key := part.strip()))) if found else []
    if found is None or not keys:
        return False
    if not silent:
        for index, key in enumerate(keys):
            if index:
                state.push("text", "", 0).content = ", "
            _push_link(state, paper_link(key), key)
    state.pos = found.end()
    return True


def _address(state: StateInline, silent: bool) -> bool:
    if not state.src.startswith("://", state.pos):
        return False
    scheme = _SCHEME.search(state.src, max(0, state.pos - 6), state.pos)
    if scheme is None:
        return False
    found = _ADDRESS.match(state.src, scheme.start(), state.posMax)
    if found is None:
        state.env[EFFORT].marks -= FAILED_ADDRESS // 10
        return False
    url = _trim(found[0])
    href = state.md.normalizeLink(url)
    if len(url) <= len(scheme[0]) + 3:
        return False
    if not state.md.validateLink(href):
        state.env[EFFORT].marks -= FAILED_ADDRESS
        return False
    return _push_address(state, silent, scheme[0], url, href)


def _push_address(state: StateInline, silent: bool, scheme: str, url: str, href: str) -> bool:
    start = state.pos - len(scheme)
    if not silent:
        if not state.pending.endswith(scheme):
            return False
        state.pending = state.pending[: -len(scheme)]
        _push_link(state, href, url)
    state.pos = start + len(url)
    return True


def _trim(url: str) -> str:
    """Without the punctuation that belongs to the sentence around it."""
    opened, closed = url.count("("), url.count(")")
    end = len(url)
    while end:
        if url[end - 1] == ")" and closed > opened:
            closed -= 1
        elif url[end - 1] not in _TRAILING:
            break
        end -= 1
    return url[:end]
