"""The read models whole, to be compared."""

from typing import Any

import asyncpg

TABLES = (
    "checkpoint", "paper", "paper_identifier", "paper_author", "paper_keyword", "venue", "edition", "user",
    "summary", "revision", "comment", "vote", "statistics", "score_change", "summary_visibility",
    "comment_text", "event",
)  # fmt: skip


async def rows_of(pool: asyncpg.Pool, schema: str = "read") -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, in the order of their text."""
    sql = 'SELECT * FROM {}."{}" AS t ORDER BY t::text'
    return {
        table: [tuple(record.values()) for record in await pool.fetch(sql.format(schema, table))]
        for table in TABLES
    }


async def rendered(pool: asyncpg.Pool) -> list[tuple[Any, ...]]:
    """Every rendered text."""
    records = await pool.fetch("SELECT * FROM rendered AS t ORDER BY t::text")
    return [tuple(record.values()) for record in records]
