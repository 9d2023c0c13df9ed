"""Sessions: opaque tokens, of which the database keeps the SHA-256 only."""

import base64
import hashlib
import re
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

PREFIX = "ss_"  # so that people and secret scanners know one when they see it
TOKEN_BYTES = 32
LIFETIME = timedelta(days=30)
_TOKEN = re.compile(PREFIX + "[A-Za-z0-9_-]{43}")

# Opening one also sweeps some expired ones away, of anyone.
OPEN = """
WITH expired AS (
  SELECT token_hash FROM accounts.sessions WHERE expires_at <= $3
  ORDER BY token_hash LIMIT 100 FOR UPDATE SKIP LOCKED
), swept AS (
  DELETE FROM accounts.sessions s USING expired e WHERE s.token_hash = e.token_hash
)
INSERT INTO accounts.sessions (token_hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)
"""
CLOSE = "DELETE FROM accounts.sessions WHERE token_hash = $1 AND expires_at > $2 RETURNING user_id"
USER = "SELECT user_id FROM accounts.sessions WHERE token_hash = $1 AND expires_at > $2"
GOOD = "SELECT token_hash FROM accounts.sessions WHERE token_hash = ANY($1::bytea[]) AND expires_at > $2"


def new_token(randomness: bytes) -> str:
    """randomness: 32 bytes."""
    if len(randomness) != TOKEN_BYTES:
        raise ValueError(f"a token needs {TOKEN_BYTES} random bytes")
    return PREFIX + base64.urlsafe_b64encode(randomness).decode().rstrip("=")


async def open_session(pool: asyncpg.Pool, token: str, user_id: UUID, now: datetime) -> datetime:
    """Keep it from now on; the answer is when it ends."""
    expires_at = now + LIFETIME
    await pool.execute(OPEN, _hash(token), user_id, now, expires_at)
    return expires_at


async def close_session(pool: asyncpg.Pool, token: str, now: datetime) -> bool:
    """False when there was no such session."""
    return _TOKEN.fullmatch(token) is not None and await pool.fetchval(CLOSE, _hash(token), now) is not None


async def user_of(pool: asyncpg.Pool, token: str, now: datetime) -> UUID | None:
    """Whose session it is, in one statement; None when it is unknown, malformed or has ended."""
    if not _TOKEN.fullmatch(token):
        return None
    found: UUID | None = await pool.fetchval(USER, _hash(token), now)
    return found


async def good_ones(pool: asyncpg.Pool, tokens: Collection[str], now: datetime) -> set[str]:
    """Those whose session has not ended, in one statement."""
    by_hash = {_hash(token): token for token in tokens}
    return {by_hash[hashed] for (hashed,) in await pool.fetch(GOOD, list(by_hash), now)}


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
