"""A page on Facebook, by the Graph API: one post with a link for each summary."""

from urllib.parse import urlencode

from service.integrations.networks import Answer, Posted, Unclear, ask
from service.integrations.outbox import Delivered, GiveUp, Refused, Retry
from service.integrations.wording import Announcement, composed

API = "https://graph.facebook.com/v23.0"
LIMIT = 600  # characters; Facebook takes 63,206, and shows fewer than these without a click
WINDOW = 3_600.0  # seconds in which Facebook counts calls
TIMED_OUT = 408

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
    if 200 <= status < 300 and "error" not in fields:
        return Delivered(status, str(fields["id"]) if "id" in fields else None)
    error = fields.get("error")
    if not isinstance(error, dict):
        why = f"Facebook answers {status}."
        unsure = status >= 500 or status == TIMED_OUT
        return Unclear(why, status) if unsure else Retry(why, status=status)
    code, subcode = error.get("code"), error.get("error_subcode")
    marks = "/".join(str(one) for one in (code, subcode) if one is not None)
    why = f"Facebook answers {status} ({marks}): {error.get('message', '')}"
    if code in TOO_MANY:
        return Retry(why, WINDOW, status)
    if code in STOPS or (code == PARAMETER and subcode == NO_SUCH_PAGE):
        return GiveUp(why, status)
    if code in UNSURE or status >= 500:
        return Unclear(why, status)
    return Refused(why, status)
