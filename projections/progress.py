"""How far the read models have come."""

from projections.reading import Reader


async def position(conn: Reader) -> int:
    """The position up to which the core read models show the log. Source: read.checkpoint."""
    [record] = await conn.fetch("SELECT position FROM read.checkpoint WHERE name = 'core'")
    return int(record["position"])
