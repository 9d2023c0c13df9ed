"""`shortscience witness`, as a process that is killed."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from service.verification.cosigning import WitnessKey
from service.verification.notes import parse_note
from tests.end_to_end.server import free_port
from tests.verification.test_witness import OTHERS, SIGNER, asking

PATIENCE = 60.0
COMMAND = "import typer; from service.cli_witness import witness; typer.run(witness)"


@contextmanager
def running(folder: Path, port: int, *more: str) -> Iterator[subprocess.Popen[str]]:
    """The command, killed in the end."""
    options = [
        f"--state={folder / 'state'}",
        f"--key={folder / 'key'}",
        f"--log={SIGNER.vkey}",
        f"--port={port}",
    ]
    command = [sys.executable, "-c", COMMAND, *options, *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def when_it_answers(client: httpx.Client, url: str) -> str:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return client.get(url).text
        except httpx.TransportError:
            assert time.monotonic() < end, "the witness does not answer"
            time.sleep(0.05)


def test_it_remembers_when_it_is_killed(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with httpx.Client() as client:
        with running(tmp_path, port) as process:
            first = when_it_answers(client, url)
            assert process.stdout
            assert process.stdout.readline() == f"Witness {first.strip()} on {url}\n"
            request = asking(0, 8)
            answer = client.post(f"{url}/add-checkpoint", content=request.body())
            assert answer.status_code == 200
        key = WitnessKey.from_vkey(first)
        key.verify(parse_note(request.note)[0], answer.text.splitlines())
        assert key.name.startswith("shortscience-witness/")
        with running(tmp_path, port, "--name=w.example"):
            again = when_it_answers(client, url)
            assert again.startswith("w.example+")
            assert parse_note(request.note)[0] in again
            forked = client.post(f"{url}/add-checkpoint", content=asking(8, 9, OTHERS).body())
            assert (forked.status_code, "another root" in forked.text) == (422, True)
