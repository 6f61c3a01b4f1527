"""Tokens by the `basic_english` rule, and the readability of a text by textstat.

Source: section 4.3 and appendix B.3 of the paper (the measures).
"""

import re

import textstat

READABILITY_MEASURES = (
    "automated_readability_index",
    "coleman_liau_index",
    "flesch_kincaid_grade",
    "linsear_write_formula",
    "gunning_fog",
    "dale_chall_readability_score",
    "difficult_words",
)
"""Each is the name of a textstat function and of a column of the table `readability`."""

_REPLACED = str.maketrans({
    "'": " ' ", ".": " . ", ",": " , ", "(": " ( ", ")": " ) ", "!": " ! ", "?": " ? ",
    '"': None, ";": " ", ":": " ",
})  # fmt: skip
_LINE_BREAK = re.compile(r"<br\s*/?>")


def basic_english(text: str) -> list[str]:
    """The tokens of a text: lower-case, punctuation split off, quotes, colons and line breaks dropped."""
    return _LINE_BREAK.sub(" ", text.lower()).translate(_REPLACED).split()


def readability(text: str) -> tuple[float, ...]:
    """The scores of a text, in the order of READABILITY_MEASURES; an empty text scores as textstat has it."""
    return tuple(getattr(textstat, measure)(text) for measure in READABILITY_MEASURES)
