"""What rendering a text gives back."""

from dataclasses import dataclass

RENDERER_VERSION: int = 2
"""Raise it when the same text renders differently: stored HTML of an older version is then made anew."""


@dataclass(frozen=True, slots=True)
class PaperReference:
    """A link to a paper found in a text.

    Shape: `scheme` is "BIBTEX", "ARXIV" or "DOI"; `value` the BibTeX key, the arXiv id without its version,
           or the lower-case DOI.
    """

    scheme: str
    value: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """One text, ready to be shown, searched and linked.

    Shape: `html` is safe to insert in a page; `plain` is the text without mark-up, formulas in plain letters
           between two word joiners, for `excerpt`; `references` come in order of first appearance, without
           repetition; `problems` are sentences for an editor's preview.
    """

    html: str
    plain: str
    references: tuple[PaperReference, ...]
    problems: tuple[str, ...]
