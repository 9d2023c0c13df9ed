"""How long a text is on X: the rules of twitter-text, version 3.

Every link counts 23 and every emoji 2, however many characters it is made of; of other characters, those of
Latin and its neighbours and common punctuation count 1, all else 2.
"""

import re
import unicodedata

LIMIT = 280
LINK = 23
_ONE = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))

# Pictographs that can begin an emoji; © and ® only do so when they are asked for in colour.
_PICTOGRAPH = (
    "[\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u2388\u23cf\u23e9-\u23f3\u23f8-\u23fa"
    "\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2605\u2607-\u2612\u2614-\u2685\u2690-\u2705\u2708-\u2712"
    "\u2714\u2716\u271d\u2721\u2728\u2733\u2734\u2744\u2747\u274c\u274e\u2753-\u2755\u2757\u2763-\u2767"
    "\u2795-\u2797\u27a1\u27b0\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f0ff\U0001f10d-\U0001f10f\U0001f12f\U0001f16c-\U0001f171\U0001f17e\U0001f17f\U0001f18e"
    "\U0001f191-\U0001f19a\U0001f1ad-\U0001f1e5\U0001f201-\U0001f20f\U0001f21a\U0001f22f\U0001f232-\U0001f23a"
    "\U0001f23c-\U0001f23f\U0001f249-\U0001f64f\U0001f680-\U0001f6ff\U0001f774-\U0001f77f\U0001f7d5-\U0001f7ff"
    "\U0001f80c-\U0001f80f\U0001f848-\U0001f84f\U0001f85a-\U0001f85f\U0001f888-\U0001f88f\U0001f8ae-\U0001faff"
    "\U0001fc00-\U0001fffd]"
)
_TAGS = "(?:[\U000e0020-\U000e007e]+\U000e007f)?"
_SIGN = f"(?:{_PICTOGRAPH}(?:\ufe0f|[\U0001f3fb-\U0001f3ff])?{_TAGS}|[\xa9\xae]\ufe0f)"
_EMOJI = f"[0-9#*]\ufe0f?\u20e3|[\U0001f1e6-\U0001f1ff]{{2}}|{_SIGN}(?:\u200d{_SIGN})*"
# What may be a link: without a scheme, that depends on which domains there are.
_PARTS = re.compile(
    rf"(?P<link>(?<![\w-])(?P<scheme>https?://)?(?P<host>[\w-]++(?:\.[\w-]++)++)(?::\d++)?(?:[/?#]\S*+)?)"
    rf"|(?P<emoji>{_EMOJI})|.",
    re.IGNORECASE | re.DOTALL,
)


def weight(text: str) -> int:
    """Units: as LIMIT. At least what X counts."""
    return sum(map(_weight, _PARTS.finditer(unicodedata.normalize("NFC", text))))


def _weight(part: re.Match[str]) -> int:
    if part["emoji"]:
        return 2
    written = sum(map(_character, part[0]))
    if not part["link"]:
        return written
    *_, last = labels = part["host"].split(".")
    if part["scheme"] and _is_word(last):
        return LINK
    beside = sum(_character(char) for char in part[0] if not char.isascii())  # may stand before the link
    return max(written, LINK + beside) if any(map(_is_word, labels[1:])) else written


def _is_word(label: str) -> bool:
    return len(label) > 1 and label.isalpha()


def _character(char: str) -> int:
    return 1 if any(first <= ord(char) <= last for first, last in _ONE) else 2
