"""What can be wrong with a proof or a signed statement. The messages are for people."""


class VerificationError(Exception):
    """It does not prove what it should."""


class ProofError(VerificationError):
    """A Merkle proof does not lead to the root, or has not the form of a proof."""


class NoteError(VerificationError):
    """A signed note, a checkpoint, a key or a request to a witness is not written as it must be."""


class SignatureError(VerificationError):
    """No signature of a trusted key, or one that does not fit the text."""
