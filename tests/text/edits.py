"""Texts and what becomes of them: words, LaTeX, line ends of both kinds, and letters of many scripts."""

from hypothesis import strategies as st

PIECES = (
    "the",
    "cat",
    "sat",
    "naïve",
    "don't",
    "日本語",
    "e\u0301te\u0301",
    "👩\u200d💻",
    "\\alpha",
    "$x_1^2$",
    "3.14",
    "\u2028",
    "\x0c",
    "\r",
    " ",
    "  ",
    "\t",
    ". ",
    ", ",
    "\n",
    "\r\n",
    "\n\n",
    "* ",
    "-- a",
    "@@ -1,2 +1,2 @@",
    "\\ No newline at end of file",
)
STORED = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")  # what PostgreSQL stores
PARTS = st.sampled_from(PIECES) | st.text(STORED, max_size=3)
TEXTS = st.lists(PARTS, max_size=40).map("".join)


@st.composite
def revisions(draw: st.DrawFn) -> tuple[str, str]:
    """A text and the same with stretches taken out, put in, replaced or moved."""
    parts = draw(st.lists(PARTS, max_size=60))
    before = "".join(parts)
    for _ in range(draw(st.integers(0, 5))):
        start, end = sorted(draw(st.integers(0, len(parts))) for _ in range(2))
        moved = parts[start:end] if draw(st.booleans()) else []
        parts[start : min(end, start + 12)] = draw(st.lists(PARTS, max_size=6))
        place = draw(st.integers(0, len(parts)))
        parts[place:place] = moved
    return before, "".join(parts)
