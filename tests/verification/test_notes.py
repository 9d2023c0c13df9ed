"""Signed notes: what others signed is understood, and whatever is not exactly right is refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.verification.encoding import base64
from service.verification.errors import NoteError, SignatureError
from service.verification.notes import Signer, Verifier, note, parse_note

TEXT = "Ognuno sta solo\n\ned è subito sera.\n"
SIGNER = Signer.from_private("example.org/log", b"\1" * 32)
OTHER = Signer.from_private("example.org/log", b"\2" * 32)
VERIFIER = Verifier.from_vkey(SIGNER.vkey)
NOTE = note(TEXT, [SIGNER.sign(TEXT)])

# A note that another implementation signed: the example in the documentation of Go's package of notes.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZ"
    "SNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_a_note_comes_back() -> None:
    text, lines = parse_note(NOTE)
    assert (text, note(text, lines)) == (TEXT, NOTE)
    VERIFIER.verify(text, lines)


def test_what_another_implementation_signed() -> None:
    text, lines = parse_note(GO_NOTE)
    Verifier.from_vkey(GO_KEY).verify(text, lines)
    with pytest.raises(SignatureError, match="does not fit"):
        Verifier.from_vkey(GO_KEY).verify(text.replace("don't", "do"), lines)


def test_signatures_of_other_keys_are_passed_over() -> None:
    lines = [OTHER.sign(TEXT), SIGNER.sign(TEXT), "— new/kind AAAAAAAA"]
    VERIFIER.verify(TEXT, parse_note(note(TEXT, lines))[1])
    with pytest.raises(SignatureError, match="no signature of"):
        VERIFIER.verify(TEXT, [OTHER.sign(TEXT)])


def test_one_wrong_signature_of_a_known_key_is_enough() -> None:
    with pytest.raises(SignatureError, match="does not fit the text"):
        VERIFIER.verify(TEXT, [SIGNER.sign(TEXT), SIGNER.sign("another\n")])


@given(st.integers(0, len(NOTE.encode()) - 1), st.integers(0, 7))
def test_no_bit_can_be_changed(at: int, bit: int) -> None:
    data = bytearray(NOTE.encode())
    data[at] ^= 1 << bit
    try:
        text, lines = parse_note(data.decode())
        VERIFIER.verify(text, lines)
    except (UnicodeDecodeError, NoteError, SignatureError):
        return
    raise AssertionError(bytes(data))


@pytest.mark.parametrize(
    ("signed", "told"),
    [
        ("", "a text, an empty line"),
        (TEXT, "signature line"),
        (NOTE[:-1], "a text, an empty line"),
        (NOTE.replace("\n\n—", "\n—"), "signature line"),
        (NOTE.replace("—", "-"), "signature line"),
        (NOTE.replace("Ognuno", "Ogn\tuno"), "characters"),
        (NOTE.replace("Ognuno", "Ogn\runo"), "characters"),
        (NOTE.replace("Ognuno", "Ogn\ud800uno"), "characters"),
        (NOTE + "\n", "a text, an empty line"),
        (NOTE + "— +name AAAAAAAA\n", "plus signs"),
        (NOTE + "— a\u00a0b AAAAAAAA\n", "spaces"),
        (NOTE + "—  AAAAAAAA\n", "not empty"),
        (NOTE + "— a AAAAAA==\n", "too short"),
        (NOTE + "— a AAAAAAB=\n", "not Base64"),
        (NOTE + "— a AAAA AAAA\n", "signature line"),
        (NOTE + "— a AAAAAAA*\n", "not Base64"),
        (NOTE + "— a AAAAAAAA\n" * 100, "more than 100"),
        ("a" * 250_000 + NOTE, "longer than 250,000"),
    ],
)
def test_a_note_of_another_form_is_refused(signed: str, told: str) -> None:
    with pytest.raises(NoteError, match=re.escape(told)):
        parse_note(signed)


@pytest.mark.parametrize(
    ("vkey", "told"),
    [
        ("", "name+id+key"),
        ("example.org/log+12345678", "name+id+key"),
        (SIGNER.vkey.replace("log+", "logs+"), "does not belong to it"),
        (SIGNER.vkey[:-4], "not of kind 1"),
        (SIGNER.vkey[:-1], "not Base64"),
        (SIGNER.vkey.upper(), "does not belong to it"),
        (f"a b+12345678+{base64(bytes([1]) + b'k' * 32)}", "neither spaces"),
        (f"a+12345678+{base64(bytes([6]) + b'k' * 32)}", "not of kind 1"),
    ],
)
def test_a_key_of_another_form_is_refused(vkey: str, told: str) -> None:
    with pytest.raises(NoteError, match=re.escape(told)):
        Verifier.from_vkey(vkey)
