"""How much work one text may ask for.

Time is bounded by counting, never by a clock: the same text always gives the same page. What lies beyond a
bound is shown as it was written, so nothing is lost, and an editor is told.
"""

from dataclasses import dataclass, field

MOST_BLOCKS = 8_000
MOST_MARKS = 16_000
EFFORT = "effort"
TOO_MUCH = "The text has too much mark-up: from some point on it is shown as it was written."


@dataclass(slots=True)
class Effort:
    """What is left of a text's budget, and what has to be said about the text.

    Units: `blocks` counts paragraphs, items, lines and the like; `marks` counts characters that may begin
           something within a paragraph (`*`, `[`, `$`, …), each time one is looked at.
    """

    blocks: int = MOST_BLOCKS
    marks: int = MOST_MARKS
    problems: list[str] = field(default_factory=list)

    def exceeded(self) -> None:
        """Say, once, that a bound was met."""
        if TOO_MUCH not in self.problems:
            self.problems.append(TOO_MUCH)
