"""`{cat:0.1, 'dog': 1}`: what is left of JSON when a shell has eaten its quotes, or a Python dict."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from wce_cli.errors import Problem, WceError
from wce_cli.inputs.decoded import first_repeated
from wce_cli.inputs.repr_words import NUMBER, TRUTHS, WHOLE, number_or_name

WRAPPED = re.compile(
    r"""(?:\w+\.)*(?:Counter|OrderedDict|defaultdict|dict|mappingproxy)\(
    \s*(?:<[^<>]*>\s*,|[A-Za-z_][\w.]*\s*,)?\s*(?P<items>.*?)\s*\)""",
    re.VERBOSE | re.DOTALL,
)
"""What Python prints around a mapping, and `dict(cat=0.1, dog=1)`."""
COUNTER = re.compile(r"(?:\w+\.)*Counter\(")
MAPPING_ITEM = re.compile(
    r"""\s*(?P<key>"[^"\n]*"\s*|'[^'\n]*'\s*|[^\s,;"'\[\](){}][^,;\n"'\[\](){}]*?)[:=]\s*
    (?P<value>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:inf|nan))\s*(?:[,;\n]|$)""",
    re.VERBOSE | re.IGNORECASE,
)
COMMA_ITEM = re.compile(r"(?:^|[,;\n])\s*[^\W\d]\w*\s*[:=]\s*[+-]?\d+,\d+\s*(?:[,;\n]|$)")

QUOTED_TEXT = r"""\"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'"""
MAPPING_PART = re.compile(rf"""{QUOTED_TEXT}|[\[\](){{}},]|[^\[\](){{}},"']+|.""", re.DOTALL)
ANGLED = re.compile(
    rf"""{QUOTED_TEXT}|<(?=[A-Za-z])[^<>\[\](){{}},"']*|>|[\[\](){{}},]|[^\[\](){{}},"'<>]+|.""", re.DOTALL
)
"""What a text is cut into where its commas are looked for; in the second a frame that begins `<tf.Tensor` is a part."""
OPENS, CLOSES = tuple("[({"), tuple("])}")

if TYPE_CHECKING:
    from wce_cli.inputs.typed import Typed

    ReadValue = Callable[[str, str], Typed]
    """What reads a value of the mapping: its place, `--weight 'cat'`, and its text."""

SCALAR = re.compile(r"(?:np|numpy)\.\w+\(.*\)", re.DOTALL)


def read_mapping(field: str, text: str, read_value: ReadValue) -> dict[str, Typed]:
    """The items of a text in braces. Raises WceError if one is no `NAME: NUMBER`, or a name stands twice."""
    if not text.endswith("}"):
        raise WceError(Problem(f"{field} opens '{{' and never closes it", "was the value cut off?", field))
    pairs = []
    for item in split_at_commas(text[1:-1]):
        quoted = re.fullmatch(r"""(?P<q>["'])(?P<key>(?:\\.|(?!(?P=q)).)*)(?P=q)\s*:(?P<value>.*)""", item, re.DOTALL)
        if quoted:
            key, value = re.sub(r"\\(.)", r"\1", quoted["key"]), quoted["value"]
        else:
            bare, value = _at_last_colon(field, item)
            key = _bare_key(field, bare.strip(), read_value)
        if value.strip().startswith("{"):
            raise WceError(Problem(f"{field} has a mapping at {key!r}, expected a number", field=field))
        pairs.append((key, read_value(f"{field} {key!r}", value)))
    return no_duplicates(field, pairs)


def unwrapped(text: str) -> str:
    """`{…}` of `Counter({…})`, or the text as it is; the pairs of `OrderedDict([…])`, which `of_pairs` reads."""
    found = WRAPPED.fullmatch(text)
    if found is None:
        return text
    items = found["items"]
    return items if items[:1] in ("{", "[") else f"{{{items.replace('=', ':')}}}"


def counts(text: str) -> bool:
    """Whether a mapping is printed, or written, as a Counter."""
    return COUNTER.match(text) is not None


def of_pairs(place: str, pairs: Any) -> dict[str, Any]:
    """`[('cat', 0.1), ('dog', 1)]` as a mapping."""
    if not isinstance(pairs, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise WceError(Problem(f"{place} is a mapping of no pairs", "write {'cat': 0.1, 'dog': 1}", place))
    return no_duplicates(place, [(str(key), value) for key, value in pairs])


def bare_items(place: str, text: str) -> dict[str, Any] | None:
    """`cat:0.1,dog:1`, `cat=0.1 dog=1` and such lines as a mapping; None where not every item is `NAME: NUMBER`."""
    if text[:1] in ("[", "{", "(") or not (":" in text or "=" in text):
        return None
    words = text.split()
    if len(words) > 1 and all(MAPPING_ITEM.fullmatch(word) for word in words):  # cat:0.1 dog:1
        text = ",".join(word.rstrip(",;") for word in words)
    pairs, end = [], 0
    while end < len(text):
        found = MAPPING_ITEM.match(text, end)
        if found is None:
            if COMMA_ITEM.search(text):
                raise WceError(
                    Problem(f"{place} has decimal commas", "write decimals with a point: cat:0.5, dog:1", place)
                )
            return None
        key, end = found["key"].strip().strip("\"'"), found.end()
        pairs.append((key, number_or_name(found["value"])))
    return no_duplicates(place, pairs)


def no_duplicates(field: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs as a mapping. Raises WceError if a key stands twice: one of the values would be lost."""
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise WceError(Problem(f'{field} has the key "{first_repeated(pairs)}" twice', field=field))
    return mapping


def _bare_key(field: str, text: str, read_value: ReadValue) -> str:
    """A key without quotes: a word, an index, or a scalar that numpy prints with its type, `np.int64(1)`."""
    if ";" in text:
        hint = "separate the items by commas, and write decimals with a point"
        raise WceError(Problem(f"{field} has ';' among its items", hint, field))
    key: Any = text
    if SCALAR.fullmatch(text):
        key = read_value(f"{field} {text}", text).value
        key = key.item() if hasattr(key, "item") else key
    elif text in TRUTHS or (NUMBER.fullmatch(text) and not WHOLE.fullmatch(text)):
        key = float("nan")
    if isinstance(key, (bool, float)) or not isinstance(key, (int, str)):
        hint = "put it in quotes if it is a name"
        raise WceError(Problem(f"{field} has the key {text}, expected a class name or a class index", hint, field))
    return str(key)


def split_at_commas(text: str, angles: bool = False) -> Iterator[str]:
    """The items of a mapping; commas in quotes or brackets do not part them, nor, with `angles`, in <tf.Tensor: …>."""
    item, depth, frames = "", 0, 0
    for part in (ANGLED if angles else MAPPING_PART).findall(text):
        begins, ends = angles and len(part) > 1 and part[0] == "<", part == ">" and frames > 0
        frames += begins - ends
        depth += (part in OPENS or begins) - (part in CLOSES or ends)
        if part == "," and depth <= 0:
            if item.strip():
                yield item.strip()
            item = ""
        else:
            item += part
    if item.strip():
        yield item.strip()


def _at_last_colon(field: str, item: str) -> tuple[str, str]:
    key, colon, value = item.rpartition(":")
    if not colon or not key.strip():
        raise WceError(Problem(f"{field} has {item!r}, expected NAME: NUMBER", field=field))
    return key, value
