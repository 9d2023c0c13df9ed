"""What is said over a WebSocket by the protocol graphql-transport-ws."""

from enum import IntEnum
from typing import Any, Final

import msgspec

from service.web.parameters import BODY_LIMIT, Parameters

PROTOCOL: Final = "graphql-transport-ws"


class Code(IntEnum):
    """Why a connection is closed: of the protocol from 4400 on, of WebSockets below."""

    TOO_BIG = 1009
    RESTART = 1012
    TRY_LATER = 1013
    BAD_MESSAGE = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    NOT_ACCEPTABLE = 4406
    INIT_TIMEOUT = 4408
    TWICE = 4409
    INIT_TWICE = 4429


class Init(msgspec.Struct, tag_field="type", tag="connection_init"):
    payload: dict[str, Any] | None = None


class Subscribe(msgspec.Struct, tag_field="type", tag="subscribe"):
    id: str
    payload: Parameters


class Complete(msgspec.Struct, tag_field="type", tag="complete"):
    id: str


class Ping(msgspec.Struct, tag_field="type", tag="ping"):
    payload: Any = None


class Pong(msgspec.Struct, tag_field="type", tag="pong"):
    payload: Any = None


Given = Init | Subscribe | Complete | Ping | Pong
_DECODER = msgspec.json.Decoder(Given)


class Closed(Exception):
    """This connection ends: the code and the reason that the client gets."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


def given_in(text: str | None) -> Given:
    """A message; None for one that was not text. Errors: Closed."""
    if text is None:
        raise Closed(Code.BAD_MESSAGE, "Messages are text.")
    if len(text) > BODY_LIMIT:
        raise Closed(Code.TOO_BIG, f"A message may have {BODY_LIMIT:,} characters.")
    try:
        given: Given = _DECODER.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Closed(Code.BAD_MESSAGE, f"This is no message of {PROTOCOL}: {error}.") from error
    return given


def said(type: str, id: str, payload: str) -> str:
    """A message about an operation. Shape: payload is JSON."""
    return f'{{"id":{_json(id)},"type":"{type}","payload":{payload}}}'


def refusal(id: str, message: str, extensions: dict[str, Any]) -> str:
    """An error of an operation, with those of extensions that are not None."""
    about = {name: value for name, value in extensions.items() if value is not None}
    return said("error", id, _json([{"message": message, "extensions": about}]))


def complete(id: str) -> str:
    return _json({"id": id, "type": "complete"})


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
