"""One of several workers: `service.workers` starts it and hands it the listening socket."""

import asyncio
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

from service.logs import configure
from service.serving import answer, open_log
from service.settings import Settings
from service.signals import Signals
from service.web.gathering import Neighbours


def main(arguments: list[str]) -> None:
    """With the numbers of the sockets to listen on and to the supervisor, ours, and the meeting place."""
    listening, supervisor, number, folder = arguments
    settings = Settings.read()
    configure(settings.log_level, worker=int(number))
    listener, control = socket.socket(fileno=int(listening)), socket.socket(fileno=int(supervisor))
    with listener, control, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(settings, listener, control, Neighbours(Path(folder), int(number))))


async def _work(
    settings: Settings, listener: socket.socket, control: socket.socket, neighbours: Neighbours
) -> None:
    with Signals() as signals, _ends_with(control, signals):
        async with open_log(settings) as opened:
            await answer(
                opened, settings, listener, signals, lambda: control.sendall(b"1"), neighbours=neighbours
            )


@contextmanager
def _ends_with(control: socket.socket, signals: Signals) -> Iterator[None]:
    """The supervisor never says anything: what can be read is its end."""
    loop = asyncio.get_running_loop()

    def ended() -> None:
        loop.remove_reader(control)
        signals.received()

    loop.add_reader(control, ended)
    try:
        yield
    finally:
        loop.remove_reader(control)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except asyncio.CancelledError:
        raise SystemExit(130) from None
