"""Answers with feeds. What they are about: `feed_subjects`; how they are written: `service/integrations`."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from uuid import uuid5

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from projections.feeds import EntryRow, entries, html_by_payload, last_change, openings_by_payload
from projections.reading import Reader
from schema.context import Tools
from schema.reading import ReadSession
from service.integrations.feed_entries import EXCERPT, short_entry, whole_entry
from service.integrations.feeds import NEVER, Feed, atom, rss
from service.web.conditional import Version
from service.web.feed_subjects import FINDS, Find, Subject, no_feed
from service.web.layout import feed_address

FORM = 3
"""Raise it when the same rows and texts make other documents: readers then get them anew."""

ENTRIES = 50
ALL_ENTRIES = 1_000
OPENING = 4 * EXCERPT  # characters that are read of a text to cut an excerpt from
CACHED = "public, max-age=60"


@dataclass(frozen=True, slots=True)
class Form:
    """What of the subject is in the document, and how."""

    write: Callable[[Feed], bytes]
    media_type: str
    most: int = ENTRIES
    whole: bool = True


ATOM = Form(atom, "application/atom+xml; charset=utf-8")
RSS = Form(rss, "application/rss+xml; charset=utf-8")


def feed_routes(tools: Tools) -> list[Route]:
    """The addresses of all feeds, and those of the old site."""
    old = {
        "/rss.xml": Form(rss, RSS.media_type, whole=False),
        "/rss-full.xml": RSS,
        "/rss-all.xml": Form(rss, RSS.media_type, ALL_ENTRIES, whole=False),
    }
    return [
        *(Route(f"/feeds/{path}.atom", _answering(tools, find, ATOM)) for path, find in FINDS.items()),
        *(Route(f"/feeds/{path}.rss", _answering(tools, find, RSS)) for path, find in FINDS.items()),
        *(Route(path, _answering(tools, FINDS["latest"], form)) for path, form in old.items()),
        Route("/feeds/{rest:path}", _no_feed),
    ]


async def _no_feed(request: Request) -> Response:
    raise no_feed(request)


def _answering(tools: Tools, find: Find, form: Form) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        session = ReadSession(tools.pool, tools.statement_seconds)
        try:
            if _is_unfit(request):
                raise no_feed(request)
            subject = await find(session, request)
            rows = await entries(session, subject.kind, subject.filter, form.most)
            frame = _frame(tools, subject, _own_address(request, subject))
            version = await _version(session, frame, rows)
            headers = {"Cache-Control": CACHED, **version.headers()}
            known = version.is_known(request.headers)
            if known or "authorization" in request.headers:  # the compressor leaves these, and tells no Vary
                headers["Vary"] = "Accept-Encoding"
            if known:
                return Response(status_code=304, headers=headers)
            texts = await _texts(session, rows, form)
        finally:
            await session.close()
        frame = replace(frame, updated=version.changed or NEVER)
        body = await asyncio.to_thread(_document, frame, rows, texts, form, tools.base_url)
        return Response(body, headers=headers, media_type=form.media_type)

    return endpoint


def _is_unfit(request: Request) -> bool:
    """No text of the database has a NUL."""
    return any("\0" in str(value) for value in request.path_params.values())


def _own_address(request: Request, subject: Subject) -> str:
    """Written in one way, however it was asked for."""
    path: str = request.scope["path"]
    return feed_address(subject.address, path.rpartition(".")[2]) if path.startswith("/feeds/") else path


def _frame(tools: Tools, subject: Subject, address: str) -> Feed:
    """The feed without its entries. Its id is of this log and what it is about: addresses may change."""
    return Feed(
        id=uuid5(tools.log_id, f"feeds/{subject.address}"),
        title=f"ShortScience: {subject.title}",
        address=tools.base_url + address,
        link=tools.base_url + subject.page,
        venues=f"{tools.base_url}/venues",
        entries=(),
        rights=f"{tools.licence.name}, {tools.licence.url}" if tools.licence else None,
    )


async def _version(conn: Reader, frame: Feed, rows: list[EntryRow]) -> Version:
    """Texts go by the ids of their payloads, which hold the same bytes until they are erased."""
    shown = hashlib.sha256(msgspec.json.encode((FORM, frame, rows)))
    changed = await last_change(conn)
    at, settled = (changed.at, changed.settled) if changed else (None, False)
    return Version(shown.hexdigest()[:32], at, settled)


async def _texts(conn: Reader, rows: list[EntryRow], form: Form) -> list[str | None]:
    payloads = [row.body_payload for row in rows]
    if form.whole:
        return await html_by_payload(conn, payloads)
    return await openings_by_payload(conn, payloads, OPENING)


def _document(frame: Feed, rows: list[EntryRow], texts: list[str | None], form: Form, base_url: str) -> bytes:
    entry = whole_entry if form.whole else short_entry
    pairs = zip(rows, texts, strict=True)
    return form.write(replace(frame, entries=[entry(*pair, base_url) for pair in pairs]))
