"""Markdown: what an issue is given to paste."""

from __future__ import annotations

import pytest

from tests.formats.printed import rendered
from tests.formats.reports import BATCHES, report_of, text_in, with_measurements
from wce_cli.formats.look import Look
from wce_cli.formats.markdown import escaped


def test_the_markdown_of_the_question():
    assert (
        text_in("markdown", [with_measurements(report_of("two"))])
        == r"""PyTorch returns 0.692279 (weighted-mean): the sum of the weighted losses, 0.761507, divided by """
        r"""0.1 + 1 = 1.1, the weights of the labels in this batch. Divided by N = 2 it is 0.380753 (batch-"""
        r"""mean): reduction='none' and then .mean(), Keras' default. The first is 2 / 1.1 = 1.81818 times """
        r"""the second.

| n   | label | x\[y] |    p\[y] | logsumexp |   loss ℓ | weight w |   term t |  share |
| --- | ----- | ----: | -------: | --------: | -------: | -------: | -------: | -----: |
| 0   | 0     |   0.1 | 0.310026 |    1.2711 |   1.1711 |      0.1 |  0.11711 | 15.4 % |
| 1   | 1     |   0.1 | 0.524979 |  0.744397 | 0.644397 |        1 | 0.644397 | 84.6 % |
| Σ   |       |       |          |           |   1.8155 |      1.1 | 0.761507 |        |

x logits, p = softmax(x); ℓ = −log p\[y] = logsumexp − x\[y], in nats; w class weight; """
        r"""t = w · ℓ

| method                                 |       Σt | ÷ D |               |   = loss | PyTorch 2.13.0 |      |
| -------------------------------------- | -------: | --: | ------------- | -------: | -------------: | ---- |
| weighted-mean                          | 0.761507 | 1.1 | Σ w\[y]       | 0.692279 |       0.692279 | \[1] |
| batch-mean (= kept-mean, nonzero-mean) | 0.761507 |   2 | N             | 0.380753 |       0.380753 | \[2] |
| sum                                    | 0.761507 |   1 |               | 0.761507 |       0.761507 | \[3] |
| unweighted-mean                        |   1.8155 |   2 | N kept, w = 1 | 0.907749 |       0.907749 | \[4] |

1. `cross_entropy(x, y, weight=w)`
2. `cross_entropy(x, y, weight=w, reduction='none').mean()`
3. `cross_entropy(x, y, weight=w, reduction='sum')`
4. `cross_entropy(x, y)`

- **note** `methods-coincide`: batch-mean, kept-mean and nonzero-mean are all 0.380753, """
        r"""dividing by 2: nothing is ignored and no weight is 0
"""
    )


def test_numbers_stand_to_the_right_and_words_to_the_left():
    page = rendered(text_in("markdown", [report_of("hard")]))
    sides = {(tag, head.get("style")) for tag, head in page.tags if tag in ("th", "td")}
    assert {style for _, style in sides} == {None, "text-align:right"}
    rules = text_in("markdown", [report_of("hard")]).splitlines()[3].split(" | ")
    assert [rule.strip("| ").endswith(":") for rule in rules] == [False, False, *[True] * 7]


@pytest.mark.parametrize("name", BATCHES)
def test_sentences_and_cells_are_read_as_they_are_in_the_table(name):
    for look in (Look(), Look(ascii=True)):
        page = rendered(text_in("markdown", [report_of(name)], look))
        assert "em" not in page.texts
        assert len(page.tables) == (3 if name == "many" else 2)
        said = " ".join(" ".join(page.stretches).split())
        assert ("Σ" in said) != look.ascii
        assert "\\" not in said


def test_no_line_of_prose_is_wrapped():
    report = report_of("hard")
    blocks = text_in("markdown", [report], Look(width=40)).split("\n\n")
    assert [len(block.splitlines()) for block in blocks if not block.startswith("|")] == [1, 1, len(report.findings)]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a|b", r"a\|b"),
        ("w[y] * 2_000", r"w\[y] \* 2\_000"),
        ("@octocat", "@<!-- -->octocat"),
        ("a @ b", "a @ b"),
        ("#123 # x", r"\#<!-- -->123 \# x"),
        ("N = 5: 1.5", "N = 5: 1.5"),
        ("$5", "<span>$</span>5"),
        ("0.123456789 1.2345678e+09", "0.123456789 1.2345678e+09"),
        ("deadbeef1", "deadbe<!-- -->ef1"),
        ("  a  b ", "&nbsp;&nbsp;a &nbsp;b&nbsp;"),
    ],
)
def test_only_what_would_be_read_otherwise_is_escaped(text, written):
    assert escaped(text) == written
