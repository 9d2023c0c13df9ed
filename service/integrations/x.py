"""X, by its API v2: one post for each summary."""

import secrets
from collections.abc import Callable
from datetime import datetime

import msgspec

from service.integrations.networks import Answer, Posted, Unclear, ask
from service.integrations.oauth1 import Credentials, authorization
from service.integrations.outbox import Delivered, GiveUp, Refused, Retry
from service.integrations.wording import Announcement, composed
from service.integrations.x_weight import LIMIT, weight

API = "https://api.x.com"
LIMITS = ("x-rate-limit", "x-app-limit-24hour", "x-user-limit-24hour")
WINDOW = 900.0  # seconds, of a limit that does not say when it ends
BAD_REQUEST, FORBIDDEN, TIMED_OUT, TOO_MANY = 400, 403, 408, 429
STOPS = frozenset({401, 402, 403})  # the account, whoever says so and however


class X:
    """An account on X."""

    name = "x"

    def __init__(self, own: Credentials, clock: Callable[[], datetime], *, api: str = API) -> None:
        self._own = own
        self._clock = clock
        self._url = f"{api}/2/tweets"

    def text(self, said: Announcement) -> str:
        """The line and the permalink, within what X takes."""
        link = f" {said.permalink}"
        return composed(said, LIMIT - weight(link), weight) + link

    async def post(self, said: Announcement) -> Posted:
        """What X answers says how it ended."""
        seconds = int(self._clock().timestamp())
        header = authorization(self._own, "POST", self._url, nonce=secrets.token_hex(16), seconds=seconds)
        content = msgspec.json.encode({"text": self.text(said)})
        headers = {"Authorization": header, "Content-Type": "application/json"}
        own = self._own
        hidden = (own.consumer_secret, own.token_secret, own.token, own.consumer_key)
        answer = await ask(self._url, content, headers, hidden)
        return outcome_of(answer, self._clock()) if isinstance(answer, Answer) else answer


def outcome_of(answer: Answer, now: datetime) -> Posted:
    """What an answer means. What X does not put down to this one text stops the account for its operator."""
    status, fields = answer.status, answer.fields()
    told = " ".join(str(fields[name]) for name in ("title", "detail") if fields.get(name))
    why = f"X answers {status}: {told}".rstrip(": ")
    if 200 <= status < 300:
        post = _id(fields)
        return Delivered(status, post) if post or answer.broken else Unclear(f"{why} without a post", status)
    if status >= 500 or status == TIMED_OUT:
        return Unclear(why, status)
    if status == TOO_MANY:
        return Retry(why, _pause(answer, now), status)
    if status < 400 or (not fields and status not in STOPS):
        return Retry(why, status=status)
    if status == BAD_REQUEST or (status == FORBIDDEN and "duplicate" in told.lower()):
        return Refused(why, status)
    return GiveUp(why, status)


def _id(fields: dict[str, object]) -> str | None:
    data = fields.get("data")
    return str(data["id"]) if isinstance(data, dict) and "id" in data else None


def _pause(answer: Answer, now: datetime) -> float:
    """Seconds until the limits that are used up begin anew, and as long as X asks for."""
    used = [one for one in LIMITS if answer.headers.get(f"{one}-remaining") == "0"] or LIMITS[:1]
    resets = [answer.headers.get(f"{one}-reset", "") for one in used]
    seconds = [float(one) - now.timestamp() for one in resets if one.isascii() and one.isdigit()]
    if (asked := answer.asks_to_wait()) is not None:
        seconds.append(asked)
    return max([1.0, *seconds]) if seconds else WINDOW
