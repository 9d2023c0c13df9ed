r"""LaTeX of a field's text → Unicode: accents and signs decoded, braces gone, formulas left as they are.

Commands that are not known stay as written, with their braces. Linear; nothing recurs.
"""

import re
import unicodedata

from service.importers.bibtex_symbols import ACCENTS, LIGATURES, LOOKS, SIGNS, WORDS

LONGEST_FORMULA = 1_000  # characters between \( and \)
MOST_ACCENTS = 4  # on one letter

FORMULA = re.compile(r"\$\$(?:[^$\\]++|\\.)++\$\$|\$(?:[^$\\]++|\\.)*+\$", re.DOTALL)
_TOKEN = re.compile(
    r"\\(?P<word>[A-Za-z]++)(?P<gap>[ \t\r\n]*+)|\\(?P<sign>.)|(?P<brace>[{}])|(?P<space>[ \t\r\n]++|~)"
    r"|(?P<ligature>---?|``|''|[?!]`)|(?P<dollar>\$)"
    r"|(?P<text>[^\\{}$~ \t\r\n`'?!-]++(?:[^\\{}$~ \t\r\n`'?!-]++|[ '?!-](?![ \t\r\n`'-]))*+|.)",
    re.DOTALL,
)
_PLAIN = re.compile(r"(?:[^\\{}$~ \t\r\n`'?!-]++|[ '?!-](?![ \t\r\n`'-]))*+")
_SYMBOL = re.compile(r"\{([0-9]{1,6})\}")
_BRACE = re.compile(r"[{}]")


def decode(latex: str) -> str:
    r"""The text that LaTeX prints.

    Shape: a run of white space is one space, or an empty line if it holds one; `\\` is a line end.
    """
    latex = latex.strip(" \t\r\n")
    return latex if _PLAIN.fullmatch(latex) else _Decoder(latex).text()


def is_balanced(latex: str) -> bool:
    """Whether every brace has its partner; a backslash before it does not matter, as in BibTeX."""
    depth = 0
    for found in _BRACE.finditer(latex):
        depth += 1 if found[0] == "{" else -1
        if depth < 0:
            return False
    return depth == 0


class _Decoder:
    __slots__ = ("accents", "groups", "keeps", "latex", "out", "position")

    def __init__(self, latex: str) -> None:
        self.latex = latex
        self.position = 0
        self.out: list[str] = []
        self.accents: list[str] = []  # that wait for their letter, the outermost first
        self.groups: list[bool] = []  # open ones; True: its braces stay
        self.keeps = False  # whether a group that opens here keeps its braces

    def text(self) -> str:
        while token := _TOKEN.match(self.latex, self.position):
            self.position = token.end()
            keeps, self.keeps = self.keeps, False
            if token["text"]:
                self._put(token["text"])
            elif token["brace"]:
                self._brace(token["brace"], keeps)
            elif token["space"]:
                self._space(token["space"])
            elif token["word"]:
                self._word(token["word"], token["gap"])
            elif token["sign"]:
                self._sign(token["sign"])
            else:
                self._put(self._formula() if token["dollar"] else LIGATURES[token["ligature"]])
        self._put_accents()
        return "".join(self.out)

    def _put(self, text: str) -> None:
        if self.accents:
            text = self._accented(text)
        self.out.append(text)

    def _accented(self, text: str) -> str:
        """The text with the waiting accents on its first letter, or before it if that takes none."""
        if text[:1].isalpha():
            letter = {"ı": "i", "ȷ": "j"}.get(text[0], text[0])
            marks = "".join(ACCENTS[accent][0] for accent in reversed(self.accents))
            self.accents.clear()
            return unicodedata.normalize("NFC", letter + marks) + text[1:]
        self._put_accents()
        return text

    def _put_accents(self) -> None:
        """Accents that have no letter."""
        self.out.extend(ACCENTS[accent][1] for accent in self.accents)
        self.accents.clear()

    def _brace(self, brace: str, keeps: bool) -> None:
        if brace == "{":
            self.groups.append(keeps)
        else:
            self._put_accents()
            keeps = self.keeps = bool(self.groups) and self.groups.pop()
        if keeps:
            self._put(brace)

    def _space(self, space: str) -> None:
        if not self.accents:
            self.out.append("\n\n" if space.count("\n") > 1 else " ")

    def _word(self, word: str, gap: str) -> None:
        if word in ACCENTS:
            self._accent(word)
        elif word in WORDS:
            self._put(WORDS[word])
        elif word == "symbol" and (symbol := _SYMBOL.match(self.latex, self.position)):
            self.position = symbol.end()
            self._put(chr(int(symbol[1])))
        elif word not in LOOKS:
            self._put("\\" + word)
            self.out.append(" " if gap else "")
            self.keeps = True

    def _sign(self, sign: str) -> None:
        if sign in ACCENTS:
            self._accent(sign)
        elif sign in ("(", "["):
            self._put(self._bracketed(sign))
        else:
            self._put(SIGNS.get(sign, "\\" + sign))

    def _accent(self, accent: str) -> None:
        if len(self.accents) == MOST_ACCENTS:
            self._put_accents()
        self.accents.append(accent)

    def _formula(self) -> str:
        """The formula whose first dollar was just read; a dollar if it is not one."""
        found = FORMULA.match(self.latex, self.position - 1)
        if found is None or not is_balanced(found[0]):
            return "$"
        self.position = found.end()
        return found[0]

    def _bracketed(self, sign: str) -> str:
        start = self.position - 2
        end = self.latex.find("\\" + {"(": ")", "[": "]"}[sign], self.position, start + LONGEST_FORMULA)
        if end < 0 or not is_balanced(self.latex[start:end]):
            return "\\" + sign
        self.position = end + 2
        return self.latex[start : end + 2]
