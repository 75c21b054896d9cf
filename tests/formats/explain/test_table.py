"""The table: what it says, that it adds up, and that nothing of it is ever cut."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.formats.printed import assert_added_up, tables
from tests.formats.reports import BATCHES, FINITE, report_of, to_table, with_measurements
from wce_cli import explain
from wce_cli.formats.look import Look

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]\d+)?(?![\w.])")


def test_the_table_of_the_question():
    assert (
        to_table([with_measurements(report_of("two"))])
        == """\
PyTorch returns 0.692279 (weighted-mean): the sum of the weighted losses, 0.761507, divided by
0.1 + 1 = 1.1, the weights of the labels in this batch. Divided by N = 2 it is 0.380753
(batch-mean): reduction='none' and then .mean(), Keras' default. The first is 2 / 1.1 = 1.81818
times the second.

n  label  x[y]      p[y]  logsumexp    loss ℓ  weight w    term t   share
0  0       0.1  0.310026     1.2711    1.1711       0.1   0.11711  15.4 %  ██
1  1       0.1  0.524979   0.744397  0.644397         1  0.644397  84.6 %  ████████████
Σ                                      1.8155       1.1  0.761507
x logits, p = softmax(x); ℓ = −log p[y] = logsumexp − x[y], in nats; w class weight; t = w · ℓ

method                                        Σt  ÷ D                   = loss  PyTorch 2.13.0
weighted-mean                           0.761507  1.1  Σ w[y]         0.692279        0.692279  [1]
batch-mean (= kept-mean, nonzero-mean)  0.761507    2  N              0.380753        0.380753  [2]
sum                                     0.761507    1                 0.761507        0.761507  [3]
unweighted-mean                           1.8155    2  N kept, w = 1  0.907749        0.907749  [4]
[1] cross_entropy(x, y, weight=w)    [2] cross_entropy(x, y, weight=w, reduction='none').mean()
[3] cross_entropy(x, y, weight=w, reduction='sum')    [4] cross_entropy(x, y)

note methods-coincide: batch-mean, kept-mean and nonzero-mean are all 0.380753, dividing by 2:
  nothing is ignored and no weight is 0
"""
    )


def test_the_table_of_a_hard_batch():
    assert (
        to_table([report_of("hard")], Look(methods=("batch-mean", "weighted-mean/label-mix")))
        == """\
batch-mean is 0.994194: the sum of the weighted losses, 4.97097, divided by N = 5.
weighted-mean/label-mix is 2.11011: the sum of the losses, each times its sample weight and the
weight that its label row mixes, 5.30166, divided by 2.5125, the sample weights times the weights
that the label rows mix in this batch.

n  label  x[y]      p[y]  logsumexp    loss ℓ  weight s·w    term t    share
0  cat       2  0.665241    2.40761  0.507606           0  0.252491    5.1 %  █
1  dog       1  0.244728    2.40761   1.40761         0.5  0.738404   14.9 %  ██
2  -100      –         –          –         –           –         –  ignored
3  eel       1  0.114195    3.16985   2.13651         1.5   3.03849   61.1 %  █████████
4  dog       0  0.017868    4.02474   3.92474        0.25  0.941582   18.9 %  ███
Σ                                     7.97647        2.25   4.97097
x logits, p = softmax(x); q the label as a row, smoothed by ε = 0.1;
    ℓ = Σ_c q[c] · −log p[c], in nats; s sample weight; w class weight;
    t = s · Σ_c w[c] · q[c] · −log p[c]

method                        Σt     ÷ D             = loss
batch-mean               4.97097       5  N        0.994194
weighted-mean/label-mix  5.30166  2.5125  Σ s·w·q   2.11011

caution smoothing-weights-every-class: with label smoothing 0.1 PyTorch's numerator holds the weight
  of every class and its D only Σ s·w[y]: weighted-mean is 2.20932. Keras's rule gives 1.22244
  (kept-mean/sample) or 2.17323 (weighted-mean/sample), Paddle's 2.11011 (weighted-mean/label-mix)
