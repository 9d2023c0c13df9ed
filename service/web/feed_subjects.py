"""What feeds are about, by their addresses below /feeds/."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

from starlette.requests import Request

from projections.feed import FeedFilter, FeedKind
from projections.feeds import has_year, known_keyword
from projections.paper import papers_by_id
from projections.reading import Reader
from projections.user import users_by_id, users_by_username
from projections.venue import editions_of, venues_by_key
from service.web.parts import venue_address
from service.web.refusals import Refused
from service.web.venue import YEAR

SHOWN = 100  # characters of an address that are repeated


@dataclass(frozen=True, slots=True)
class Subject:
    """What a feed is about: its address below /feeds/, its title, and the page with the same in it."""

    address: str
    title: str
    page: str = "/"
    filter: FeedFilter = FeedFilter()
    kind: FeedKind = FeedKind.LATEST


Find = Callable[[Reader, Request], Awaitable[Subject]]
"""Errors: Refused, which says what is unknown."""

KINDS = "there are latest, top, venues/KEY, years/YEAR, keywords/KEYWORD, papers/ID and users/NAME"
FEEDS = "The feed of all papers is /feeds/latest.atom."


def unknown(what: str, way_out: str) -> Refused:
    """There is no such thing: 404."""
    return Refused(404, "NOT_FOUND", f"{what} {way_out}")


def no_feed(request: Request) -> Refused:
    """Of an address that is none of a feed."""
    path = _shown(request.scope["path"])
    return unknown(f"There is no feed at {path}: {KINDS}, each with .atom or .rss, in small letters.", FEEDS)


def _shown(given: str) -> str:
    line = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in given)
    return f"“{line}”" if len(line) <= SHOWN else f"“{line[:SHOWN]}…”"


async def _latest(_conn: Reader, _request: Request) -> Subject:
    return Subject("latest", "latest summaries")


async def _top(_conn: Reader, _request: Request) -> Subject:
    return Subject("top", "best summaries", kind=FeedKind.TOP)


async def _venue(conn: Reader, request: Request) -> Subject:
    """A venue, or with `year` one of its years."""
    [venue] = await venues_by_key(conn, [request.path_params["key"]])
    given = request.query_params.get("year")
    if venue is None:
        way_out = "Take it from the address of its page, slashes and all."
        raise unknown(f"No venue here has the key {_shown(request.path_params['key'])}.", way_out)
    if given is None:
        return _of_venue(venue.venue_key, venue.name, None)
    [editions] = await editions_of(conn, [venue.venue_key])
    years = {edition.year for edition in editions}
    if not YEAR.fullmatch(given) or int(given) not in years:
        way_out = "Its page names the years; without one the feed is of all."
        raise unknown(f"No papers of {venue.name} are of the year {_shown(given)}.", way_out)
    return _of_venue(venue.venue_key, f"{venue.name} {int(given)}", int(given))


def _of_venue(key: str, name: str, year: int | None) -> Subject:
    page = venue_address(key, year)
    return Subject(page.removeprefix("/"), f"summaries in {name}", page, FeedFilter(venue_key=key, year=year))


async def _year(conn: Reader, request: Request) -> Subject:
    given = request.path_params["year"]
    if not YEAR.fullmatch(given) or not await has_year(conn, int(given)):
        raise unknown(f"No papers here are of the year {_shown(given)}.", FEEDS)
    year = int(given)
    return Subject(f"years/{year}", f"summaries of papers of {year}", filter=FeedFilter(year=year))


async def _keyword(conn: Reader, request: Request) -> Subject:
    keyword = await known_keyword(conn, request.path_params["keyword"])
    if keyword is None:
        given = _shown(request.path_params["keyword"])
        raise unknown(f"No paper here has the keyword {given}.", "It has to be a whole one, in any case.")
    filter = FeedFilter(keyword=keyword)
    return Subject(f"keywords/{quote(keyword)}", f"summaries on {keyword}", filter=filter)


async def _paper(conn: Reader, request: Request) -> Subject:
    paper_id: UUID = request.path_params["id"]
    [paper] = await papers_by_id(conn, [paper_id])
    if paper is None:
        raise unknown(f"There is no paper {paper_id} here.", "Take the id from the address of its page.")
    address = f"papers/{paper_id}"
    return Subject(address, f"summaries of {paper.title}", f"/{address}", FeedFilter(paper_id=paper_id))


async def _user(conn: Reader, request: Request) -> Subject:
    [user_id] = await users_by_username(conn, [request.path_params["username"]])
    [user] = await users_by_id(conn, [user_id] if user_id else []) or [None]
    if user is None:
        given = _shown(request.path_params["username"])
        raise unknown(f"Nobody here has the username {given}.", FEEDS)
    filter = FeedFilter(username=user.username)
    return Subject(f"users/{quote(user.username)}", f"summaries by {user.display_name}", filter=filter)


FINDS: Mapping[str, Find] = {
    "latest": _latest,
    "top": _top,
    "venues/{key:path}": _venue,
    "years/{year}": _year,
    "keywords/{keyword:path}": _keyword,
    "papers/{id:uuid}": _paper,
    "users/{username}": _user,
}
