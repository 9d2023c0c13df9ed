"""Whose work is imported: one user for each person that a source names."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import count
from types import MappingProxyType
from uuid import UUID

from service.commands import user
from service.commands.context import Context
from service.domain import ids, limits
from service.domain.errors import ExistsAlready, Invalid


class People:
    """Users, signed up when first met, without a password.

    Who it is, such as an e-mail address, is not kept: the user is found again by a claim derived from it
    under the installation's secret. So the same person keeps the same user over imports.

    Units:  first_seen is the claimed time of signing up; who is not in it signs up now.
    """

    def __init__(self, ctx: Context, first_seen: Mapping[str, datetime] = MappingProxyType({})) -> None:
        self._ctx = ctx
        self._first_seen = first_seen
        self._known: dict[str, UUID] = {}

    async def user_of(self, who: str, name: str) -> UUID:
        """The user of this person; signed up if need be, with a username like name."""
        if who not in self._known:
            self._known[who] = await self._find_or_sign_up(who, name)
        return self._known[who]

    async def _find_or_sign_up(self, who: str, name: str) -> UUID:
        claim = f"imported person:{ids.derived_id(self._ctx.secret, b'imported person', who.encode())}"
        ctx = replace(self._ctx, actor=None, occurred_at=self._first_seen.get(who))
        for username in _usernames(name):
            found = (await ctx.store.owners([claim])).get(claim)
            if found is not None:
                return found
            try:
                command = user.SignUp(username, _display_name(name))
                return (await user.sign_up(ctx, command, also_known_as=claim)).id
            except (ExistsAlready, Invalid):  # taken, or not a username
                continue
        raise AssertionError("usernames are endless")


def _usernames(name: str) -> Iterator[str]:
    """Usernames that resemble the name, best first, without end."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:30]
    yield slug
    for number in count(2):
        yield f"{slug or 'author'}-{number}"


def _display_name(name: str) -> str | None:
    try:
        return limits.line(name, limits.NAME, ("name",))
    except Invalid:
        return None
