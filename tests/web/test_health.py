"""Probes, and what clients see while the database is away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from structlog.testing import capture_logs

from projections.follower import State
from schema.scalars import log_position
from service.migrations import migrate
from tests.postgres import execute, running_cluster
from tests.web.site import Site, body_of, running_site
from tests.web.test_pages import check_headers
from tests.web.test_requests import error


async def test_alive_and_ready(site: Site) -> None:
    await site.user("ada")
    assert (await site.client.get("/healthz")).json() == {"status": "ok"}
    response = await site.client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"status": "ready", "reasons": [], "head": 1, "position": 1}


async def test_not_ready_while_nobody_projects(stuck_site: Site) -> None:
    response = await stuck_site.client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {
        "status": "waiting",
        "reasons": ["Nobody projects the log at the moment."],
        "head": 0,
        "position": 0,
    }
    assert (await stuck_site.client.get("/healthz")).status_code == 200


async def test_not_ready_while_the_projection_is_held_up(stuck_site: Site) -> None:
    stuck_site.runner.state = State(failure="position 7: KeyError: a secret detail")
    response = await stuck_site.client.get("/readyz")
    assert response.status_code == 503
    assert "The projection is held up" in response.text
    assert "secret detail" not in response.text


async def test_a_database_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    """Everything is answered, clearly; and once it is back nothing has to be started again."""
    data = tmp_path / "data"
    async with AsyncExitStack() as database:
        dsn = await database.enter_async_context(_cluster(data))
        await migrate(dsn)
        async with running_site(dsn) as site:
            session = await site.tools.accounts.sign_up("ada", "a long pass phrase 77", None, None)
            assert await site.tools.progress.wait_for(session.position, 20)
            await database.aclose()
            await _check_away(site, session.token)
            await database.enter_async_context(_cluster(data))
            await _check_back(site)


@asynccontextmanager
async def _cluster(data: Path) -> AsyncIterator[str]:
    """Started and stopped beside the loop, which goes on answering."""
    cluster = running_cluster(data)
    dsn = await asyncio.to_thread(cluster.__enter__)
    try:
        yield dsn
    finally:
        await asyncio.to_thread(cluster.__exit__, None, None, None)


async def _check_away(site: Site, token: str) -> None:
    assert (await site.client.get("/healthz")).status_code == 200
    ready = await site.client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["reasons"] == ["The database does not answer."]
    page = await site.client.get("/", headers={"accept": "text/html"})
    assert page.status_code == 503
    assert "The database cannot be reached" in page.text
    position = str(log_position(site.tools.log_id, 1))
    for headers in ({"authorization": f"Bearer {token}"}, {"min-position": position}):
        refused = error(await site.ask("{__typename}", headers), 503, "BUSY", "try again")
        assert refused["extensions"] == {"code": "BUSY"}
    with capture_logs() as logged:
        (busy,) = (await site.ask("{ feed { totalCount } }")).json()["errors"]
    assert busy["extensions"]["code"] == "BUSY"
    [line] = [entry for entry in logged if entry.get("error_id") == busy["extensions"]["errorId"]]
    assert line["error"]
    assert "exc_info" not in line


async def _check_back(site: Site) -> None:
    async with asyncio.timeout(30):
        while (await site.client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 (nothing tells us)
            await asyncio.sleep(0.1)
    response = await site.ask('{ user(username: "ada") { username } }')
    assert body_of(response) == {"data": {"user": {"username": "ada"}}}


async def test_what_nobody_foresaw_is_told_with_an_id_and_no_more(site: Site, database_url: str) -> None:
    session = await site.tools.accounts.sign_up("ada", "a long pass phrase 77", None, None)
    await execute(database_url, "ALTER TABLE read.statistics RENAME TO secret_detail")
    await execute(database_url, "ALTER TABLE accounts.sessions RENAME TO secret_detail")
    with capture_logs() as logged:
        signed_in = await site.ask("{__typename}", {"authorization": f"Bearer {session.token}"})
        answers = [signed_in, await site.client.get("/")]
    ids = [error(response, 500, "INTERNAL", "logged")["extensions"]["errorId"] for response in answers]
    assert ids == [entry["error_id"] for entry in logged if entry["log_level"] == "error"]
    for response in answers:
        assert "secret" not in response.text
        assert "sessions" not in response.text
    page = await site.client.get("/", headers={"accept": "text/html"})
    assert page.status_code == 500
    assert "name the error" in page.text
    check_headers(page)
