"""HTML out of templates, everything escaped that is not HTML already."""

from collections.abc import Iterable
from functools import cache
from html import escape
from importlib.resources import files
from string import Formatter
from typing import Any


class Html(str):
    """Text that is HTML and goes into a page as it is."""

    __slots__ = ()


class _Escaping(Formatter):
    """`{name}` puts a value in, escaped unless it is Html; nothing else of format strings is used."""

    def format_field(self, value: Any, format_spec: str) -> str:
        return value if isinstance(value, Html) else escape(format(value, format_spec))


_FORMATTER = _Escaping()
NOTHING = Html("")


def fill(template: str, /, **values: Any) -> Html:
    """A template with its values. Errors: KeyError for one that is missing."""
    return Html(_FORMATTER.vformat(template, (), values))


def page_part(name: str, /, **values: Any) -> Html:
    """The template of that name in `templates`, filled."""
    return fill(template(name), **values)


@cache
def template(name: str) -> str:
    """A file of `templates`."""
    return (files("service.web") / "templates" / name).read_text(encoding="utf-8")


def joined(parts: Iterable[str], separator: str = "") -> Html:
    """Parts after one another, each escaped unless it is Html."""
    return Html(escape(separator).join(part if isinstance(part, Html) else escape(part) for part in parts))
