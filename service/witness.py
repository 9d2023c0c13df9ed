"""A small witness: cosigns what logs say of themselves, as long as they only grow.

It speaks https://c2sp.org/tlog-witness, and needs no database: anybody can run it, elsewhere.
"""

import asyncio
import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from service.verification.checkpoints import Checkpoint, opened, speaks_for
from service.verification.cosigning import SIZE_TYPE, AddCheckpoint, Cosigner
from service.verification.errors import NoteError, ProofError, SignatureError
from service.verification.keys import sync_folder
from service.verification.merkle import EMPTY_ROOT, verify_consistency
from service.verification.notes import Verifier, note, parse_note

LONGEST_REQUEST = 300_000  # bytes


class StateFileError(Exception):
    """The witness cannot remember: it must not sign anything."""


class Memory:
    """The last checkpoint of each origin that was cosigned, in a file that only one process holds.

    Shape:  JSON, origin → the cosigned note; a file that is not there is an empty memory.
    """

    def __init__(self, path: Path, notes: dict[str, str]) -> None:
        self._path = path
        self.notes = notes

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator[Self]:
        """Errors: StateFileError when it cannot be read or is held by another witness."""
        with _locked(path):
            yield cls(path, _read(path))

    def last(self, origin: str) -> Checkpoint:
        """Of an origin that was never cosigned: the empty tree."""
        signed = self.notes.get(origin)
        return Checkpoint.parse(parse_note(signed)[0]) if signed else Checkpoint(origin, 0, EMPTY_ROOT)

    def keep(self, origin: str, signed: str) -> None:
        """Durable when it returns. Errors: OSError, and then nothing is to be signed."""
        notes = {**self.notes, origin: signed}
        beside = self._path.with_name(f"{self._path.name}.new")
        with beside.open("w", encoding="utf-8") as file:
            json.dump(notes, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
        sync_folder(self._path.parent)
        self.notes = notes


def _locked(path: Path) -> IO[str]:
    """Held until it is closed."""
    try:
        lock = path.with_name(f"{path.name}.lock").open("w")
    except OSError as error:
        raise StateFileError(f"{path} cannot be written: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise StateFileError(f"another witness runs with {path}") from None
    return lock


def _read(path: Path) -> dict[str, str]:
    try:
        notes: dict[str, str] = json.loads(path.read_bytes())
        if any(Checkpoint.parse(parse_note(signed)[0]).origin != origin for origin, signed in notes.items()):
            raise NoteError("a note is not of the origin that it is kept for")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StateFileError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, AttributeError, NoteError) as error:
        raise StateFileError(
            f"{path} is not what a witness writes ({error}): restore it; do not begin anew without it"
        ) from error
    return notes


class Refused(Exception):
    """The answer to a request that is not cosigned."""

    def __init__(self, status: int, told: str, content_type: str = "text/plain; charset=utf-8") -> None:
        super().__init__(told)
        self.status = status
        self.content_type = content_type


class Witness:
    """Decides, and remembers before it signs. Shape: logs are the keys that it trusts."""

    def __init__(
        self,
        cosigner: Cosigner,
        logs: Sequence[Verifier],
        memory: Memory,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.cosigner = cosigner
        self.memory = memory
        self._logs = logs
        self._clock = clock
        self._one_at_a_time = threading.Lock()

    def add_checkpoint(self, body: str) -> str:
        """The cosignature of what is asked for. Errors: Refused, with the status of the specification."""
        try:
            request = AddCheckpoint.parse(body)
            text, lines = parse_note(request.note)
            trusted = self._trusted(Checkpoint.parse(text).origin)
            checkpoint = opened(request.note, *trusted)
        except NoteError as error:
            raise Refused(400, str(error)) from None
        except SignatureError as error:
            raise Refused(403, str(error)) from None
        if request.old > checkpoint.size:
            raise Refused(400, f"the old size {request.old} is larger than the new one, {checkpoint.size}")
        signatures = [one.line() for log in trusted for one in log.own(lines)]
        with self._one_at_a_time:
            self._check_grown(request, checkpoint)
            line = self.cosigner.cosign(text, int(self._clock()))
            self.memory.keep(checkpoint.origin, note(text, [*signatures, line]))
        return f"{line}\n"

    def _trusted(self, origin: str) -> list[Verifier]:
        trusted = [log for log in self._logs if speaks_for(log.name, origin)]
        if not trusted:
            raise Refused(404, "this witness does not know the log")
        return trusted

    def _check_grown(self, request: AddCheckpoint, checkpoint: Checkpoint) -> None:
        known = self.memory.last(checkpoint.origin)
        if request.old != known.size or (checkpoint.size == known.size and checkpoint.root != known.root):
            raise Refused(409, str(known.size), SIZE_TYPE)
        try:
            verify_consistency(known.size, checkpoint.size, request.proof, known.root, checkpoint.root)
        except ProofError as error:
            raise Refused(422, str(error)) from None


def witness_app(witness: Witness) -> Starlette:
    """POST /add-checkpoint, and for people GET /: its key, and all that it cosigned last."""

    async def add_checkpoint(request: Request) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > LONGEST_REQUEST:
                return PlainTextResponse(f"more than {LONGEST_REQUEST:,} bytes\n", 413)
        try:
            return PlainTextResponse(await asyncio.to_thread(witness.add_checkpoint, body.decode()))
        except UnicodeDecodeError:
            return PlainTextResponse("the request is not UTF-8\n", 400)
        except Refused as refused:
            return Response(f"{refused}\n", refused.status, {"Content-Type": refused.content_type})

    async def show(_request: Request) -> Response:
        return PlainTextResponse("\n".join([f"{witness.cosigner.vkey}\n", *witness.memory.notes.values()]))

    return Starlette(
        routes=[Route("/", show), Route("/add-checkpoint", add_checkpoint, methods=["POST"])],
    )
