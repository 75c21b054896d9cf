"""What is typed or printed with brackets, → its values: lists, tensors of any framework, mappings."""

from __future__ import annotations

import re
from typing import Any, NoReturn

import numpy as np

from wce_cli.errors import Problem, WceError
from wce_cli.inputs.diagnosis import too_large
from wce_cli.inputs.dtypes import DTYPES, as_dtype, dtype_name
from wce_cli.inputs.last_digits import read_print
from wce_cli.inputs.repr_tokens import OpenBracket, Token, tokens_of
from wce_cli.inputs.repr_words import BUILTINS, CASTS, NUMBER, SINGLE, WRITTEN, number_or_name
from wce_cli.inputs.typed import Typed

R_WHOLE = re.compile(r"[+-]?\d+L")
KEYWORD = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
VALUE_KEYWORDS = ("numpy", "value", "data")
"""`<tf.Tensor: …, numpy=array(…)>`, MindSpore's `Tensor(…, value=[…])`: the keyword that holds the numbers."""
FIXED = ("tensor", "Parameter")
"""torch prints every number of a tensor with the same decimals (4, if not told otherwise)."""
ARRAYS = {*FIXED, "array", "Array", "DeviceArray", "asarray", "Tensor", "EagerTensor", "Variable", "ndarray", "matrix"}
CODE = ("torch", "np", "numpy", "jnp")
"""Modules that stand before a name in code; a print has `tensor(…)` and `array(…)` alone, and `tf.Tensor(…)`."""
PRINT = "paste the values themselves: what print(x.tolist()) shows"
WHOLE_PRINT = "print it whole: torch.set_printoptions(profile='full'), or paste x.tolist(), or save it to a file"


