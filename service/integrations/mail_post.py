"""How mail leaves this installation."""

from dataclasses import dataclass
from datetime import timedelta

from projections.reading import Reader
from service.integrations.mail_server import MailServer, send
from service.integrations.mail_text import Letterhead
from service.integrations.outbox import Delivery, Outcome, Refused, Retry

TRIED = timedelta(hours=20)  # less than what the outbox takes for a reason to give up a reader


@dataclass(frozen=True, slots=True)
class Post:
    """The mail server, and what all mails have at their head."""

    server: MailServer
    letterhead: Letterhead

    async def send(self, message: bytes, to: str) -> Outcome:
        """One try. Shape: as of `mail_server.send`."""
        return await send(self.server, message, self.letterhead.sender.addr_spec, to)


async def in_time(conn: Reader, delivery: Delivery, outcome: Outcome) -> Outcome:
    """A mail is not tried for ever: that a mail server is away says nothing about a reader."""
    if not isinstance(outcome, Retry):
        return outcome
    sql = """
        SELECT FROM outwards.deliveries WHERE delivery_id = $1 AND first_tried_at < now() - $2::interval
    """
    late = await conn.fetch(sql, delivery.delivery_id, TRIED)
    return Refused(f"Not any more: {outcome.why}", outcome.status) if late else outcome
