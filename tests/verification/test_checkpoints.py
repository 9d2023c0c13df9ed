"""Checkpoints of a log, and the cosignatures of witnesses."""

import re
from uuid import UUID

import pytest

from service.verification.checkpoints import Checkpoint, key_name, opened, origin, speaks_for
from service.verification.cosigning import AddCheckpoint, Cosigner, WitnessKey, cosignatures
from service.verification.errors import NoteError, SignatureError
from service.verification.merkle import EMPTY_ROOT
from service.verification.notes import Signer, Verifier, note, parse_note

LOG = UUID("0190163d-8694-739b-aea5-966c26f8ad91")
SIGNER = Signer.from_private(key_name(LOG), b"\1" * 32)
VERIFIER = Verifier.from_vkey(SIGNER.vkey)
CHECKPOINT = Checkpoint(origin(LOG, 0), 20852163, bytes(range(32)))
ROOT = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
WITNESS = Cosigner.from_private("witness.example/w1", b"\3" * 32)
WITNESS_KEY = WitnessKey.from_vkey(WITNESS.vkey)

# The example in the specification: a checkpoint, the log's signature and that of a witness.
SPECIFIED = (
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhc"
    "yv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX"
    "3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)


def test_its_text() -> None:
    assert CHECKPOINT.text() == f"shortscience/{LOG}\n20852163\n{ROOT}\n"
    assert Checkpoint.parse(CHECKPOINT.text()) == CHECKPOINT
    assert Checkpoint.parse(f"a\n0\n{ROOT}\nan extension\n") == Checkpoint("a", 0, bytes(range(32)))


def test_the_example_of_the_specification() -> None:
    text, lines = parse_note(SPECIFIED)
    checkpoint = Checkpoint.parse(text)
    assert (checkpoint.origin, checkpoint.size, checkpoint.text()) == (
        "example.com/behind-the-sofa",
        20852163,
        text,
    )
    assert note(text, lines) == SPECIFIED


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "a line each"),
        ("a\n1\n", "a line each"),
        (f"a\n1\n{ROOT}", "a line each"),
        (f"\n1\n{ROOT}\n", "no line is empty"),
        (f"a\n1\n{ROOT}\n\nb\n", "no line is empty"),
        (f"a\n01\n{ROOT}\n", "as it should be written"),
        (f"a\n-1\n{ROOT}\n", "the size is not a number"),
        (f"a\n+1\n{ROOT}\n", "the size is not a number"),
        (f"a\n1_0\n{ROOT}\n", "the size is not a number"),
        (f"a\n١\n{ROOT}\n", "the size is not a number"),
        (f"a\n{2**63}\n{ROOT}\n", "as it should be written"),
        (f"a\n{'9' * 5000}\n{ROOT}\n", "the size is not a number"),
        ("a\n1\nAAAA\n", "32 bytes"),
        (f"a\n1\n{ROOT[:-2]}i=\n", "not Base64"),
        (f"a\n1\n{ROOT[:-1]}\n", "not Base64"),
    ],
)
def test_another_form_is_refused(text: str, told: str) -> None:
    with pytest.raises(NoteError, match=re.escape(told)):
        Checkpoint.parse(text)


def test_it_is_believed_when_a_trusted_key_of_the_log_signed_it() -> None:
    rotated = Signer.from_private(key_name(LOG), b"\2" * 32)
    newer = Verifier.from_vkey(rotated.vkey)
    signed = CHECKPOINT.signed(SIGNER)
    assert opened(signed, VERIFIER) == CHECKPOINT
    assert opened(signed, newer, VERIFIER) == CHECKPOINT
    with pytest.raises(SignatureError, match="no trusted key signed"):
        opened(signed, newer)
    with pytest.raises(SignatureError, match="trusted: none"):
        opened(signed)
    with pytest.raises(SignatureError, match="does not fit"):
        opened(signed.replace("20852163", "20852164"), VERIFIER)


