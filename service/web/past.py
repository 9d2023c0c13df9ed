"""Pages as they stood: which time an address asks for, what says so, and how to choose another day.

Days are chosen by links, not in a form: no page may send forms anywhere.
"""

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from urllib.parse import quote

from starlette.requests import Request

from schema.past import TOLERANCE
from service.web import parts
from service.web.markup import NOTHING, Html, fill, joined, page_part
from service.web.refusals import Refused, invalid

DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOMENT = re.compile(f"({DAY.pattern}T[0-9:]{{8}}(?:[.][0-9]{{1,6}})?)(Z|[+ -][0-9]{{2}}:[0-9]{{2}})")
YEARS = 100  # that can be chosen by links; the address takes any


@dataclass(frozen=True, slots=True)
class Then:
    """The time that a page is shown as of.

    Shape:  said is what an address says; a day means its end in UTC, today means now.
    """

    at: datetime
    said: str

    @property
    def query(self) -> str:
        """What goes behind the address of a page of this time."""
        return f"?asOf={quote(self.said, safe=':')}"

    @property
    def is_day(self) -> bool:
        """Whether a whole day was asked for."""
        return len(self.said) == len("2015-03-01")


def asked_time(request: Request, now: datetime) -> Then | None:
    """The time in the parameter asOf; None without it. Errors: Refused (400) for none, or one to come."""
    given = request.query_params.getlist("asOf")
    if not given:
        return None
    then = _then(given[0], now) if len(given) == 1 else None
    if then is None:
        raise _wrong(
            "asOf is a day such as 2015-03-01, which means its end in UTC, or a moment with its offset such "
            "as 2015-03-01T12:00:00Z. Give it once, or leave it out to see the page as it is now."
        )
    if then.at > now + TOLERANCE:
        raise _wrong("asOf is yet to come: take a day that has passed, or leave it out to see what is now.")
    return then


def _wrong(message: str) -> Refused:
    return invalid(message, parameter="asOf")


def _then(value: str, now: datetime) -> Then | None:
    try:
        if DAY.fullmatch(value):
            day = date.fromisoformat(value)
            return Then(now if day == now.date() else datetime.combine(day, time.max, UTC), value)
        if found := MOMENT.fullmatch(value):  # a plus sign in an address means a space
            at = datetime.fromisoformat(found[1] + found[2].replace(" ", "+")).astimezone(UTC)
            return Then(at, at.isoformat().replace("+00:00", "Z"))
    except (ValueError, OverflowError):
        pass  # such as month 13: told by whoever asked
    return None


def query_of(then: Then | None) -> str:
    """What goes behind the address of a page that keeps to this time."""
    return "" if then is None else then.query


def time_of(then: Then | None) -> datetime | None:
    """As readers take it: None is now."""
    return None if then is None else then.at


def banner(then: Then | None, address: str, first: datetime, now: datetime) -> Html:
    """What says that this is the past, with the way to now and to other days; of now, to other days only."""
    days = _days(then, address, first.astimezone(UTC).date(), now.date())
    if then is None:
        return page_part("days.html", days=days)
    return page_part("then.html", at=_said(then), address=address, days=days)


def _said(then: Then) -> Html:
    if then.is_day and then.at.time() != time.max:
        return fill("so far, on {day}", day=parts.when(then.at))
    if then.is_day:
        return fill("at the end of {day} (UTC)", day=parts.when(then.at))
    return fill("on {day}, {time} UTC", day=parts.when(then.at), time=f"{then.at:%H:%M:%S}")


def _days(then: Then | None, address: str, first: date, today: date) -> Html:
    """Links to the ends of years and, of the time shown, to those of its months and to its days."""
    years = range(max(first.year, today.year - YEARS + 1), today.year + 1)
    ends = [("Years", [(str(year), date(year, 12, 31)) for year in years])]
    if then is not None:
        year, month = then.at.year, then.at.month
        months = [date(year, one, monthrange(year, one)[1]) for one in range(1, 13)]
        days = [date(year, month, one) for one in range(1, monthrange(year, month)[1] + 1)]
        ends.append((f"Months of {year}", [(f"{one:%B}"[:3], one) for one in months]))
        ends.append((f"Days of {then.at:%B} {year}", [(str(one.day), one) for one in days]))
    return joined(_row(name, _bounded(some, first, today), then, address) for name, some in ends)


def _bounded(ends: Iterable[tuple[str, date]], first: date, today: date) -> list[tuple[str, date]]:
    """Only what begins before tomorrow and ends after the beginning; what is not over ends today."""
    shown: dict[date, str] = {}
    for name, end in ends:
        if end >= first:
            shown.setdefault(min(end, today), name)
    return [(name, day) for day, name in shown.items()]


def _row(name: str, ends: list[tuple[str, date]], then: Then | None, address: str) -> Html:
    links = joined((_day(label, day, then, address) for label, day in ends), " ")
    return fill("<p><span>{name}</span> {links}</p>", name=name, links=links) if ends else NOTHING


def _day(label: str, day: date, then: Then | None, address: str) -> Html:
    here = Html(' aria-current="date"') if then is not None and then.said == day.isoformat() else NOTHING
    return fill(
        '<a href="{address}?asOf={day}" title="{day}" rel="nofollow"{here}>{label}</a>',
        address=address,
        day=day,
        here=here,
        label=label,
    )
