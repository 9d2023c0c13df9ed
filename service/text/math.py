"""LaTeX formulas → MathML."""

import re

from math_core import LatexError, LatexToMathML

from service.text.brackets import MOST_OPEN, too_many_open
from service.text.mathml import repaired

LONGEST_FORMULA = 2_000
DEEPEST_NESTING = 40
_GROWTH = 40
"""MathML may be this many times longer than its source; only tables of empty cells grow more."""

_MACROS = {
    "mbox": r"\text{#1}",
    "abs": r"\left\lvert #1\right\rvert",
    "norm": r"\left\lVert #1\right\rVert",
    "argmax": r"\operatorname*{arg\,max}",
    "argmin": r"\operatorname*{arg\,min}",
}
_REFUSED = re.compile(
    r"\\((?:re|provide)?newcommand|renewcommand|providecommand|[gex]?def|let|futurelet"
    r"|DeclareMathOperator|(?:re)?newenvironment|(?:eq)?ref|tag|href|url)(?![A-Za-z])"
)
_NESTING = re.compile(r"\\(?:begin|left|end|right)(?![A-Za-z])|\\.|[{}]", re.DOTALL)
_OPENS = ("{", r"\begin", r"\left")
_CLOSES = ("}", r"\end", r"\right")
_NUMBERED = re.compile(r"\\(begin|end)\{(align|equation|gather|alignat|multline|flalign|eqnarray)\}")
_LABEL = re.compile(r"\\label\{[^{}]*\}")
_TEXT = re.compile(r"\\(text(?:rm|it|bf|sf|tt|normal)?|mbox)\{((?:[^{}]|\{[^{}]*\})*+)\}")
_OFFSET = re.compile(r"^\d+: ")


class FormulaProblem(Exception):
    """A formula cannot be shown as MathML."""


def to_mathml(latex: str, display: bool) -> str:
    """MathML of one formula.

    Shape:  one `<math>` element; block style if `display`.
    Units:  at most 2,000 characters and 40 levels of nesting: deeper input would overflow the converter's
            stack and end the process.
            Brackets left open double its time one by one: at most 6 may be.
    Errors: FormulaProblem, whose text says what is wrong.
    """
    converter = LatexToMathML(fancy_error=False, macros=_MACROS)
    _check(latex, converter)
    latex = _TEXT.sub(_formulas_apart, latex) if "$" in latex else latex
    # Numbers would start again with each formula and could not be referred to.
    source = _NUMBERED.sub(r"\\\1{\2*}", _LABEL.sub("", latex))
    try:
        mathml = converter.convert_with_local_state(source, displaystyle=display)
    except LatexError as error:
        raise FormulaProblem(_OFFSET.sub("", str(error))) from error
    if len(mathml) > _GROWTH * (len(latex) + 60):
        raise FormulaProblem("The formula has too many empty cells.")
    return repaired(mathml)


def _check(latex: str, converter: LatexToMathML) -> None:
    if len(latex) > LONGEST_FORMULA:
        raise FormulaProblem(f"The formula is longer than {LONGEST_FORMULA:,} characters.")
    refused = _REFUSED.search(latex)
    if refused:
        raise FormulaProblem(f"The command {refused[0]} is not available.")
    if nesting(latex) > DEEPEST_NESTING:
        raise FormulaProblem(f"The formula is nested more than {DEEPEST_NESTING} levels deep.")
    if too_many_open(latex, lambda piece: _stands_alone(piece, converter)):
        raise FormulaProblem(f"The formula has more than {MOST_OPEN} brackets open at once.")


def _formulas_apart(found: re.Match[str]) -> str:
    r"""`\text{a $b$ c}` as `\text{a }b\text{ c}`: the converter knows no formulas within text."""
    parts = found[2].split("$")
    if len(parts) % 2 == 0:
        return found[0]
    return "".join(
        f"{{{part}}}" if n % 2 else f"\\{found[1]}{{{part}}}" for n, part in enumerate(parts) if part
    )


def _stands_alone(latex: str, converter: LatexToMathML) -> bool:
    try:
        converter.convert_with_local_state(latex, displaystyle=False)
    except LatexError:
        return False
    return True


def nesting(latex: str) -> int:
    r"""How deep braces, `\left` and `\begin` are nested at most; unclosed ones count too."""
    depth = deepest = 0
    for found in _NESTING.finditer(latex):
        if found[0] in _OPENS:
            depth += 1
            deepest = max(deepest, depth)
        elif found[0] in _CLOSES:
            depth = max(0, depth - 1)
    return deepest
