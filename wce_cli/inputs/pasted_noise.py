"""What screens, shells and keyboards put around a value, taken off before anything in it is read."""

from __future__ import annotations

import re

LIKENESSES = str.maketrans(
    {
        **dict.fromkeys("\u2212\ufe63\uff0d", "-"),
        **dict.fromkeys("\u2018\u2019\u201a\u201b", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb", '"'),
        **dict.fromkeys(
            "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "
        ),
        **dict.fromkeys("\u0085\u2028\u2029", "\n"),
        **dict.fromkeys("\ufeff\u200b\u200e\u200f\u2060\u2066\u2067\u2068\u2069", ""),
    }
)
"""What word processors, chats and PDFs make of a minus, a quote, a space and a line's end."""
EN_DASH = re.compile(r"[\u2012\u2013](?=\d|\.\d|inf|\u221e)", re.IGNORECASE)
FULL_WIDTH = {"，": ",", "、": ",", "،": ",", "；": ";", "؛": ";", "：": ":", "＝": "="}
BRACKETS = str.maketrans("（）［］｛｝【】", "()[]{}[]")
"""Those of other keyboards. A name may hold such brackets, so they count where there are no letters."""
QUOTED_OR_WIDE = re.compile(rf"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|([{"".join(FULL_WIDTH)}])""")
POINT = re.compile(r"(?<=\d)[．٫](?=\d)")
COLORS = re.compile(r"\x1b\[[0-9;]*m")

FENCE = re.compile(r"\A```\w*\n(.*?)\n?```\Z|\A`([^`]*)`\Z", re.DOTALL)
PROMPT = re.compile(r"\s*(?:>>>|In \[\d+\]:|julia>|octave:\d+>)(?:\s+|$)")
CONTINUED = re.compile(r"\s*\.\.\.:?(?:\s|$)")
NOTEBOOK_OUT = re.compile(r"\s*Out\[\d+\]:\s*")
COMMENT = re.compile(
    r"""("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?:(?<=[\s,;\])}])|^)\#(?:[ \t][^\n]*|$)""", re.MULTILINE
)

BEGINS = r"(?=[\[({<]|[A-Za-z_][\w.]*\(|Parameter containing)"
"""What stands at the beginning of an array, a call or a mapping, and cannot be a name."""
FIELD = r"""(?:log[_-]?probs?|log_softmax|logits?|prob(?:s|abilities)|scores?|pred(?:s|ictions?)|outputs?
    |y_(?:pred|true)|labels?|targets?|(?:class_|sample_)?weights?|ans)\b"""
ASSIGNED = re.compile(
    rf"(?:[A-Za-z_][\w.]*\s*(?:=|:=|<-|:)\s*{BEGINS} | {FIELD}\s*(?:=|:=|<-|:)\s*(?![\s=]) | {FIELD}\s+{BEGINS})",
    re.VERBOSE | re.IGNORECASE,
)
"""A name before the value: `x = [`, `labels: 0 1`, and of print: `logits tensor(`."""
MATLAB = re.compile(r"(?:Float\d+|U?Int\d+)?\[([^\[\](){}\"']*;[^\[\](){}\"']*)\]")
"""`[0.1 0.9; 0 0.1]`: MATLAB's and Julia's rows stand in one bracket."""

FRAMES = (
    re.compile(r"^Parameter containing:\s*(.*)$", re.DOTALL),
    re.compile(r"^<[^<>]*?\b(?:numpy|value)=(.*)>$", re.DOTALL),
    re.compile(r"^(.*\S)\s*\n<NDArray [^<>]*>$", re.DOTALL),
    re.compile(r"^\d+(?:[×x]\d+|-element) [A-Z]\w*(?:\{[^\n]*\})?[^\n:]*:\n(.*)$", re.DOTALL),
    re.compile(r"^(?:Float|U?Int)\d+(\[.*\])$", re.DOTALL),
)
"""What some frameworks and languages print around the array: torch, TensorFlow, MXNet, Julia twice."""

EACH = re.compile(r"<tf\.\w+[^<>]*?\bnumpy=([^<>]*)>")
"""The same inside a list: `[<tf.Tensor: …, numpy=0.1>, …]`."""


def plain(text: str) -> str:
    """Look-alikes made plain, and the quotes that cmd.exe hands through taken off."""
    if "\x1b" in text:
        text = COLORS.sub("", text)
    if not text.isascii():
        text = EN_DASH.sub("-", text.translate(LIKENESSES))
        text = QUOTED_OR_WIDE.sub(lambda found: found[1] or FULL_WIDTH[found[2]], POINT.sub(".", text))
        if not any(char.isalpha() for char in text):
            text = text.translate(BRACKETS)
    text = _unescaped(FENCE.sub(r"\1\2", text.replace("\r\n", "\n").strip()).strip())
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" and text[0] not in text[1:-1]:
        text = text[1:-1].strip()
    return text


def _unescaped(text: str) -> str:
    """Quotes that were escaped for a shell which did not take the escapes away: `{\\"cat\\":1}`, `{""cat"":1}`."""
    if '\\"' in text and '"' not in text.replace('\\"', ""):
        return text.replace('\\"', '"')
    if '""' in text and text[:1] in "{[" and '"' not in text.replace('""', "") and re.search(r'""[^",:]+""', text):
        return text.replace('""', '"')
    return text


def value_alone(text: str) -> str:
    """The value of a plain text: no prompts, no name before it, no comments behind it."""
    text = _unassigned(unprompted(text))
    if text[:1] in ("[", "(") or "(" in text.partition("\n")[0]:  # a bare word there could be a name with a #
        text = COMMENT.sub(lambda found: found[1] or "", text).strip()
    rows = MATLAB.fullmatch(text)
    if rows:
        text = rows[1].strip()
    if text[:1] in ("[", "("):
        text = EACH.sub(r"\1", text)
    for frame in FRAMES:
        found = frame.match(text)
        if found:
            text = found[1].strip("\n") if "\n" in found[1] else found[1].strip()
    return text


def unprompted(text: str) -> str:
    """What a session printed, or what was typed in it where it printed nothing."""
    lines = text.split("\n")
    if sum(bool(NOTEBOOK_OUT.match(line)) for line in lines) > 1 or not any(
        NOTEBOOK_OUT.match(line) or PROMPT.match(line) for line in lines
    ):
        return text
    printed: list[str] = []
    typed: list[str] = []
    in_code = False
    for line in lines:
        prompt = PROMPT.match(line) or (CONTINUED.match(line) if in_code else None)
        in_code = prompt is not None
        if prompt is not None:
            typed.append(line[prompt.end() :])
        else:
            printed.append(NOTEBOOK_OUT.sub("", line, count=1))
    return "\n".join(printed).strip() or "\n".join(typed).strip()


def _unassigned(text: str) -> str:
    """The value without the name before it; several names are several values, and stay."""
    found = ASSIGNED.match(text)
    return text[found.end() :].strip() if found else text
