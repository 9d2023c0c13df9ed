"""What votes come to: one number for each order of the feeds."""

import math
from datetime import datetime

HOT_SECONDS = 45_000  # so much later counts as much as ten times the score


def wilson_lower_bound(up: int, down: int) -> float:
    """How good it is at least, with 95 % confidence: from 0 to 1, and 0 without votes."""
    total, z = up + down, 1.959963984540054
    if up == 0:
        return 0.0
    share, z2 = up / total, z * z
    spread = z * math.sqrt(share * (1 - share) / total + z2 / (4 * total * total))
    return (share + z2 / (2 * total) - spread) / (1 + z2 / total)


def hot(up: int, down: int, created_at: datetime) -> float:
    """The score's order of magnitude, with its sign, and a point for each 12.5 hours since 1970.

    It never changes by itself, so it can be stored: what comes later begins higher.
    """
    net = up - down
    magnitude = math.copysign(math.log10(max(abs(net), 1)), net)
    return magnitude + created_at.timestamp() / HOT_SECONDS


def controversial(up: int, down: int) -> float:
    """How many votes, to the power of how even they are: 0 when all are of one kind."""
    if up == 0 or down == 0:
        return 0.0
    return float((up + down) ** (min(up, down) / max(up, down)))