note zero-weight-class: class "cat" weighs 0: its only kept sample counts in N = 5 and N kept = 4,
  and not in Σ s·w[y] nor in N with w ≠ 0 = 3 (nonzero-mean 1.65699)
note ignored-samples: 1 of 5 samples is ignored (label -100): N = 5, by which batch-mean divides,
  counts it; N kept = 4 does not: kept-mean is 1.24274
"""
    )


def assert_it_adds_up(text: str) -> None:
    assert_added_up(*tables(text))


@pytest.mark.parametrize("width", [None, 200])
@pytest.mark.parametrize("digits", [3, 6, 12])
@pytest.mark.parametrize("rows", [None, 2])
@pytest.mark.parametrize("name", FINITE)
def test_what_is_printed_adds_up(name, rows, digits, width):
    report = report_of(name)
    text = to_table([report], Look(rows=rows, digits=digits, width=width))
    assert_it_adds_up(text)
    hidden = 0 if rows is None else report.terms_total - rows
    assert (f"… {hidden} more" in text) == (hidden > 0)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-30, 30), st.floats(-30, 30), st.floats(-30, 30), st.sampled_from([0, 1, 2, -100])),
        min_size=1,
        max_size=12,
    ),
    st.tuples(*[st.floats(0.01, 100)] * 3),
    st.integers(0, 5),
)
def test_any_table_adds_up(samples, weight, rows):
    batch = {"logits": [sample[:3] for sample in samples], "labels": [sample[3] for sample in samples]}
    report = explain(**batch, weight=list(weight), engines=())
    if report.totals.n_kept:
        assert_it_adds_up(to_table([report], Look(rows=rows)))


@pytest.mark.parametrize("measured", [False, True])
@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
@pytest.mark.parametrize("name", BATCHES)
def test_a_table_fits_its_width_by_leaving_out_columns_never_digits(name, width, measured):
    report = report_of(name)
    if measured and name != "soft":
        report = with_measurements(report)
    natural, fitted = to_table([report]), to_table([report], Look(width=width))
    assert max(map(len, fitted.splitlines())) <= width
    assert set(NUMBER.findall(fitted)) <= set(NUMBER.findall(natural))
    for table, whole in zip(tables(fitted), tables(natural), strict=True):
        for row, complete in zip(table, whole, strict=True):
            assert row.items() <= complete.items()
        left_out = [head for head in whole[0] if head and head not in table[0]]
        for head in left_out:
            assert head in " ".join(fitted.split()), head
    assert tables(fitted)[-1][0]["= loss"] == tables(natural)[-1][0]["= loss"]


def test_a_column_too_wide_for_any_screen_is_not_cut():
    fitted = to_table([report_of("two")], Look(width=5))
    assert "0.692279" in fitted
    assert "0.11711" in fitted


@pytest.mark.parametrize("name", BATCHES)
def test_ascii_says_the_same_in_ascii(name):
    text = to_table([report_of(name)], Look(ascii=True))
    assert text.isascii()
    assert NUMBER.findall(text) == NUMBER.findall(to_table([report_of(name)]))


@pytest.mark.parametrize("name", BATCHES)
def test_colour_is_the_only_difference_of_colour(name):
    plain, coloured = to_table([report_of(name)]), to_table([report_of(name)], Look(color=True))
    assert "\x1b" not in plain
    assert ESCAPE.search(coloured)
    assert [line.rstrip() for line in ESCAPE.sub("", coloured).split("\n")] == plain.split("\n")


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("[red]", "[red]"),
        ("[/items]", "[/items]"),
        ("[link=x]y", "[link=x]y"),
        (":smile:", ":smile:"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\u202eevil", "\\u202eevil"),
        ("x" * 300, "x" * 19 + "… [0]"),
        ("猫", "猫"),
        ("🐈 cat", "🐈 cat"),
    ],
)
def test_user_text_is_printed_as_it_is_and_moves_nothing(name, printed):
    report = explain(logits=[[1, 2], [3, 4]], labels=[0, 1], classes=[name, "dog"], engines=())
    text = to_table([report], Look(color=True))
    assert printed in ESCAPE.sub("", text)
    assert not any(ord(character) < 32 for character in ESCAPE.sub("", text) if character != "\n")


def test_long_names_that_begin_alike_can_be_told_apart():
    names = [f"{'x' * 30}{c}" for c in range(12)]
    report = explain(logits=np.eye(12), labels=list(range(12)), classes=names, engines=())
    cells = {line.split()[1] + line.split()[2] for line in to_table([report], Look(only="terms")).splitlines()[1:13]}
    assert cells == {f"{'x' * (19 if c < 10 else 18)}…[{c}]" for c in range(12)}


def test_columns_stay_aligned_beside_wide_characters():
    from rich.cells import cell_len

    report = explain(logits=[[1, 2], [3, 4]], labels=[0, 1], classes=["猫猫", "dog"], engines=())
    lines = to_table([report], Look(only="terms")).split("\n")[:3]
    ends = [cell_len(line[: line.rindex("%")]) for line in lines[1:]]
    assert ends[0] == ends[1]


def test_columns_stay_aligned_where_names_are_spelled_out_in_ascii():
    report = explain(logits=[[1, 2], [3, 4]], labels=[0, 1], classes=["猫猫", "é"], engines=())
    for encoding, shown in (("ascii", "\\xe9"), ("cp1252", "é")):
        lines = to_table([report], Look(ascii=True, encoding=encoding, only="terms")).split("\n")
        assert lines[1].startswith("0    \\u732b\\u732b  ")
        assert shown in lines[2]
        assert lines[1].index("%") == lines[2].index("%")


def test_a_name_of_a_batch_is_a_title_and_user_text():
    from wce_cli.batches.batch import Batch
    from wce_cli.questions.explain.of_batch import explain_batch

    reports = [explain_batch(Batch.build(**BATCHES["two"], name=name)) for name in ("[bold]one\x1b[0m", None)]
    text = to_table(reports)
    assert text.startswith("[bold]one\\x1b[0m\n\nPyTorch's mean is")
    assert "\n\nbatch\n\nPyTorch's mean is" in text


@pytest.mark.parametrize("width", [20, 40])
def test_a_title_is_wrapped_and_loses_no_number(width):
    from wce_cli.batches.batch import Batch
    from wce_cli.questions.explain.of_batch import explain_batch

    name = "one sample, weight 0.123456, of the batch 20261125 and " + "x" * 50
    title = to_table([explain_batch(Batch.build(**BATCHES["two"], name=name))], Look(width=width)).split("\n\n")[0]
    assert max(map(len, title.splitlines())) <= width
    assert [word for word in title.split() if word[0].isdigit()] == ["0.123456,", "20261125"]
    assert title.split()[-1].strip("x") == "…"


def test_words_for_what_is_not_finite():
    samples, methods = tables(to_table([report_of("nan")]))
    assert [row["loss ℓ"] for row in samples] == ["inf", "1.31326", "nan", "nan"]
    assert {row["= loss"] for row in methods} == {"nan"}
    assert "x[y]" in samples[0]
    assert samples[0]["x[y]"] == "-inf"


def test_balanced_weights_are_shown():
    report = explain(logits=BATCHES["hard"]["logits"], labels=[0, 1, -100, 2, 1], weight="balanced", engines=())
    assert "weight: balanced, N kept / (C · count) = 0: 1.33333, 1: 0.666667, 2: 1.33333\n" in to_table([report])


def test_all_methods_are_shown_once_where_placements_agree():
    _, methods = tables(to_table([report_of("two")], Look(methods=("all",))))
    assert [row["method"] for row in methods] == [
        *("weighted-mean", "batch-mean", "kept-mean", "nonzero-mean", "element-mean", "sum", "unweighted-mean"),
    ]
    _, methods = tables(to_table([report_of("hard")], Look(methods=("all",))))
    assert len(methods) == 19


def test_a_measurement_that_only_another_method_explains_brings_that_method_in():
    report = with_measurements(report_of("hard"))
    odd = structs.replace(
        report.measurements[0], call="other()", methods=("kept-mean",), expresses=(), value=report.value("kept-mean")
    )
    shown = tables(to_table([structs.replace(report, measurements=(odd,))]))[1]
    assert [row["method"] for row in shown] == ["weighted-mean", "batch-mean", "kept-mean", "sum", "unweighted-mean"]


def test_a_second_precision_has_a_column_where_it_prints_otherwise():
    report = with_measurements(report_of("two"))
    changed = [
        structs.replace(one, value=0.5) if one.dtype == "float32" and one.expresses == ("sum",) else one
        for one in report.measurements
    ]
    methods = tables(to_table([structs.replace(report, measurements=tuple(changed))]))[1]
    assert [row["float32"] for row in methods] == ["0.692279", "0.380753", "0.5", "0.907749"]
    assert "float32" not in to_table([report])


def test_the_column_is_of_the_dtype_that_the_scores_came_in_and_float64_stands_in_the_note():
    report = with_measurements(report_of("two"))
    changed = [
        structs.replace(one, value=0.5) if one.dtype == "float32" and one.expresses == ("sum",) else one
        for one in report.measurements
    ]
    batch = structs.replace(report.batch, dtype="float32")
    text = to_table([structs.replace(report, batch=batch, measurements=tuple(changed))])
    cells = [row["PyTorch 2.13.0"] for row in tables(text)[1]]
    assert cells == ["0.692279", "0.380753", "0.5", "0.907749"]
    assert "[3] cross_entropy(x, y, weight=w, reduction='sum'), in float64 0.761507" in " ".join(text.split())
    assert text.count("in float64") == 1


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_the_calls_below_the_table_are_what_a_user_would_type(dtype):
    pytest.importorskip("torch")
    logits, weight = (np.array(BATCHES["two"][field], dtype) for field in ("logits", "weight"))
    text = to_table([explain(logits=logits, labels=[0, 1], weight=weight)])
    assert "[1] cross_entropy(x, y, weight=w)" in text
    assert ".double()" not in text
    assert ".to(" not in text


def test_methods_that_coincide_stand_in_the_row_of_the_one_that_is_shown():
    text = to_table([report_of("two")], Look(findings=5))
    assert "\nbatch-mean (= kept-mean, nonzero-mean)  0.761507" in text
    assert "methods-coincide" not in text
    assert "note methods-coincide" in to_table([report_of("two")], Look(findings=None))
    narrow = to_table([report_of("two")], Look(findings=5, width=60))
    assert "\nsame here: batch-mean = kept-mean = nonzero-mean\n" in narrow
    assert "(= " not in narrow
    assert "kept-mean" not in to_table([report_of("two")], Look(findings=5, methods=("batch-mean",)))
    assert "(= " not in to_table([report_of("hard")], Look(findings=5))


@pytest.mark.parametrize("name", BATCHES)
def test_what_is_said_to_coincide_is_one_quotient_told_once(name):
    report = report_of(name)
    told = re.findall(r"^([\w-]+) \(= ([\w, -]+)\)", to_table([report], Look(width=300)), re.MULTILINE)
    others = [other for _, names in told for other in names.split(", ")]
    assert len(others) == len(set(others))
    for pair, names in told:
        for other in names.split(", "):
            assert str(report.value(pair)) == str(report.value(other))
            assert report.method(pair).denominator == report.method(other).denominator
