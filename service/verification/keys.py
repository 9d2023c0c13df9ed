"""The signing key of an installation: a file, made when it is first needed."""

import os
import tempfile
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

FILE = "signing-key.pem"  # in the data directory


class KeyFileError(Exception):
    """The file with the signing key cannot be used; the message names it and says why."""


def signing_key(path: Path) -> Ed25519PrivateKey:
    """The key in this file (PKCS #8 as PEM, as `openssl genpkey -algorithm ed25519` writes it).

    When there is no such file it is made, readable by its owner alone. Of several processes that make it at
    once all get the same key.

    Errors: KeyFileError.
    """
    try:
        if not path.exists():
            _make(path)
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise KeyFileError(f"the signing key {path} cannot be read or made: {error.strerror}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyFileError(f"{path} does not hold a private key as PEM, without a password") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path} holds a key of another kind: it must be Ed25519")
    return key


def _make(path: Path) -> None:
    """The whole file appears at once, and never in the place of another."""
    path.parent.mkdir(parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            file.flush()
            os.fsync(file.fileno())
        os.link(beside, path)
    except FileExistsError:
        pass  # another process was first: its key is the one
    finally:
        os.unlink(beside)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Let the names in it outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
