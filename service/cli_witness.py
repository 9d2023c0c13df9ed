"""`shortscience witness`: watch over logs of others."""

from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from service.console import say
from service.logs import configure
from service.verification.cosigning import Cosigner
from service.verification.keys import signing_key
from service.verification.notes import Verifier
from service.witness import Memory, Witness, witness_app


def witness(
    state: Annotated[
        Path, typer.Option(help="Where it remembers what it cosigned. Made if absent; keep it.")
    ],
    key: Annotated[Path, typer.Option(help="Its private key, as PEM. Made if absent.")],
    log: Annotated[list[str], typer.Option(help="The key of a log, as `shortscience keys show` prints it.")],
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8001,
    host: Annotated[str, typer.Option()] = "127.0.0.1",
    name: Annotated[str | None, typer.Option(help="Of its key. Default: made from the key.")] = None,
) -> None:
    """Be a witness: cosign the checkpoints of logs for as long as they only grow.

    It needs no database. Run it where the log's operator has no access, and let the log ask it: there,
    SHORTSCIENCE_WITNESSES is its key and its address.
    """
    logs = [Verifier.from_vkey(vkey) for vkey in log]
    cosigner = _cosigner(signing_key(key), name)
    configure("INFO")
    with Memory.opened(state) as memory:
        say(f"Witness {cosigner.vkey} on http://{host}:{port}")
        app = witness_app(Witness(cosigner, logs, memory))
        uvicorn.run(app, host=host, port=port, log_config=None, access_log=False, server_header=False)


def _cosigner(key: Ed25519PrivateKey, name: str | None) -> Cosigner:
    return Cosigner(name or f"shortscience-witness/{key.public_key().public_bytes_raw().hex()[:16]}", key)
