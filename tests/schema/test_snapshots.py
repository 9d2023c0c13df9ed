"""One operation shows one moment; the next one shows a new one."""

import pytest

from projections.feed import count_latest
from schema.context import Context, open_context
from schema.reading import ReadSession
from tests.schema.people import Api

COUNT = "{ feed { totalCount } }"


async def test_a_snapshot_stays_as_it_was(api: Api) -> None:
    ada = await api.person("ada")
    paper = await ada.paper("k")
    before = ReadSession(api.tools.pool)
    assert await count_latest(before) == 0
    await ada.summary(paper)
    assert await count_latest(before) == 0
    after = ReadSession(api.tools.pool)
    assert await count_latest(after) == 1
    assert (before.position, after.position) == (2, 4)
    for session in (before, after, after):
        await session.close()
    with pytest.raises(RuntimeError, match="closed"):
        await count_latest(after)


async def test_a_context_that_lives_longer_reads_anew_each_time(api: Api) -> None:
    ada = await api.person("ada")
    paper = await ada.paper("k")
    context = Context(api.tools)
    counts = []
    for _ in range(2):
        result = await api.schema.execute(COUNT, None, context)
        assert result.data is not None
        counts.append(result.data["feed"]["totalCount"])
        if len(counts) == 1:
            await ada.summary(paper)
    assert counts == [0, 1]
    assert context.position == 4


async def test_an_answer_tells_its_position(api: Api) -> None:
    await api.read("{ __typename }")
    assert api.context.position_header() is None
    ada = await api.person("ada")
    outcome = await ada.do("registerPaper", fields={"bibtexKey": "k", "title": "T", "authors": []})
    assert ada.context.position_header() == outcome["position"]
    await ada.ask(
        """mutation { registerPaper(input: {fields: {bibtexKey: "l", title: "T", authors: []}}) {
             ... on PaperPayload { position } } }"""
    )
    assert ada.context.position == 3  # nothing was read, and yet it is there to be read
    context = await open_context(api.tools, min_position=ada.context.position_header())
    result = await api.schema.execute(COUNT, None, context)
    assert result.errors is None
    assert context.position == 3
