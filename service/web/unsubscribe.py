"""What the links in mails lead to. Looking changes nothing: mail servers follow links; a button does.

Who has a token needs no session. It is in the query of the address, which no log holds.
"""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime

import asyncpg
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from service.integrations import mail_preferences, mail_questions
from service.web.layout import not_found, notice, page
from service.web.markup import page_part
from service.web.middleware import CONTENT_SECURITY

TOKEN = re.compile("[!-~]{1,100}")
CONFIRMED = "You will get mail from now on."
CONFIRMED_ONLY = (
    "This address is confirmed, but you will get no mail: since you were asked, no mail was chosen for your "
    "account. Choose it there again if you want some."
)
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Content-Security-Policy": CONTENT_SECURITY.replace("form-action 'none'", "form-action 'self'"),
}


def mail_routes(pool: asyncpg.Pool, clock: Callable[[], datetime]) -> list[Route]:
    """The addresses in mails. A POST to the first, with whatever body, is what RFC 8058 calls one click."""

    async def unsubscribe(request: Request) -> Response:
        token = _token(request)
        if request.method != "POST":
            return _button(
                await mail_preferences.is_subscriber(pool, token),
                "No more mail?",
                "ShortScience will send you no mail about comments, replies and new summaries any more. Your "
                "notifications stay where they are.",
                "Send me no more mail",
            )
        if not await mail_preferences.unsubscribe(pool, token):
            return not_found()
        return notice(200, "No more mail", "You will get no mail of this kind any more.", HEADERS)

    async def confirm(request: Request) -> Response:
        token = _token(request)
        if request.method != "POST":
            return _button(
                await mail_questions.question(pool, token, clock()) is not None,
                "Mail from ShortScience?",
                "You will be told by mail of comments, replies and new summaries, if that is still chosen in "
                "your account. Each mail has a link that ends this.",
                "Yes, send me mail",
            )
        if (mode := await mail_questions.confirm(pool, token, clock())) is None:
            return not_found()
        return notice(200, "Thank you", CONFIRMED_ONLY if mode == "NONE" else CONFIRMED, HEADERS)

    answers: dict[str, Callable[[Request], Awaitable[Response]]] = {
        "/mail/unsubscribe": unsubscribe,
        "/mail/confirm": confirm,
    }
    return [Route(path, answer, methods=["GET", "POST"]) for path, answer in answers.items()]


def _token(request: Request) -> str:
    """As it came; what cannot be one is nobody's."""
    found = request.query_params.get("token", "")
    return found if TOKEN.fullmatch(found) else ""


def _button(known: bool, heading: str, text: str, button: str) -> Response:
    if not known:
        return not_found()
    answer = page(heading, page_part("ask.html", heading=heading, text=text, button=button))
    answer.headers.update(HEADERS)
    return answer
