"""Identifiers. Time, randomness and the secret come in as arguments."""

import hashlib
import hmac
from datetime import datetime
from uuid import UUID


def uuid7(at: datetime, randomness: bytes) -> UUID:
    """A time-ordered UUID of RFC 9562.

    Shape:  48 bits of milliseconds since 1970, then version, variant and randomness.
    Units:  at is an aware datetime not before 1970; randomness is 10 bytes.
    Errors: ValueError for too few bytes or a time out of range.
    """
    milliseconds = int(at.timestamp() * 1000)
    if len(randomness) < 10 or not 0 <= milliseconds < 1 << 48:
        raise ValueError("uuid7 needs a time from 1970 on and 10 random bytes")
    return _with_version(milliseconds.to_bytes(6, "big") + randomness[:10], 7)


def derived_id(secret: bytes, *parts: bytes) -> UUID:
    """The same id for the same parts, and no way back to them without the secret.

    Errors: none; parts are length-prefixed, so no two lists of parts meet.
    """
    message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return _with_version(hmac.digest(secret, message, hashlib.sha256)[:16], 8)


def vote_id(secret: bytes, subject_id: UUID, voter_id: UUID) -> UUID:
    """The stream of one person's vote on one subject."""
    return derived_id(secret, b"vote", subject_id.bytes, voter_id.bytes)


def _with_version(data: bytes, version: int) -> UUID:
    value = int.from_bytes(data, "big")
    value = value & ~(0xF << 76) | version << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)
