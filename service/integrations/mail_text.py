"""What mails say: plain words and links, once as text and once as HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.utils import format_datetime
from html import escape
from urllib.parse import urlsplit
from uuid import UUID

from service.integrations.mail_bytes import mailbox, words, written
from service.text import excerpt

LISTED = 50  # notifications in one mail; it says how many there are more
SUBJECT = 150  # characters of what others wrote
EXCERPT = 280
ANONYMOUS = "Somebody"

_SAYS = {
    "REPLY": "{actor} replied to your comment on a summary of “{title}”",
    "COMMENT": "{actor} commented on your summary of “{title}”",
    "SUMMARY_USER": "{actor}, whom you follow, explained “{title}”",
    "SUMMARY_PAPER": "New summary{by} of “{title}”, which you follow",
    "SUMMARY_VENUE": "New summary{by} of “{title}”, from a venue that you follow",
    "SUMMARY_KEYWORD": "New summary{by} of “{title}”, on a keyword that you follow",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One notification, in words.

    Shape:  actor is None where nobody may learn who it was; text is of the comment or the summary.
    """

    kind: str
    summary_id: UUID
    actor: str | None
    title: str
    text: str
    link: str

    def headline(self) -> str:
        actor = ANONYMOUS if self.actor is None else _line(self.actor, 60)
        by = "" if self.actor is None else f" by {actor}"
        return _SAYS[self.kind].format(actor=actor, by=by, title=_line(self.title, SUBJECT))


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all mails of an installation share. Units: base_url has no slash at its end."""

    sender: Address
    base_url: str

    @property
    def _host(self) -> str:
        return urlsplit(self.base_url).hostname or "localhost"

    def notes(self, to: str, mail_id: UUID, items: Sequence[Item], token: str, now: datetime) -> bytes:
        """A mail with one notification or several. The same mail_id is the same mail."""
        leave = f"{self.base_url}/mail/unsubscribe?token={token}"
        many = f"{len(items):,} new notifications"
        headers = self._headers(to, mail_id, items[0].headline() if len(items) == 1 else many, now)
        headers += self._thread(items)
        headers.append(("List-Id", f"ShortScience notifications <notifications.{self._host}>"))
        headers.append(("List-Unsubscribe", f"<{leave}>"))
        if leave.startswith("https://"):  # as RFC 8058 wants it
            headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
        why = "You get this mail because you asked for it on ShortScience. To get no more of them:"
        parts = [_Part(one.headline(), excerpt(one.text, EXCERPT), one.link) for one in items[:LISTED]]
        if len(items) > LISTED:
            rest = f"And {len(items) - LISTED:,} more, in your notifications on ShortScience."
            parts.append(_Part("", rest, self.base_url))
        return _mail(headers, [*parts, _Part("", why, leave)])

    def confirmation(self, to: str, mail_id: UUID, username: str, token: str, now: datetime) -> bytes:
        """A mail that asks whether its reader wants mails."""
        headers = self._headers(to, mail_id, "Do you want mail from ShortScience?", now)
        asked = (
            f"{username} on {self._host} wants to be told by mail of comments, replies and new summaries, "
            "and gave this address. If that is you, say so on this page, within two days:"
        )
        other = "If it is not you, do nothing: there will be no such mail."
        link = f"{self.base_url}/mail/confirm?token={token}"
        return _mail(headers, [_Part("", asked, link), _Part("", other, self.base_url)])

    def _thread(self, items: Sequence[Item]) -> list[tuple[str, str]]:
        """Mails about one summary answer to a mail that never was: mail programs show them together."""
        about = {one.summary_id for one in items}
        root = f"<summary-{about.pop()}@{self.sender.domain}>"
        return [] if about else [("In-Reply-To", root), ("References", root)]

    def _headers(self, to: str, mail_id: UUID, subject: str, now: datetime) -> list[tuple[str, str]]:
        return [
            ("From", mailbox(self.sender.display_name, self.sender.addr_spec)),
            ("To", to),
            ("Subject", words(subject)),
            ("Date", format_datetime(now)),
            ("Message-ID", f"<{mail_id}@{self.sender.domain}>"),
            ("Auto-Submitted", "auto-generated"),
        ]


@dataclass(frozen=True, slots=True)
class _Part:
    """Shape: the headline leads to the link; without one the link stands after the text, as it is."""

    headline: str
    text: str
    link: str

    def plain(self) -> str:
        return "\n".join(filter(None, (self.headline, self.text, self.link)))

    def html(self) -> str:
        link = f'<a href="{escape(self.link)}">{escape(self.headline or self.link)}</a>'
        lines = (link, escape(self.text)) if self.headline else (escape(self.text), link)
        return f"<p>{'<br>'.join(filter(None, lines))}</p>"


def _mail(headers: Sequence[tuple[str, str]], parts: Sequence[_Part]) -> bytes:
    html = "\n".join(one.html() for one in parts)
    page = f'<!doctype html>\n<html lang="en"><body>\n{html}\n</body></html>\n'
    return written(headers, "\n\n".join(one.plain() for one in parts) + "\n", page)


def _line(text: str, most: int) -> str:
    """What others wrote, fit for a header: one line, nothing invisible, not too long."""
    return excerpt("".join(one if one.isprintable() else " " for one in text), most)
