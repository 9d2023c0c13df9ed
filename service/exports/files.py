"""Lines in files, with gzip or without; a file appears under its name when it is complete."""

import asyncio
import os
import sys
import zlib
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import IO, Any

from service.exports.errors import Damaged, ExportRefused

STDOUT = "-"
LONGEST_LINE = 1 << 24
CHUNK = 1 << 18
LEVEL = 4  # twice the speed of the usual 6, for a file that is a tenth larger
_MAGIC = b"\x1f\x8b"
_GZIP = 31  # zlib's number for: with the head and the checksum of gzip

Write = Callable[[bytes], object]


async def gzipped(blocks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The same, compressed: in a thread, while the next block is made."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, _GZIP)
    async with aclosing(blocks):
        packing: asyncio.Task[bytes] | None = None
        async for block in blocks:
            packed = await packing if packing else b""
            packing = asyncio.create_task(asyncio.to_thread(packer.compress, block))
            if packed:
                yield packed
    yield (await packing if packing else b"") + packer.flush()


@contextmanager
def new_file(name: str, *, force: bool, private: bool) -> Iterator[Write]:
    """To write a file into: it takes its name at the end of the body, and never if that fails.

    Shape:  name is a path, or - for the standard output; private: nobody else may read it.
    Errors: ExportRefused when there is such a file, unless forced, or when it cannot be written.
    """
    if name == STDOUT:
        yield _writer(sys.stdout.buffer, "the standard output")
        with _explained("the standard output"):
            sys.stdout.buffer.flush()
        return
    path = Path(name)
    _refuse_existing(path, force)
    beside = path.with_name(f".{path.name}.{os.urandom(4).hex()}.part")
    with _explained(path):
        file = os.fdopen(
            os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666), "wb"
        )
    try:
        with file:
            yield _writer(file, path)
            with _explained(path):
                file.flush()
                os.fsync(file.fileno())
        _refuse_existing(path, force)
        with _explained(path):
            beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _refuse_existing(path: Path, force: bool) -> None:
    if not force and os.path.lexists(path):
        raise ExportRefused(f"{path} is there already: give another name, or --force to replace it")


def _writer(file: IO[bytes], name: object) -> Write:
    def write(data: bytes) -> None:
        with _explained(name):
            file.write(data)

    return write


@contextmanager
def _explained(name: object) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ExportRefused(f"{name} cannot be written: {error.strerror}") from error


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a file, compressed or not, each with its end; the last one may lack it.

    Errors: Damaged for a file that cannot be read, or not from here on.
    """
    rest = b""
    for block in _unpacked(path):
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            yield line + b"\n"
        if len(rest) > LONGEST_LINE:
            raise Damaged(f"a line is longer than {LONGEST_LINE:,} bytes")
    if rest:
        yield rest


def _unpacked(path: Path) -> Iterator[bytes]:
    """What is in it, as far as it goes; then an error, if it is not whole."""
    unpacker: Any = None
    for number, block in enumerate(_blocks(path)):
        if number == 0 and block.startswith(_MAGIC):
            unpacker = zlib.decompressobj(_GZIP)
        yield from [block] if unpacker is None else _inflated(unpacker, block)
    if unpacker is not None and not unpacker.eof:
        raise Damaged("the file is cut off in the middle of its gzip data")


def _inflated(unpacker: Any, block: bytes) -> Iterator[bytes]:
    """In pieces of bounded size, however much it expands."""
    while block:
        if unpacker.eof:
            raise Damaged("something follows the end of the gzip data")
        try:
            yield unpacker.decompress(block, CHUNK)
        except zlib.error as error:
            raise Damaged(f"the gzip data is damaged: {error}") from error
        block = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while block := file.read(CHUNK):
                yield block
    except OSError as error:
        raise Damaged(f"{path} cannot be read: {error.strerror}") from error
