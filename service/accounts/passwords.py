"""Passwords: what they must be, and argon2id, which is slow on purpose."""

import asyncio
import re
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from service.domain import limits
from service.domain.errors import Invalid, RateLimited

SHORTEST, LONGEST = 10, 1_000  # code points
EMAIL = 254  # what a mail server takes
AT_ONCE = 2  # each takes 64 MiB with the default parameters
WAITING = 100

_HALF = re.compile("[\ud800-\udfff]")  # a lone surrogate


T = TypeVar("T")


class Passwords:
    """Hashes and verifies in threads of its own, so few that a crowd takes neither memory nor the loop.

    Units:  a password is hashed in NFC, so that it is the same from every keyboard.
    Errors: RateLimited when too many wait already.
    """

    def __init__(self, hasher: PasswordHasher | None = None, at_once: int = AT_ONCE) -> None:
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(at_once, "passwords")
        self._waiting = 0

    async def hash(self, password: str, salt: bytes) -> str:
        """With its parameters and its salt of 16 random bytes, as argon2 writes it."""
        return await self._in_turn(lambda: self._hasher.hash(_normal(password), salt=salt))

    async def verify(self, stored: str, password: str) -> bool:
        return await self._in_turn(lambda: self._matches(stored, password))

    def is_outdated(self, stored: str) -> bool:
        """True: it was made with other parameters."""
        return self._hasher.check_needs_rehash(stored)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, _normal(password))
        except VerifyMismatchError:
            return False

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING:
            raise RateLimited("Too many people sign in right now: try again in a minute.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def is_possible(password: str) -> bool:
    """False: no account can have this password, whatever its username."""
    return SHORTEST <= len(password) <= LONGEST and not _HALF.search(password)


def check_password(password: str, username: str) -> None:
    """Errors: Invalid when it is too short, too long, not text, or the username."""
    path = ("input", "password")
    if not is_possible(password):
        raise Invalid(
            f"A password has {SHORTEST} to {LONGEST:,} characters, and this one has {len(password):,} "
            "or half a character among them: a sentence is easy to remember.",
            path=path,
        )
    if password.casefold() == username.casefold():
        raise Invalid("The password is the username: choose another one.", path=path)


def check_email(email: str | None) -> None:
    """Light: a mail server has the last word. Errors: Invalid; the message never repeats the address."""
    if email is None:
        return
    path = ("input", "email")
    limits.check_characters(email, path)
    limits.check_length(email, EMAIL, path)
    name, at, host = email.rpartition("@")
    if not (name and at and host) or any(c.isspace() or not c.isprintable() for c in email):
        raise Invalid("An e-mail address looks like name@example.org: correct it or leave it out.", path=path)


def _normal(password: str) -> str:
    return unicodedata.normalize("NFC", password)
