"""Media types: which one a client sends, and which one it wants."""

from email.message import Message
from typing import Final

from starlette.requests import Request

from service.web.refusals import Refused

GRAPHQL_RESPONSE: Final = "application/graphql-response+json"
PLAIN_JSON: Final = "application/json"
EVENT_STREAM: Final = "text/event-stream"


def answer_type(accept: str | None) -> str:
    """The media type of the answer.

    Shape:  the one with the highest q; of equals the one named first. A wildcard, or no header, is
            plain JSON, as older clients expect.
    Errors: Refused (406) when neither is acceptable.
    """
    if not accept or not accept.strip():
        return PLAIN_JSON
    offers = [(media, q) for media, q in _accepted(accept) if q > 0 and media is not None]
    if not offers:
        kinds = f"{GRAPHQL_RESPONSE}, {PLAIN_JSON} or {EVENT_STREAM}"
        raise Refused(406, "INVALID", f"An answer can be {kinds}: name one in Accept.")
    return max(offers, key=lambda offer: offer[1])[0]


def wants_html(request: Request) -> bool:
    """A browser that opens an address, as opposed to a program."""
    return "text/html" in request.headers.get("accept", "").lower()


def wants_events(request: Request) -> bool:
    """A client that takes what comes of an operation as server-sent events."""
    parts = [part.strip() for part in request.headers.get("accept", "").lower().split(",")]
    return any(part.partition(";")[0].strip() == EVENT_STREAM and _quality(part) > 0 for part in parts)


def check_json(content_type: str | None, encoding: str | None) -> None:
    """Errors: Refused (415) unless the body is uncompressed JSON in UTF-8."""
    header = Message()
    header["Content-Type"] = content_type or ""
    if not content_type or header.get_content_type() != PLAIN_JSON:
        raise Refused(415, "INVALID", f"Send the operation as Content-Type: {PLAIN_JSON}.")
    charset = header.get_param("charset", "utf-8")
    if not isinstance(charset, str) or charset.lower() not in ("utf-8", "utf8"):
        raise Refused(415, "INVALID", "Send JSON in UTF-8: the charset of Content-Type is another one.")
    if encoding is not None and encoding.lower() != "identity":
        raise Refused(415, "INVALID", "Send the body as it is: Content-Encoding is not supported.")


def _accepted(accept: str) -> list[tuple[str | None, float]]:
    """What each part of the header comes to here; None for types that are not offered."""
    parts = [part.strip() for part in accept.lower().split(",")]
    return [(_offered(part.partition(";")[0].strip()), _quality(part)) for part in parts]


def _offered(media_range: str) -> str | None:
    if media_range == GRAPHQL_RESPONSE:
        return GRAPHQL_RESPONSE
    return PLAIN_JSON if media_range in (PLAIN_JSON, "application/*", "*/*") else None


def _quality(part: str) -> float:
    for parameter in part.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return _number(value.strip())
    return 1.0


def _number(text: str) -> float:
    """A qvalue; one that is malformed counts as 0, so that it is not chosen."""
    whole, _, fraction = text.partition(".")
    digits = whole + fraction
    return float(text) if digits.isascii() and digits.isdigit() and len(text) <= 5 else 0.0
