"""The Merkle tree over the log, and the signed statements about it: pure, usable without a database."""
