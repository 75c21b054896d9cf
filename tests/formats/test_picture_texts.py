"""Nothing in a picture is cut, covered or crossed, and its numbers are those of the tables: batches of all kinds."""

from __future__ import annotations

import math
import random
import re
import string
import xml.etree.ElementTree as ET

import pytest

pytest.importorskip("matplotlib")

import wce_cli
from tests.formats.boxes import assert_readable, width_of
from tests.formats.reports import BATCHES, HOSTILE
from wce_cli.formats.explain import picture as explain
from wce_cli.formats.gradient import picture as gradient
from wce_cli.formats.identify import picture as identify
from wce_cli.formats.look import Look
from wce_cli.formats.picture.scale import is_on_scale, numbers_of_axis
from wce_cli.formats.picture.text import fitted, text_width, wrapped
from wce_cli.formats.split import picture as split
from wce_cli.formats.sweep import picture as sweep

NAMES = [
    "W" * 30,
    "iiii",
    "background",
    "a very long class name that goes on",
    "猫の名前がとても長い",
    "x",
    *HOSTILE.values(),
]


def drawn(picture, answer, look):
    found = picture(answer, look)
    return "" if found is None else found.svg


def some_batch(rng: random.Random) -> dict:
    """A batch of any kind: few or many samples and classes, huge and negative weights, labels of all kinds."""
    n, c = rng.choice([1, 2, 5, 13, 19, 40]), rng.choice([2, 3, 9, 14])
    spread = rng.choice([0.1, 2, 50])
    batch = {"logits": [[round(rng.gauss(0, spread), 3) for _ in range(c)] for _ in range(n)]}
    batch["labels"] = [rng.randrange(c) if rng.random() < 0.9 else -100 for _ in range(n)]
    kind = rng.choice(["none", "plain", "huge", "tiny", "negative", "odd"])
    draw = {
        "none": lambda: 1.0,
        "plain": lambda: round(rng.uniform(0.1, 3), 2),
        "huge": lambda: rng.choice([1e6, 1.0]),
        "tiny": lambda: rng.choice([1e-6, 1.0]),
        "negative": lambda: round(rng.uniform(-1, 1), 2),
        "odd": lambda: rng.random() * 7,
    }[kind]
    if kind != "none":
        batch["weight"] = [draw() for _ in range(c)]
    if rng.random() < 0.5:
        batch["classes"] = [f"{rng.choice(NAMES)}{k}"[-40:] for k in range(c)]
    if rng.random() < 0.2:
        batch["label_smoothing"] = 0.1
    return batch


def some_look(rng: random.Random) -> Look:
    methods = rng.choice([None, None, ("all",), ("sum", "weighted-mean"), ("batch-mean",)])
    return Look(digits=rng.choice([3, 6, 6, 9, 17]), methods=methods, rows=rng.choice([None, None, 0, 30]))


def every_picture(batch: dict, look: Look, rng: random.Random):
    """Each picture of a batch, and what it is of."""
    report = wce_cli.explain(**batch, engines=())
    yield "explain", drawn(explain.picture, report, look)
    yield "gradient", drawn(gradient.picture, wce_cli.gradient(**batch), look)
    n = len(batch["labels"])
    yield "split", drawn(split.picture, wce_cli.split(size=rng.randint(1, n), **batch), look)
    yield "sweep", drawn(sweep.picture, wce_cli.sweep(rng.randrange(len(batch["logits"][0])), **batch), look)
    number = report.value("batch-mean")
    text = f"{number:.{rng.choice([3, 6, 12])}g}" if math.isfinite(number) else "0.5"
    yield "identify", drawn(identify.picture, wce_cli.identify(text, f"{rng.random():.4f}", **batch, depth=1), look)


@pytest.mark.parametrize("seed", range(24))
def test_no_text_is_cut_covered_or_crossed(seed):
    rng = random.Random(seed)
    batch, look = some_batch(rng), some_look(rng)
    for kind, svg in every_picture(batch, look, rng):
        if svg:
            assert_readable(svg, (kind, seed, look))


@pytest.mark.parametrize("name", BATCHES)
def test_no_text_is_cut_covered_or_crossed_in_any_kind_of_batch(name):
    report = wce_cli.explain(**BATCHES[name], engines=())
    for look in (Look(), Look(rows=0), Look(digits=12, methods=("all",))):
        svg = drawn(explain.picture, report, look)
        if svg:
            assert_readable(svg, (name, look))


