"""Conditional requests (RFC 9110, 13): who has the newest version already is not sent it again."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

from starlette.datastructures import Headers

_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Version:
    """Which version of something this is.

    Shape:  tag is weak, since compression makes other bytes of it; changed is before which moment nothing of
            it changed since, None if that is unknown; settled: nothing more can change at that moment.
    """

    tag: str
    changed: datetime | None
    settled: bool

    def headers(self) -> dict[str, str]:
        """What tells a client which version it has.

        While more could change in the same second, the one before is told: who asks with it later gets all.
        """
        told = {"ETag": f'W/"{self.tag}"'}
        if self.changed is not None:
            at = self.changed if self.settled else self.changed - _SECOND
            told["Last-Modified"] = format_datetime(at.astimezone(UTC), usegmt=True)
        return told

    def is_known(self, asked: Headers) -> bool:
        """Whether the client has it: If-None-Match says so, and only without that If-Modified-Since."""
        if "if-none-match" in asked:
            named = ",".join(asked.getlist("if-none-match"))
            return named.strip() == "*" or f'"{self.tag}"' in _TAG.findall(named)
        since = _time(asked.get("if-modified-since", ""))
        if since is None or self.changed is None or not self.settled:
            return False
        return self.changed.replace(microsecond=0) <= since


def _time(text: str) -> datetime | None:
    """None for what is no date of HTTP: such a condition is to be ignored."""
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
