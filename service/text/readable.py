r"""Simple formulas in the letters of plain text: `x_1, \ldots, x_n \in \mathbb{R}^d` as `x₁, …, xₙ ∈ ℝᵈ`.

For excerpts and search. A formula that is more than a line of letters stays as it was written, in dollars.
"""

import re
import unicodedata
from functools import lru_cache

LONGEST = 200


def _words(text: str) -> list[str]:
    return text.split(" ")


_GREEK = {
    write(name): unicodedata.lookup(f"GREEK {size} LETTER {name.upper()}")
    for name in _words(
        "alpha beta gamma delta epsilon zeta eta theta iota kappa mu nu xi omicron pi rho sigma tau upsilon"
        " phi chi psi omega"
    )
    for size, write in (("SMALL", str.lower), ("CAPITAL", str.title))
}
_SIGNS = dict(
    pair.split("=")
    for pair in _words(
        "lambda=λ Lambda=Λ varepsilon=ε varphi=φ vartheta=ϑ ldots=… dots=… cdots=⋯ cdot=· times=× pm=±"
        " in=∈ notin=∉ leq=≤ le=≤ geq=≥ ge=≥ neq=≠ ne=≠ ll=≪ gg=≫ approx=≈ sim=∼ simeq=≃ equiv=≡"
        " propto=∝ to=→ rightarrow=→ leftarrow=← Rightarrow=⇒ mapsto=↦ infty=∞ partial=∂ nabla=∇ sum=∑"
        " prod=∏ int=∫ cup=∪ cap=∩ subset=⊂ subseteq=⊆ forall=∀ exists=∃ odot=⊙ oplus=⊕ otimes=⊗"
        " circ=∘ star=⋆ ast=∗ mid=| vert=| lvert=| rvert=| Vert=‖ lVert=‖ rVert=‖ langle=⟨ rangle=⟩"
        " ell=ℓ prime=′ top=⊤ perp=⊥ left= right= big= Big= bigl= bigr= Bigl= Bigr= displaystyle="
        " limits= quad=\u2002 qquad=\u2003"
    )
)
_FUNCTIONS = set(_words("log exp sin cos tan tanh max min arg argmax argmin det dim ker lim sup inf Pr"))
_STYLED = re.compile(
    r"\\(?:math(?:rm|bf|it|cal|sf|tt)|text(?:rm|bf|it)?|operatorname\*?|mbox|boldsymbol|bm)(?![a-z])"
)
_DOUBLE = re.compile(r"\\mathbb ?\{?([CHNPQRZE])\}?")
_DOUBLED = dict(zip("CHNPQRZE", "ℂℍℕℙℚℝℤ𝔼", strict=True))
_COMMAND = re.compile(r"\\([A-Za-z]+|.)\s*")
_BAR = "\ue000"  # stands for an escaped _ until the scripts are done
_ESCAPED = {
    ",": " ",
    ";": " ",
    ":": " ",
    "!": "",
    " ": " ",
    "|": "‖",
    "%": "%",
    "#": "#",
    "_": _BAR,
}
_SCRIPT = re.compile(r"([_^])(?:\{([^{}]*)\}|([^{}\\]))")
LOW = dict(zip("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))
HIGH = dict(
    zip(
        "0123456789+-=()abcdefghijklmnoprstuvwxyzT*′",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀ*′",
        strict=True,
    )
)


@lru_cache(maxsize=1_024)
def readable(latex: str) -> str:
    """One formula in plain letters if it is simple, else `$…$` around its source."""
    source = f"${' '.join(latex.split())}$"
    if len(latex) > LONGEST or "&" in latex or "\\\\" in latex:
        return source
    text = _DOUBLE.sub(lambda found: _DOUBLED[found[1]], _STYLED.sub("", latex.replace("~", " ")))
    text = _COMMAND.sub(_letter, text)
    text = _SCRIPT.sub(_script, text)
    text = text.replace("{", "").replace("}", "") if not re.search(r"[_^]\{", text) else "\\"
    return source if "\\" in text else " ".join(text.replace(_BAR, "_").split())


def _letter(found: re.Match[str]) -> str:
    name, blank = found[1], " " if found[0][-1:].isspace() else ""
    if name in _FUNCTIONS:
        return name + ("" if found.string[found.end() : found.end() + 1] in tuple("_^({") else " ")
    sign = _ESCAPED.get(name, _GREEK.get(name, _SIGNS.get(name)))
    return "\\" if sign is None else sign + blank


def _script(found: re.Match[str]) -> str:
    r"""`x_i` as `xᵢ`, `x_{max}` as `x_max`, `x_{a/b}` as `x_(a/b)`."""
    inner = (found[2] if found[2] is not None else found[3]).replace(" ", "")
    letters = LOW if found[1] == "_" else HIGH
    is_word = inner.isalpha() and len(inner) > 2
    if inner and not is_word and all(character in letters for character in inner):
        return "".join(letters[character] for character in inner)
    return found[1] + (inner if len(inner) == 1 or inner.isalnum() else f"({inner})")
