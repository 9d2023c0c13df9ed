"""The last gate before a page: only listed elements, attributes and values pass."""

import re
from typing import Any

import nh3

_TEXT = "a b blockquote br code em h1 h2 h3 h4 h5 h6 hr i img li ol p pre s section span strong sup u ul"
_TABLE = "table thead tbody tr th td"
_MATH = (
    "math menclose mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mspace msqrt"
    " mstyle msub msubsup msup mtable mtd mtext mtr munder munderover"
)
_MATH_ATTRIBUTES = (
    "accent accentunder class columnalign columnlines depth display displaystyle fence form height largeop"
    " linethickness lspace mathvariant maxsize minsize movablelimits notation rowlines rspace scriptlevel"
    " separator stretchy style symmetric voffset width"
)
_ATTRIBUTES = {
    "a": {"href", "title", "id"},
    "code": {"class"},
    "img": {"src", "alt", "title"},
    "li": {"id"},
    "ol": {"start"},
    "section": {"class"},
    "span": {"class", "style"},
    "td": {"style"},
    "th": {"style"},
} | {element: set(_MATH_ATTRIBUTES.split()) for element in _MATH.split()}
_STYLES = (
    "border-bottom border-left border-right border-top color font-size font-variant-caps justify-items"
    " margin-left math-shift padding-bottom padding-left padding-right padding-top text-align width"
)
_LENGTHS = {"depth", "height", "lspace", "maxsize", "minsize", "rspace", "voffset", "width"}
_LENGTH = re.compile(r"[+-]?\d{0,2}(?:\.\d{1,9})?(?:em|ex|rem|px|pt|mu|%)?|100%")
_STYLE = re.compile(
    r"(?:[a-zA-Z-]+: ?(?:#[0-9A-Fa-f]{6}|100%|-?\d{0,2}(?:\.\d{1,9})?[a-z%]*|[ a-z0-9.-]+);? ?)*"
)
_USUAL_STYLE = re.compile(r"(?:[a-z-]+:(?:[a-z]+|0\.05em solid currentcolor|\d(?:\.\d{1,9})?(?:em)?);?)++")
_HUGE = re.compile(r"\d{3,}(?:\.\d+)?(?:[a-z]|%(?<!100%))")
_CLASS = re.compile(
    r"language-[\w+#.-]{1,40}|math-error|missing-image|footnotes|menclose-[a-z]+|math-core-[a-z-]+"
)
_ID = re.compile(r"(?:[\w-]{1,64}-)?fn(?:ref)?-\d{1,6}", re.ASCII)


# Finds any attribute of the gate's own output that `_attribute` could refuse, and perhaps others: the output
# writes each attribute as ` name="value"`, and a value holds no quotation mark.
_SUSPICIOUS = re.compile(
    rf' (?:src="(?!https://)|id="(?!{_ID.pattern}")|class="(?!(?:{_CLASS.pattern})")'
    rf'|style="(?!{_USUAL_STYLE.pattern}")'
    rf'|(?:{"|".join(sorted(_LENGTHS))})="(?!(?:{_LENGTH.pattern})"))',
    re.ASCII,
)
_OPTIONS: dict[str, Any] = {
    "tags": set(f"{_TEXT} {_TABLE} {_MATH}".split()),
    "attributes": _ATTRIBUTES,
    "filter_style_properties": set(_STYLES.split()),
    "url_schemes": {"http", "https", "mailto"},
    "tag_attribute_values": {"img": {"loading": {"lazy"}, "referrerpolicy": {"no-referrer"}}},
    "link_rel": "nofollow ugc noopener",
}


def clean(html: str) -> str:
    """Safe HTML: no scripts, no foreign styles, images over https only, links that are not endorsed.

    Cleaning again changes nothing. Values of attributes are looked at one by one only if one looks unusual:
    asking about each would double the time.
    """
    kept: str = _QUICK.clean(html)
    return _CAREFUL.clean(html) if _SUSPICIOUS.search(kept) else kept


def _attribute(element: str, name: str, value: str) -> str | None:
    return value if _is_fit(element, name, value) else None


def _is_fit(element: str, name: str, value: str) -> bool:
    if name == "src":
        return value.lower().startswith("https://")
    if name == "id":
        return bool(_ID.fullmatch(value))
    if name == "class":
        return bool(_CLASS.fullmatch(value))
    if name == "style":
        return bool(_STYLE.fullmatch(value)) and not _HUGE.search(value)
    return name not in _LENGTHS or bool(_LENGTH.fullmatch(value))


_QUICK = nh3.Cleaner(**_OPTIONS)
_CAREFUL = nh3.Cleaner(**_OPTIONS, attribute_filter=_attribute)
