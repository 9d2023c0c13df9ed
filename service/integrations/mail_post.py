"""How mail leaves this installation."""

import time
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from service.integrations.mail_server import PREPARING_SECONDS, TAKING_SECONDS, MailServer, send
from service.integrations.mail_text import Letterhead
from service.integrations.outbox import Outcome, Refused, Retry

log = structlog.get_logger()

TRIED = timedelta(hours=20)  # that a mail server is away says nothing about a reader: the mail is dropped
SECONDS = PREPARING_SECONDS + TAKING_SECONDS + 30.0  # for one try: the database is asked too
SILENT_SECONDS = 600.0  # between two lines in the log about the same


@dataclass(frozen=True, slots=True)
class Post:
    """The mail server, and what all mails have at their head."""

    server: MailServer
    letterhead: Letterhead
    _told: dict[int | str, float] = field(default_factory=dict, compare=False, repr=False)

    async def send(self, message: bytes, to: str) -> Outcome:
        """One try. Shape: as of `mail_server.send`."""
        outcome = await send(self.server, message, self.letterhead.sender.addr_spec, to)
        if isinstance(outcome, Retry | Refused):
            self._tell(outcome)
        return outcome

    def _tell(self, outcome: Retry | Refused) -> None:
        """Tell the operator, but not of each mail. Words of a server differ, so its code counts."""
        now, what = time.monotonic(), outcome.status or outcome.why
        for old in [one for one, at in self._told.items() if now - at >= SILENT_SECONDS]:
            del self._told[old]
        if what not in self._told:
            self._told[what] = now
            tried_again = isinstance(outcome, Retry)
            log.warning("mail does not go out", error=outcome.why, tried_again=tried_again)
