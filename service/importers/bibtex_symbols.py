r"""The LaTeX that stands for characters: accents, letters, signs and ligatures."""

# Each accent with its combining mark and what it is without a letter.
ACCENTS = {
    "`": ("\u0300", "`"), "'": ("\u0301", "'"), "^": ("\u0302", "^"), "~": ("\u0303", "~"),
    '"': ("\u0308", '"'), "=": ("\u0304", "¯"), ".": ("\u0307", "˙"), "u": ("\u0306", "˘"),
    "v": ("\u030c", "ˇ"), "H": ("\u030b", "˝"), "r": ("\u030a", "˚"), "c": ("\u0327", "¸"),
    "k": ("\u0328", "˛"), "d": ("\u0323", ""), "b": ("\u0331", ""), "t": ("\u0361", ""),
}  # fmt: skip

# Commands named by letters that stand for a text.
WORDS = {
    "ss": "ß", "SS": "ẞ", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ",
    "aa": "å", "AA": "Å", "i": "ı", "j": "ȷ", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ", "dj": "đ",
    "DJ": "Đ", "ng": "ŋ", "NG": "Ŋ",
    "S": "§", "P": "¶", "dag": "†", "ddag": "‡", "copyright": "©", "pounds": "£", "euro": "€",
    "dots": "…", "ldots": "…", "slash": "/", "LaTeX": "LaTeX", "TeX": "TeX", "BibTeX": "BibTeX",
    "textendash": "–", "textemdash": "—", "textellipsis": "…", "textbullet": "•", "textperiodcentered": "·",
    "textquoteleft": "‘", "textquoteright": "’", "textquotedblleft": "“", "textquotedblright": "”",
    "textquotesingle": "'", "textquotedbl": '"', "textasciigrave": "`", "textasciiacute": "´",
    "quotesinglbase": "‚", "quotedblbase": "„", "guillemotleft": "«", "guillemotright": "»",
    "guillemetleft": "«", "guillemetright": "»", "guilsinglleft": "‹", "guilsinglright": "›",
    "textexclamdown": "¡", "textquestiondown": "¿", "textbar": "|", "textless": "<", "textgreater": ">",
    "textunderscore": "_", "textdollar": "$", "textpercent": "%", "textnumbersign": "#",
    "textbackslash": "\\", "textbraceleft": "{", "textbraceright": "}", "lbrace": "{", "rbrace": "}",
    "textasciitilde": "~", "textasciicircum": "^", "textasteriskcentered": "*", "textregistered": "®",
    "texttrademark": "™", "textcopyright": "©", "textdegree": "°", "textmu": "µ", "textsterling": "£",
    "texteuro": "€", "textordfeminine": "ª", "textordmasculine": "º", "textpm": "±", "texttimes": "×",
    "textsection": "§", "textparagraph": "¶", "textdagger": "†", "textdaggerdbl": "‡", "nobreakspace": " ",
    "newline": "\n", "par": "\n\n", "quad": " ", "qquad": " ", "space": " ",
}  # fmt: skip

# Commands that only say how their text looks.
LOOKS = frozenset((
    "emph", "textit", "textbf", "textsc", "texttt", "textrm", "textsf", "textsl", "textup", "textmd",
    "textnormal", "textsuperscript", "textsubscript", "text", "mbox", "hbox", "underline", "uppercase",
    "lowercase", "MakeUppercase", "MakeLowercase", "em", "it", "bf", "sc", "tt", "rm", "sf", "sl", "itshape",
    "bfseries", "scshape", "ttfamily", "normalfont", "url", "path", "protect", "relax", "noopsort",
    "boldmath", "unboldmath", "enquote",
))  # fmt: skip

# A backslash and one character that is no letter.
SIGNS = {
    "&": "&", "%": "%", "$": "$", "#": "#", "_": "_", "{": "{", "}": "}", "\\": "\n", " ": " ", "\n": " ",
    "\t": " ", "\r": " ", ",": " ", ";": " ", ":": " ", ">": " ", "!": "", "-": "", "/": "", "@": "",
}  # fmt: skip

LIGATURES = {"---": "—", "--": "–", "``": "“", "''": "”", "?`": "¿", "!`": "¡"}
