"""The keys with which this log signs its checkpoints."""

from projections.reading import Reader
from projections.writing import Writer


async def keys(conn: Reader) -> list[str]:
    """All keys (vkeys) that have signed or may sign, the oldest first. Source: log_keys."""
    return [row["vkey"] for row in await conn.fetch("SELECT vkey FROM log_keys ORDER BY added_at, vkey")]


async def may_sign(conn: Reader, vkey: str) -> bool:
    """Whether it is one of the log's keys, or may become its first."""
    known = await keys(conn)
    return vkey in known or not known


async def register_first(conn: Writer, vkey: str) -> None:
    """Make it the log's key if the log has none."""
    await conn.execute("INSERT INTO log_keys (vkey) SELECT $1 WHERE NOT EXISTS (SELECT FROM log_keys)", vkey)


async def add(conn: Writer, vkey: str) -> bool:
    """Let this key sign, too. False when it could before."""
    sql = "INSERT INTO log_keys (vkey) VALUES ($1) ON CONFLICT DO NOTHING"
    return await conn.execute(sql, vkey) == "INSERT 0 1"
