"""When a paper appeared, from `year`, `month`, `day` and biblatex's `date`."""

import re
from datetime import date

from service.domain.errors import Invalid
from service.importers.bibtex_latex import decode
from service.importers.bibtex_macros import MONTHS

_YEAR = re.compile(r"[0-9]{4}")
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?(?:[T/].*)?", re.DOTALL)
_DAY = re.compile(r"[0-9]{1,2}")
_MONTH = re.compile(r"(?:([0-9]{1,2})(?:\.| of)? )?([A-Za-z]{3,9})\.?(?: ([0-9]{1,2}))?")
_NUMBERS = {month[:length].lower(): n for n, month in enumerate(MONTHS, 1) for length in (3, 4, len(month))}


def year(texts: dict[str, str]) -> int | None:
    """From `year`, else from `date`. Errors: Invalid unless it is a number of four digits."""
    if "year" not in texts:
        return int(found[1]) if (found := _date(texts)) else None
    written = decode(texts["year"]).strip()
    if written and not (_YEAR.fullmatch(written) and written.isascii()):
        raise Invalid(f"The year {written[:20]!r} is not a number of four digits.")
    return int(written) if written else None


def published_on(texts: dict[str, str]) -> date | None:
    """The day, if year, month and day are all there. Errors: Invalid for a day that no calendar has."""
    if found := _date(texts):
        return _day(*found.groups())
    month, day = _month_and_day(" ".join(decode(texts.get("month", "")).split()))
    written = decode(texts.get("day", "")).strip() or day
    in_year = year(texts)
    return _day(str(in_year), month, written) if in_year and month and _DAY.fullmatch(written) else None


def _date(texts: dict[str, str]) -> re.Match[str] | None:
    written = decode(texts.get("date", "")).strip()
    found = _DATE.fullmatch(written)
    if written and not found:
        raise Invalid(f"The date {written[:20]!r} is not like 2015-03-12.")
    return found


def _day(year: str, month: str | None, day: str | None) -> date | None:
    if not month or not day:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError as error:
        raise Invalid(f"There is no day {year}-{month}-{day}.") from error


def _month_and_day(written: str) -> tuple[str, str]:
    """Both may be in `month`: `mar # "~12"`. What is no single month, such as a season, is none."""
    if _DAY.fullmatch(written):
        return written, ""
    found = _MONTH.fullmatch(written)
    if found is None or found[2].lower() not in _NUMBERS:
        return "", ""
    return str(_NUMBERS[found[2].lower()]), found[1] or found[3] or ""
