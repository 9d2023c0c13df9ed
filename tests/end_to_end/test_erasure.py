"""What was erased is nowhere: not in an answer, not on a page, not in a table, not in a rebuild."""

from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx

from service.database import connection_pool, connector
from service.domain.events import PayloadsErased
from service.eventstore.model import Append
from service.eventstore.postgres import PostgresStore
from tests.end_to_end.client import PASSWORD, Person
from tests.end_to_end.evidence import compare_with_rebuild, projected, uuid_of
from tests.end_to_end.server import dsn_of

SECRET, NAME, REMARK = "xyzzy-the-summary", "Xyzzy Plugh", "xyzzy-the-comment"

TABLES = """
SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
 WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
"""

SHOWN = """query($id: ID!) {
  feed(first: 100) { nodes { body bodyHtml excerpt author { ... on User { displayName } } } }
  summary(id: $id) {
    body bodyHtml excerpt author { ... on User { username displayName } }
    revisions { nodes { number body bodyHtml note } }
    comments { nodes { body bodyHtml replies { nodes { body } } } }
    paper { summaries { nodes { body } } }
  }
}"""


async def tables_with(dsn: str, *texts: str) -> set[str]:
    """Every table of the database that has one of them in a column, be it as text or as bytes."""
    anywhere = [pattern for text in texts for pattern in (f"%{text}%", f"%{text.encode().hex()}%")]
    conn = await asyncpg.connect(dsn)
    try:
        names = [name for (name,) in await conn.fetch(TABLES)]
        assert len(names) > 15, names
        sql = "SELECT EXISTS (SELECT FROM {} AS t WHERE t::text LIKE ANY ($1))"
        return {name for name in names if await conn.fetchval(sql.format(name), anywhere)}
    finally:
        await conn.close()


async def everything_shown(viewer: Person, summary: str) -> str:
    """What the API and the pages show of it."""
    answer = await viewer.ask(SHOWN, id=summary)
    pages = ["/", f"/summaries/{uuid_of(summary)}/revisions/1", f"/summaries/{uuid_of(summary)}/revisions/2"]
    shown = [await viewer.http.get(page, headers={"Accept": "text/html"}) for page in pages]
    return "".join([str(answer.data), *(page.text for page in shown)])


async def erase(store: PostgresStore, *streams: str) -> None:
    """Destroy the contents that these things have now."""
    payloads: list[UUID] = []
    for node_id in streams:
        for recorded in await store.load(uuid_of(node_id)):
            payloads += recorded.payloads.values()
    told = PayloadsErased(originator_id=uuid4(), originator_version=1, payload_ids=tuple(payloads))
    await store.append(Append(uuid4(), b"erase", told.originator_id, events=(told,), erases=tuple(payloads)))


async def test_what_is_erased_is_nowhere(http: httpx.AsyncClient, shared_data_dir: Path) -> None:
    signed_up = await Person(http).do("signUp", username="plugh", password=PASSWORD, displayName=NAME)
    ada = Person(http, signed_up["token"], signed_up["user"]["id"])
    summary = await ada.summary(await ada.paper("erased"), f"First {SECRET}.")
    revision = {"body": f"Then {SECRET} with $x$.", "note": f"About {SECRET}", "expectedRevision": 1}
    await ada.do("reviseSummary", summaryId=summary, **revision)
    comment = await ada.comment(summary, f"A remark: {REMARK}.")
    await ada.comment(summary, "A reply that stays.", parent=comment)

    dsn = dsn_of(shared_data_dir)
    async with connection_pool(dsn) as pool, PostgresStore.open(pool, connector(dsn)) as store:
        assert await tables_with(dsn, SECRET) == {"public.payloads", "public.rendered"}
        assert await tables_with(dsn, NAME) == {"public.payloads"}
        assert await tables_with(dsn, REMARK) == {"public.payloads", "public.rendered"}
        shown = await everything_shown(ada, summary)
        assert all(word in shown for word in (SECRET, NAME, REMARK))

        await erase(store, summary, comment, ada.id)
        await projected(pool)

        assert await tables_with(dsn, SECRET, NAME, REMARK) == set()
        for viewer in (ada, Person(http)):
            shown = await everything_shown(viewer, summary)
            assert not any(word in shown for word in (SECRET, NAME, REMARK))
        await compare_with_rebuild(pool, store)
        assert await tables_with(dsn, SECRET, NAME, REMARK) == set()

    found = (await ada.read(SHOWN, id=summary))["summary"]
    nothing = {"body": None, "bodyHtml": None}
    assert {name: found[name] for name in nothing} == nothing
    assert found["author"] == {"username": "plugh", "displayName": "plugh"}
    assert found["revisions"]["nodes"] == [{"number": n, **nothing, "note": None} for n in (1, 2)]
    assert found["comments"]["nodes"] == [
        {**nothing, "replies": {"nodes": [{"body": "A reply that stays."}]}}
    ]