@pytest.mark.parametrize("parts", [2, 40, 100])
def test_parts_without_a_number_are_told_apart_however_many(parts):
    batch = {"logits": [[0.5, 1.0]] * parts, "labels": [0, -100] * (parts // 2), "weight": [0, 1]}
    answer = wce_cli.split(size=1, **batch)
    assert_readable(drawn(split.picture, answer, Look()), parts)


def words(svg: str) -> list[str]:
    return [one.text or "" for one in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("digits", [3, 6, 10])
def test_the_numbers_are_those_of_the_table(digits):
    """Every number in the bars of `explain` stands so in its tables."""
    rng = random.Random(7)
    for _ in range(6):
        batch = some_batch(rng)
        report, look = wce_cli.explain(**batch, engines=()), Look(digits=digits)
        cells = {cell for column in _columns(report, look) for cell in column.cells}
        svg = drawn(explain.picture, report, look)
        said = words(svg)
        names = [row.pair for row in report.methods]
        beside = [word for word in said if re.match(r"-?\d[\d.e+-]*( \(÷ .*)?$", word) and "e" not in word[:1]]
        axis = set(numbers_beside_axes(svg))
        assert names
        for word in beside:
            for number in re.findall(r"-?\d[\d.]*(?:e[-+]\d+)?", word.removesuffix(")")):
                assert number in cells or word in axis or _is_rest(report, batch), (digits, word)


def _columns(report, look):
    from wce_cli.formats.explain.blocks import answer_blocks

    return [column for block in answer_blocks(report, look, False) for column in block.columns]


def _is_rest(report, batch):
    return len(batch["labels"]) > 12  # the others, taken together, have no row


def numbers_beside_axes(svg: str) -> list[str]:
    picture = ET.fromstring(svg)
    found = []
    for group in picture.iter("{http://www.w3.org/2000/svg}g"):
        if re.match(r"[xy]tick_", group.get("id") or ""):
            found += [one.text or "" for one in group.iter("{http://www.w3.org/2000/svg}text")]
    return found


def test_whole_numbers_beside_an_axis_have_no_point():
    assert numbers_of_axis([0.0, 0.5, 1.0, 1.5, 2.0]) == ["0", "0.5", "1", "1.5", "2"]
    assert numbers_of_axis([0.0, 20.0, 40.0]) == ["0", "20", "40"]
    assert numbers_of_axis([0.1 + 0.2, 0.4]) == ["0.3", "0.4"]
    assert numbers_of_axis([0.6931471, 0.6931473, 0.6931475]) == ["0.6931471", "0.6931473", "0.6931475"]
    assert numbers_of_axis([-1e-17, 0.5]) == ["0", "0.5"]
    assert numbers_of_axis([1e12, 2e12]) == ["1e+12", "2e+12"]
    assert numbers_of_axis([]) == []


@pytest.mark.parametrize("digits", [1, 3, 6])
def test_no_picture_says_2_00_for_2(digits):
    batch = {"logits": [[2, 1, 0], [0, 1, 2], [1, 1, 1], [0, 3, 1]], "labels": [0, 1, -100, 1], "weight": [1, 0.25, 3]}
    rng = random.Random(0)
    found = 0
    for kind, svg in every_picture(batch, Look(digits=digits), rng):
        for text in numbers_beside_axes(svg):
            assert not re.search(r"\.\d*0$", text), (kind, text)
            found += 1
    svg = drawn(sweep.picture, wce_cli.sweep(scale=True, **batch), Look(digits=digits))
    assert {"0", "1", "2"} <= set(numbers_beside_axes(svg))
    assert found > 20


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([2.5, 3.7, 88.7, 2.65], [True, True, False, True]),  # sum of 24
        ([0.5, 3e5, 6e5, 0.7], [True, False, False, True]),  # a weight of a million
        ([0.3, 0.17, 0.33, 0.75], [True] * 4),
        ([-2.5, -3.7, -88.7, -2.65], [True, True, False, True]),
        ([0.001, 2, 3], [True] * 3),  # most are as large: the small one is seen to be small
        ([1.0, 0, 0, 0], [True] * 4),
        ([5], [True]),
        ([], []),
    ],
)
def test_what_dwarfs_the_rest_is_off_the_bars(values, drawn):
    assert is_on_scale(values) == drawn


def test_a_number_off_the_bars_is_told_and_the_others_fill_the_panel():
    rng = random.Random(3)
    batch = {"logits": [[rng.gauss(0, 1) for _ in range(9)] for _ in range(24)], "labels": [k % 9 for k in range(24)]}
    batch["weight"] = [1, 2, 0.5, 0.1, 3, 1, 1, 4, 0.25]
    report = wce_cli.explain(**batch, engines=())
    svg = drawn(explain.picture, report, Look())
    total = f"{report.value('sum'):.6g}"
    assert f"{total}, off this scale" in words(svg)
    (lower,) = (one for one in ET.fromstring(svg).iter() if one.get("id") == "axes_2")
    beside_axis = [one.text for one in lower.iter() if one.tag.endswith("}text") and re.fullmatch(r"[\d.]+", one.text)]
    assert max(map(float, beside_axis)) < 5
    answer = wce_cli.sweep(0, **batch)
    said = words(drawn(sweep.picture, answer, Look(methods=("weighted-mean", "batch-mean", "sum"))))
    assert any(word.startswith("sum ") and word.endswith("off this scale") for word in said)


def test_no_text_is_wider_than_it_is_taken_for():
    rng = random.Random(1)
    alphabet = string.ascii_letters + string.digits + string.punctuation + " Σ·×÷−ℓε→…■●▲äÉ猫"
    for _ in range(300):
        text = "".join(rng.choices(alphabet, k=rng.randint(1, 40)))
        assert width_of(text, 11) <= text_width(text, 11) + 2, text
    for text in alphabet:
        assert width_of(text * 20, 11) <= text_width(text * 20, 11) + 2, text


def test_text_is_shortened_and_wrapped_by_its_width():
    assert fitted("weighted-mean", 200) == "weighted-mean"
    assert fitted("W" * 40, 100) == "W" * 8 + "…"
    assert len(fitted("i" * 40, 100)) > 20
    assert wrapped("batch-mean, kept-mean", 100) == ["batch-mean,", "kept-mean"]
    assert all(text_width(line) <= 60 for line in wrapped("x" * 40 + " of a", 60))
    assert "".join(wrapped("x" * 40, 60)) == "x" * 40


def test_what_stands_beside_a_mark_is_crossed_by_no_line_and_no_mark():
    for at in range(0, int(identify.INSIDE), 4):
        for line in range(0, int(identify.INSIDE), 4):
            text, start = identify._placed("0.3807534", ", 1 departure", float(at), float(line))
            end = start + text_width(text)
            assert start >= 0
            assert end <= identify.INSIDE
            assert not start < at < end
            assert not start < line < end


def test_a_part_is_numbered_by_whole_numbers_however_few_there_are():
    for size in (1, 2, 3):
        answer = wce_cli.split(size, logits=[[0.1, 0.9], [0, 0.1], [1, 0]], labels=[0, 1, 1])
        below = re.findall(r"<text[^>]*>([^<]*)</text>", drawn(split.picture, answer, Look()))
        numbers = below[below.index("part") - len(answer.parts) : below.index("part")]
        assert numbers == [str(k) for k in range(len(answer.parts))]


@pytest.mark.parametrize("n", [1, 5, 30, 60])
def test_the_mark_of_the_last_sample_is_not_cut(n):
    answer = wce_cli.gradient(logits=[[0.1, 0.9]] * n, labels=[0, 1] * (n // 2) + [0] * (n % 2), weight=[1, 2])
    picture = drawn(gradient.picture, answer, Look())
    clip = re.search(r'<clipPath id="\w+">\s*<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', picture)
    left, wide = map(float, clip.groups())
    clipped = "".join(re.findall(r'<g clip-path="url\(#\w+\)">.*?</g>', picture, re.DOTALL))
    marks = [float(x) for x in re.findall(r'<use xlink:href="#\w+" x="([\d.]+)"', clipped)]
    assert len(marks) >= n
    assert min(marks) - 3 >= left - 0.1
    assert max(marks) + 3 <= left + wide + 0.1
