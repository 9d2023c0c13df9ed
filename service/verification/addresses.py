"""Where the witnesses of a log are, as the settings say it."""

from typing import NamedTuple
from urllib.parse import urlsplit

from service.verification.cosigning import WitnessKey
from service.verification.errors import NoteError


class WitnessAddress(NamedTuple):
    """Whom to ask, and where: add-checkpoint is below the URL."""

    vkey: str
    url: str

    @property
    def key(self) -> WitnessKey:
        return WitnessKey.from_vkey(self.vkey)


def parse_witnesses(setting: str) -> list[WitnessAddress]:
    """Addresses from “vkey URL, vkey URL”. Errors: ValueError, which says what is wrong."""
    words = setting.replace(",", " ").split()
    if len(words) % 2:
        raise ValueError("a witness is its key and its address, separated by a space")
    found = [WitnessAddress(vkey, url.rstrip("/")) for vkey, url in zip(words[::2], words[1::2], strict=True)]
    for address in found:
        try:
            _ = address.key
        except NoteError as error:
            raise ValueError(str(error)) from None
        parts = urlsplit(address.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(
                f"{address.url!r} is no address of a witness: it begins with https:// or http://"
            )
    return found