def test_a_key_speaks_for_its_log_alone() -> None:
    assert origin(LOG, 1785000000) == f"shortscience/{LOG}/1785000000"
    later = CHECKPOINT._replace(origin=origin(LOG, 1785000000))
    assert opened(later.signed(SIGNER), VERIFIER) == later
    for other in (
        "shortscience",
        "elsewhere",
        f"{key_name(LOG)}/",
        f"{key_name(LOG)}/x",
        f"{key_name(LOG)}/01",
    ):
        assert not speaks_for(key_name(LOG), other)
        with pytest.raises(SignatureError, match="may not speak for"):
            opened(CHECKPOINT._replace(origin=other).signed(SIGNER), VERIFIER)


def test_a_cosignature_says_when() -> None:
    text = CHECKPOINT.text()
    line = WITNESS.cosign(text, 1679315147)
    assert WITNESS_KEY.cosigned_at(text, [SIGNER.sign(text), line]) == 1679315147
    with pytest.raises(SignatureError, match="does not fit"):
        WITNESS_KEY.cosigned_at(text.replace("0", "1"), [line])
    with pytest.raises(SignatureError, match="no signature"):
        WITNESS_KEY.cosigned_at(text, [SIGNER.sign(text)])
    with pytest.raises(SignatureError, match="no possible time"):
        WITNESS_KEY.cosigned_at(text, [WITNESS.cosign(text, 2**63)])


def test_what_is_signed_is_what_the_specification_says() -> None:
    """The message, checked with the bare key."""
    line = WITNESS.cosign(CHECKPOINT.text(), 1679315147)
    [signature] = WITNESS_KEY.own([line])
    assert signature.value[:8] == (1679315147).to_bytes(8, "big")
    message = f"cosignature/v1\ntime 1679315147\n{CHECKPOINT.text()}".encode()
    WITNESS_KEY._key.verify(signature.value[8:], message)


def test_keys_of_logs_and_of_witnesses_are_not_taken_for_one_another() -> None:
    with pytest.raises(NoteError, match="not of kind 1, that of a log"):
        Verifier.from_vkey(WITNESS.vkey)
    with pytest.raises(NoteError, match="not of kind 4, that of a witness"):
        WitnessKey.from_vkey(SIGNER.vkey)
    same = Signer.from_private(WITNESS.name, b"\3" * 32)
    with pytest.raises(SignatureError, match="no signature"):
        WITNESS_KEY.verify(CHECKPOINT.text(), [same.sign(CHECKPOINT.text())])


def test_a_request_to_a_witness() -> None:
    signed = CHECKPOINT.signed(SIGNER)
    request = AddCheckpoint(7, [EMPTY_ROOT, b"\0" * 32], signed)
    assert request.body().startswith("old 7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nAAAA")
    assert AddCheckpoint.parse(request.body()) == request
    assert AddCheckpoint.parse(f"old 0\n\n{signed}") == AddCheckpoint(0, [], signed)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("", "a request is"),
        ("old 1\n", "a request is"),
        ("new 1\n\nnote", "a request is"),
        ("old 1 \n\nnote", "the old size is not a number"),
        ("old 007\n\nnote", "as it should be written"),
        ("old 1\nx\n\nnote", "a hash of the proof is not Base64"),
        ("old 1\n" + f"{ROOT}\n" * 64 + "\nnote", "more than 63"),
    ],
)
def test_a_request_of_another_form_is_refused(body: str, told: str) -> None:
    with pytest.raises(NoteError, match=re.escape(told)):
        AddCheckpoint.parse(body)


def test_an_answer_of_a_witness() -> None:
    line = WITNESS.cosign(CHECKPOINT.text(), 1)
    assert cosignatures(f"{line}\n{line}\n") == [line, line]
    for wrong in ("", "\n", line, f"{line}\n\n", "<html>\n"):
        with pytest.raises(NoteError):
            cosignatures(wrong)
