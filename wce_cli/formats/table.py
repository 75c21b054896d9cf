"""The text people read on a screen: blocks below each other, as wide as there is room."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from wce_cli.formats import Joiner, given
from wce_cli.formats.blocks import AnswerBlock, answer_first, text_of
from wce_cli.formats.look import Look
from wce_cli.formats.screen import Screen


def write(question: str, answers: Sequence[Any], look: Look) -> str:
    """The answers as text, one below the other."""
    own = given(question, "blocks")
    if hasattr(own, "entries"):
        text = part(question, answers, look, len(answers) > 1)
        return "".join([text, *joiner(question, look, len(answers) > 1).end(own.summary(answers))])
    return "\n".join(on_screen(own.answer_blocks(answer, look, len(answers) > 1), look) for answer in answers)


def part(question: str, answers: Sequence[Any], look: Look, several: bool) -> str:
    """The lines of some answers of many: there may be a million, and nothing parts or orders them."""
    entries, screen = given(question, "blocks").entries, Screen(look)
    for answer in answers:
        for block in entries(answer, look):
            _draw(screen, block, look)
    return str(screen) if answers else ""


def joiner(question: str, look: Look, several: bool) -> Joiner:
    """What stands below the lines of all answers."""
    return EndingJoiner(question, look)


class EndingJoiner(Joiner):
    """Makes the text of many answers from their lines, and an ending."""

    def __init__(self, question: str, look: Look) -> None:
        self.question, self.look = question, look

    def end(self, answers: Any = None) -> Iterator[str]:
        """What is said of all of them."""
        yield from ("\n" * bool(answers.batches), on_screen(given(self.question, "blocks").ending(answers), self.look))


def on_screen(blocks: Iterable[AnswerBlock], look: Look) -> str:
    """The blocks as text, the answer first; an empty line behind it, before each title, table and code, and before the
    first finding.
    """
    screen = Screen(look)
    previous: AnswerBlock | None = None
    for block in answer_first(blocks):
        if previous is not None and _is_apart(previous, block):
            screen.line()
        _draw(screen, block, look)
        previous = block
    return str(screen)


def _is_apart(above: AnswerBlock, block: AnswerBlock) -> bool:
    """Whether an empty line stands between two blocks."""
    if block.kind in ("note", "list"):
        return False
    if above.kind == "name" or (above.is_answer and not block.is_answer):
        return True
    if above.kind == "caption":
        return False
    follows = block.kind == "prose" or block.kind == above.kind == "finding"
    return not follows or above.kind in ("table", "code", "chart")


def _draw(screen: Screen, block: AnswerBlock, look: Look) -> None:
    match block.kind:
        case "entry":
            screen.entry(block.text, block.style)
        case "name":
            screen.title(block.text)
        case "title":
            screen.prose(" ", block.text, block.style, hanging=block.hanging)
        case "prose" | "caption" | "note":
            screen.prose(text_of(block, look), hanging=block.hanging)
        case "finding":
            screen.finding(block.severity, block.code, look.message(block.text))
        case "findings":
            for one in block.findings:
                screen.finding(one.severity, one.code, look.message(one.message))
            if block.text:
                screen.prose(block.text)
        case "table":
            _draw_table(screen, block, look)
        case "list":
            screen.side_by_side([f"[{mark}] {text}" for mark, text in enumerate(block.lines, 1)])
        case _:
            for line in block.text.splitlines():
                screen.line(line)


def _draw_table(screen: Screen, block: AnswerBlock, look: Look) -> None:
    whole = (*block.columns, *block.beside)
    if block.lines and not screen.fits(block.columns):
        for line in block.lines:
            screen.prose(look.message(line.strip()), indent=len(line) - len(line.lstrip()), hanging=2)
    elif block.beside and screen.fits([column.shortened() for column in whole]):
        screen.columns(whole)
    else:
        screen.columns(block.columns)
