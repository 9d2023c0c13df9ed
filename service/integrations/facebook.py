"""A page on Facebook, by the Graph API: one post with a link for each summary."""

from urllib.parse import urlencode

from service.integrations.networks import Answer, Posted, Unclear, ask
from service.integrations.outbox import Delivered, GiveUp, Refused, Retry
from service.integrations.wording import Announcement, composed

API = "https://graph.facebook.com/v23.0"
LIMIT = 600  # characters; Facebook takes 63,206, and shows fewer than these without a click
WINDOW = 3_600.0  # seconds in which Facebook counts calls
TIMED_OUT, TOO_MANY_REQUESTS = 408, 429
REFUSES_THE_PAGE = frozenset({401, 402, 403})  # when there is no code that says more

# Codes of errors.
TOO_MANY = frozenset({4, 17, 32, 341, 613, 80_001})
UNSURE = frozenset({1, 2})  # something went wrong there
STOPS = frozenset({3, 10, 101, 102, 104, 190, 368, *range(200, 300)})  # token, rights, or the page is blocked
PARAMETER, NO_SUCH_PAGE = 100, 33  # the second is a subcode


class Facebook:
    """A page. Shape: token is the page's, with the right pages_manage_posts."""

    name = "facebook"

    def __init__(self, page_id: str, token: str, *, api: str = API) -> None:
        self._url = f"{api}/{page_id}/feed"
        self._token = token

    def text(self, said: Announcement) -> str:
        """The line alone: the permalink goes beside it, and Facebook shows the page behind it."""
        return composed(said, LIMIT, len)

    async def post(self, said: Announcement) -> Posted:
        """What Facebook answers says how it ended. The token is in the body, where nobody logs it."""
        form = {"message": self.text(said), "link": said.permalink, "access_token": self._token}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await ask(self._url, urlencode(form).encode(), headers, (self._token,))
        return outcome_of(answer) if isinstance(answer, Answer) else answer


def outcome_of(answer: Answer) -> Posted:
    """What an answer means, by the code of its error more than by its status."""
    status, fields = answer.status, answer.fields()
    error = fields.get("error")
    if not isinstance(error, dict) or (code := _number(error.get("code"))) is None:
        return _without_code(answer, None if error else fields.get("id"))
    subcode = _number(error.get("error_subcode"))
    marks = "/".join(str(one) for one in (code, subcode) if one is not None)
    why = f"Facebook answers {status} ({marks}): {error.get('message') or ''}"
    if code in TOO_MANY or status == TOO_MANY_REQUESTS:
        return Retry(why, answer.asks_to_wait() or WINDOW, status)
    if code in STOPS or (code == PARAMETER and subcode == NO_SUCH_PAGE):
        return GiveUp(why, status)
    if code in UNSURE or status >= 500:
        return Unclear(why, status)
    return Refused(why, status)


def _without_code(answer: Answer, post: object) -> Posted:
    """By its status: what Facebook does not say itself may be said by who stands between."""
    status = answer.status
    why = f"Facebook answers {status}."
    if 200 <= status < 300 and (post is not None or answer.broken):
        return Delivered(status, None if post is None else str(post))
    if 200 <= status < 300:
        return Unclear(f"{why} It names no post.", status)
    if status >= 500 or status == TIMED_OUT:
        return Unclear(why, status)
    if status == TOO_MANY_REQUESTS:
        return Retry(why, answer.asks_to_wait() or WINDOW, status)
    return GiveUp(why, status) if status in REFUSES_THE_PAGE else Retry(why, status=status)


def _number(value: object) -> int | None:
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 10 else None