class ReprReader:
    """One pass over the tokens, with a stack of open brackets: however deep, nothing recurses."""

    def __init__(self, field: str, text: str) -> None:
        self.field = field
        self.text = text
        self.form = ""
        self.rounded: dict[str, None] = {}
        self.top = OpenBracket(None)
        """All that has been read in rows that are done."""
        self.ignored: dict[str, None] = {}

    def read(self) -> Typed:
        """The whole text. Raises WceError if it cannot be read."""
        stack = [OpenBracket(None)]
        rows: list[list[Any]] = []
        split = False
        end_of_call = -1
        for token, following in tokens_of(self.text):
            top = stack[-1]
            if token.start == end_of_call and (token.kind in ("word", "text") or token.text in "[("):
                self.refuse(f"has {self.text[token.start :].split()[0][:40]!r} behind an array", PRINT)
            end_of_call = token.start + 1 if token.text == ")" else -1
            if token.kind == "newline" or token.text == ";":
                if len(stack) > 1:
                    if token.text == ";":
                        self.refuse("has ';' inside brackets", "rows are split by ';' only where there are no brackets")
                    continue
                if token.text == ";" and not top.items:
                    self.refuse("has an empty row", "rows are split by ';'")
                if top.items:
                    rows.append(self._row(top))
                    split |= token.text == ";"
                    stack = [OpenBracket(None)]
            elif token.text in "[(" and token.kind == "mark":
                stack.append(OpenBracket(token, keyword=self._take(top)))
            elif token.text in "])" and token.kind == "mark":
                if top.mark is None or {"[": "]", "(": ")"}[top.mark.text] != token.text:
                    self.refuse(f"has {token.text!r} at character {token.start + 1}, which closes nothing")
                stack.pop()
                value = self._closed(top)
                self._add(stack[-1], value, top.printed, top)
            elif token.text == ",":
                if top.after != "item":
                    self.refuse(f"has nothing before the comma at character {token.start + 1}")
                top.after = "comma"
            elif token.text in "{}":
                self.refuse(f"has {token.text!r} at character {token.start + 1}, where a number was expected")
            elif following is not None and following.text == "(" and following.start == token.start + len(token.text):
                stack.append(self._call(token, top))
            else:
                self._atom(token, top)
        if len(stack) > 1:
            opened = stack[1].mark
            assert opened is not None
            hint = "was the value cut off, or not quoted for the shell?"
            self.refuse(f"opens {opened.text!r} at character {opened.start + 1} and never closes it", hint)
        return self._typed(rows, stack[0], split)

    def refuse(self, what: str, hint: str = "") -> NoReturn:
        """Raise WceError for the field, in its words."""
        raise WceError(Problem(f"{self.field} {what}", hint, self.field))

    @staticmethod
    def _take(frame: OpenBracket) -> str:
        """The keyword whose value begins here, if any."""
        keyword, frame.pending = frame.pending, ""
        return keyword

    def _call(self, token: Token, around: OpenBracket) -> OpenBracket:
        keyword, name = self._take(around), token.text
        found = KEYWORD.fullmatch(name)
        if found and around.call:
            keyword, name = found[1], found[2]
        module, _, name = name.rpartition(".")
        if name not in ARRAYS | WRITTEN | CASTS and (not keyword or keyword in VALUE_KEYWORDS):
            self.refuse(f"has {token.text}(…), expected numbers", PRINT)
        frame = OpenBracket(Token("mark", "(", token.start + len(token.text)), name, keyword)
        frame.is_code = module.rpartition(".")[2] in CODE or name in WRITTEN
        return frame

    def _atom(self, token: Token, frame: OpenBracket) -> None:
        word = token.text
        if token.kind == "text":
            self._add(frame, re.sub(r"\\(.)", r"\1", word[1:-1]), [""])
            return
        found = KEYWORD.fullmatch(word)
        if found and frame.call:
            key, value = found.groups()
            if not value:
                frame.pending = key
            elif key in VALUE_KEYWORDS:
                self._add(frame, number_or_name(value), [_printed(value)])
            else:
                frame.keywords[key] = value
            frame.after = "item"
            return
        if word.strip(".…⋮⋯⋱") == "" or ((word.endswith(("...", "…")) or "..." in word) and word[0] in "+-.0123456789"):
            self.refuse("has '...': the print left values out", WHOLE_PRINT)
        if word[0] in "\"'":
            self.refuse(f"opens a quote at character {token.start + 1} and never closes it")
        value = number_or_name(word)
        if NUMBER.fullmatch(word) and isinstance(value, float) and np.isinf(value):
            raise WceError(too_large(self.field, word))
        if frame.call == "c" and R_WHOLE.fullmatch(word):
            value = int(word[:-1])
        self._add(frame, value, [_printed(word)])

    def _add(
        self, frame: OpenBracket, value: Any, printed: list[str | float], closed: OpenBracket | None = None
    ) -> None:
        keyword = closed.keyword if closed is not None else self._take(frame)
        if keyword and keyword not in VALUE_KEYWORDS:
            frame.keywords[keyword] = value
        else:
            if frame.after == "item" and frame.items:
                frame.spaces += 1
                frame.spaced.append(len(frame.items))
            elif frame.after == "comma" and frame.items:
                frame.commas += 1
            frame.items.append(value)
            frame.printed += printed
            frame.is_print |= closed is not None and closed.is_print
        frame.after = "item"

    def _closed(self, frame: OpenBracket) -> Any:
        """What a bracket holds."""
        if frame.call == "c":
            return frame.items
        if frame.call and frame.keyword and frame.keyword not in VALUE_KEYWORDS:  # device=device('cuda'): no numbers
            return frame.items[0] if len(frame.items) == 1 else frame.items
        if frame.call:
            return self._array(frame)
        assert frame.mark is not None
        self._one_separator(frame)
        if frame.spaces and not frame.commas and any("." in str(word) for word in frame.printed):
            self.form, frame.is_print = "an array print", True
        if frame.mark.text == "(" and len(frame.items) == 1 and frame.after != "comma":
            return frame.items[0]
        return frame.items

    def _one_separator(self, frame: OpenBracket) -> None:
        """Refuse numbers that are parted both by commas and by spaces."""
        if frame.commas and frame.spaces and any(isinstance(item, (int, float)) for item in frame.items):
            begin = frame.mark.start if frame.mark is not None else 0
            shown = self.text[begin:].split("\n")[0].split(";")[0].strip()[:40]
            self.refuse(
                f"{shown!r} has both commas and spaces between digits: decimal commas, or two lists?",
                "write decimals with a point, and separate numbers one way",
            )

    def _array(self, frame: OpenBracket) -> Any:
        """The numbers of `tensor(…)`, `array(…)`, `np.float32(…)`, in the dtype that is printed."""
        if "indices" in frame.keywords:
            self.refuse("is a sparse tensor", "paste x.to_dense()")
        if len(frame.items) == 2 and isinstance(frame.items[1], str):  # np.array([1, 2], np.float32)
            frame.keywords.setdefault("dtype", frame.items.pop())
            frame.printed.pop()
        if len(frame.items) != 1:
            self.refuse(f"has {frame.call}(…) with {len(frame.items)} values in it, expected one")
        value = frame.items[0]
        if frame.call in CASTS:
            if isinstance(value, str):  # float('inf')
                value = number_or_name(value)
            frame.printed = [0.0]
            return as_dtype(value, frame.call) if frame.call not in BUILTINS else value
        self.ignored |= dict.fromkeys(key for key in frame.keywords if key not in ("dtype", "shape", "name", "path"))
        dtype = dtype_name(str(frame.keywords.get("dtype", "")).lower()) or _unsaid_dtype(value, frame.call)
        if frame.is_code:
            self._settle(frame, exact=True)
        else:
            fixed = frame.call in FIXED
            self.form = "a tensor repr" if fixed or "ensor" in frame.call else "an array repr"
            self._settle(frame, fixed, dtype)
        return as_dtype(value, dtype)

    def _settle(self, frame: OpenBracket, fixed: bool = False, dtype: str = "", *, exact: bool = False) -> None:
        """Put half-units in the place of the numbers that have none yet, now that it is known what printed them."""
        frame.is_print = False
        words = [word for word in frame.printed if isinstance(word, str)]
        if exact or not words:
            frame.printed = [0.0 if isinstance(word, str) else word for word in frame.printed]
            return
        found = read_print(words, fixed, dtype)
        if found.rounded:
            self.rounded[found.rounded] = None
        left = iter(found.half_units.tolist())
        frame.printed = [next(left) if isinstance(word, str) else word for word in frame.printed]

    def _row(self, frame: OpenBracket) -> list[Any]:
        """The items of a line without brackets; between commas a name may hold spaces: `big cat, dog`."""
        self._one_separator(frame)
        self.top.printed += frame.printed
        self.top.is_print |= frame.is_print
        if frame.commas and all(isinstance(item, str) for item in frame.items):
            names: list[str] = []
            for position, item in enumerate(frame.items):
                if position in frame.spaced:
                    names[-1] += f" {item}"
                else:
                    names.append(item)
            return names
        return frame.items

    def _typed(self, rows: list[list[Any]], last: OpenBracket, split: bool) -> Typed:
        """Rows → a value: a number, a list, or a list of rows."""
        value: Any
        if not rows and not split:
            row = self._row(last)
            value = row[0] if len(row) == 1 and last.after != "comma" else row
        else:
            if last.items:
                rows.append(self._row(last))
            value = rows[0] if len(rows) == 1 and not split else rows
            if all(len(row) == 1 and not np.isscalar(row[0]) for row in rows):  # [0.1, 0.9],⏎[0, 0.1]
                value = [row[0] for row in rows]
        self._settle(self.top, exact=not self.top.is_print)
        half_units = np.array(self.top.printed, dtype=np.float64) if any(self.top.printed) else None
        return Typed(value, self.form, " and ".join(self.rounded), half_units, tuple(self.ignored))


def _printed(word: str) -> str:
    return word if NUMBER.fullmatch(word) else ""


def _unsaid_dtype(value: Any, call: str) -> str:
    """The dtype of an array that prints none: torch leaves out float32, int64 and bool."""
    while isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, str):
        return "bool"
    if call in DTYPES:
        return call
    return "float32" if call in (*FIXED, *SINGLE) and isinstance(value, float) else ""
