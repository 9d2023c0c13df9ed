"""A read that takes too long is stopped."""

from dataclasses import replace

import asyncpg
import pytest

from schema.context import Context
from schema.reading import ReadSession, TookTooLong
from tests.schema.people import Api


async def test_each_statement_has_its_time(pool: asyncpg.Pool) -> None:
    session = ReadSession(pool, statement_seconds=1.0)
    for _ in range(11):  # together longer than one may take
        await session.fetch("SELECT pg_sleep(0.1)")
    for sql in ("SELECT pg_sleep(20)", "SELECT 1"):
        with pytest.raises(TookTooLong, match="1 seconds"):
            await session.fetch(sql)
    await session.close()
    async with pool.acquire() as conn:
        assert await conn.fetchval("SHOW statement_timeout") == "0"


async def test_the_client_is_told(api: Api) -> None:
    ada = await api.person("ada")
    await ada.summary(await ada.paper("k"))
    tools = replace(api.tools, statement_seconds=0.5)
    async with api.tools.pool.acquire() as conn, conn.transaction():
        await conn.execute("LOCK TABLE read.summary IN ACCESS EXCLUSIVE MODE")
        result = await api.schema.execute(
            "{ feed { nodes { id } } papers { totalCount } }", None, Context(tools)
        )
    assert result.errors
    for error in result.errors:
        assert error.formatted["extensions"]["code"] == "TIMEOUT"
        assert "0.5 seconds" in error.message
        assert "smaller pages" in error.message
    assert await api.read("{ feed { totalCount } }") == {"feed": {"totalCount": 1}}
