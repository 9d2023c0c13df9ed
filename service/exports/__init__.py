"""The log as a file: written, read and verified without trust in who holds it. See docs/export-format.md."""
