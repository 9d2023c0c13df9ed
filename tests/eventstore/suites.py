"""The library's suites, imported without the cipher that their module also tests.

That cipher needs a cryptographic library which nothing else here does, and no suite for recorders
touches it: an empty module stands in its place during the import.
"""

import sys
from types import ModuleType

CIPHER = "eventsourcing.cipher"

stand_in = ModuleType(CIPHER)
stand_in.AESCipher = None  # type: ignore[attr-defined]
sys.modules[CIPHER] = stand_in
try:
    from eventsourcing.tests import persistence as suites
finally:
    del sys.modules[CIPHER]

__all__ = ["suites"]
