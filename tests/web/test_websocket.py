"""Operations over WebSockets, by graphql-transport-ws."""

from typing import Any
from uuid import UUID

from schema.ids import NodeId
from tests.web.following import PUBLISHED, following, socket
from tests.web.site import Site


def node(kind: Any, id: UUID) -> str:
    return str(NodeId(kind, id))


async def test_what_became_public_comes_first_and_then_what_becomes_public(site: Site) -> None:
    ada = await site.user("ada")
    papers = [await site.paper(ada, f"Paper {n}", f"p{n}") for n in range(4)]
    old = [await site.summary(ada, paper, f"Text {n}.") for n, paper in enumerate(papers[:2])]
    beginning = str(site.tools.log_position(0))
    async with socket(site.url) as client:
        await client.subscribe(PUBLISHED, after=beginning)
        found = [await client.published() for _ in old]
        new = [await site.summary(ada, paper, f"Text {n}.") for n, paper in enumerate(papers[2:], 2)]
        found += [await client.published() for _ in new]
        await client.quiet()
    assert [one["summary"]["id"] for one in found] == [node("Summary", id) for id in old + new]
    assert [one["summary"]["body"] for one in found] == [f"Text {n}." for n in range(4)]
    assert [one["position"] for one in found] == sorted({one["position"] for one in found})


async def test_without_a_position_it_begins_now(site: Site) -> None:
    ada = await site.user("ada")
    papers = [await site.paper(ada, f"Paper {n}", f"p{n}") for n in range(2)]
    await site.summary(ada, papers[0], "Before.")
    async with socket(site.url) as client:
        await client.subscribe(PUBLISHED)
        await following(site, 1)
        await site.summary(ada, papers[1], "After.")
        assert (await client.published())["summary"]["body"] == "After."
        await client.quiet()
