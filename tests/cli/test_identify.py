import json
import re
from html import unescape

import numpy as np
import pytest

from tests.run import ROOT, run, spawn
from wce_cli.cli.identify import protected

GOLDEN = ROOT / "tests" / "data" / "identified"
FORUM = ("--logits", "3 4; 6 9", "--labels", "1,0", "--weight", "0.4,0.36")
FORMATS = {"table": "table.txt", "json": "answer.json", "markdown": "answer.md"}
TWO = ("-x", "0.1 0.9; 0 0.1", "-y", "0,1", "-w", "0.1,1")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_prints_what_its_golden_file_holds(name):
    """Written anew with the command itself, then read: `wce identify … --format NAME > FILE`."""
    ran = run("identify", "1.7529", "0.6662", "nan", *FORUM, "--separate", "--verbose", "--format", name)
    assert ran.code == 1  # nan has no rule
    assert ran.err == ""
    assert ran.out == (GOLDEN / FORMATS[name]).read_text("utf-8")


@pytest.mark.parametrize(
    ("asked", "lines"),
    [
        (
            ("0.692279", *TWO),
            [
                "0.692279 is weighted-mean: PyTorch's reduction='mean', the sum 0.761507 divided by Σ w[y] = 1.1.",
                "implied denominator: Σt / 0.692279 = 0.761507 / 0.692279 = 1.1 ≈ Σ w[y] = Σ_c w[c] = 1.1",
                "chance of an accident: 0.0014 % of numbers as long, from 0.658 to 0.727",
                "3 odder rules give it too: --verbose lists them",
            ],
        ),
        (
            ("0.380753", *TWO),
            [
                "0.380753 is batch-mean: PyTorch's reduction='none' and then .mean(), Keras' default, the sum 0.761507 "
                "divided by N = 2.",
                "implied denominator: Σt / 0.380753 = 0.761507 / 0.380753 = 2 ≈ N = N kept = N with w ≠ 0 = C = 2",
                "not to be told apart on this batch from kept-mean and nonzero-mean: N = N kept = 2: no sample is "
                "ignored; N = N with w ≠ 0 = 2: no sample is ignored, and none weighs 0",
                "chance of an accident: 0.0026 % of numbers as long, from 0.362 to 0.4",
                "3 odder rules give it too: --verbose lists them",
            ],
        ),
        (
            ("0.69227", *TWO),
            [
                "0.69227 is weighted-mean, with its digits cut off, not rounded (0.6922788): PyTorch's "
                "reduction='mean', the sum 0.761507 divided by Σ w[y] = 1.1.",
                "chance of an accident: 0.058 % of numbers as long, from 0.658 to 0.727",
            ],
        ),
        (
            ("0.652753", "-x", "1 0;0 2", "-y", "0.7 0.3; 0.4 0.6", "-w", "1,3"),
            [
                "0.652753 is Σt / Σ w·q, the weights of the label rows: the sum 2.48046 divided by Σ w·q = 3.8.",
                "implied denominator: Σt / 0.652753 = 2.48046 / 0.652753 = 3.8 ≈ Σ w·q = 3.8",
                "chance of an accident: 0.014 % of numbers as long, from 0.62 to 0.685",
            ],
        ),
        (
            ("27.6310", "--probs", "0 1", "-y", "0"),
            [
                "27.6310 is weighted-mean, but p is clipped to [1e-12, 1 − 1e-12].",
                "It is the sum 27.631 divided by N = 1.",
                "not to be told apart on this batch from batch-mean, kept-mean, nonzero-mean, sum and unweighted-mean: "
                "there is one sample: what it is divided by is 1, or its own weight, which cancels",
                "chance of an accident: 0.0036 % of numbers as long, from 26.2 to 29",
            ],
        ),
        (
            ("0.69", *TWO),
            [
                "0.69 may be weighted-mean: PyTorch's reduction='mean', the sum 0.761507 divided by Σ w[y] = 1.1.",
                "implied denominator: Σt / 0.69 = 0.761507 / 0.69 = 1.10363 ≈ Σ w[y] = Σ_c w[c] = 1.1",
                "chance of an accident: 10 % of numbers as long, from 0.59 to 0.79; more digits would tell",
                "4 odder rules give it too: --verbose lists them",
            ],
        ),
        (
            ("0.9137", *TWO),
            [
                "no rule gives 0.9137: Σt / 0.9137 = 0.761507 / 0.9137 = 0.833432 is no quantity of this batch; the "
                "nearest is N − 1 = 1.",
                "the nearest rule is unweighted-mean, which gives 0.907749 (-0.006)",
                "tried 280 rules of up to 1 departure: of numbers as long, from 0.868 to 0.959, 0.44 % have one",
            ],
        ),
        (
            ("-0.692279", *TWO),
            [
                "-0.692279 is weighted-mean, but with the sign turned.",
                "chance of an accident: 0.0014 % of numbers as long, from -0.727 to -0.658",
            ],
        ),
        (("nan", *TWO), ["no rule gives nan.", "tried 280 rules of up to 1 departure"]),
        (
            ("inf", "-x", "-inf 2; 0 1", "-y", "0,1", "--depth", "0"),
            [
                "inf may be weighted-mean: PyTorch's reduction='mean'.",
                "not to be told apart on this batch from batch-mean, kept-mean, nonzero-mean, element-mean, sum and 1 "
                "more: the sum is inf, whatever it is divided by",
                "how likely an accident is cannot be told of inf",
            ],
        ),
    ],
    ids=lambda value: value[0],
)
def test_the_answer_comes_first_and_the_rest_when_it_is_asked_for(asked, lines):
    out = run("identify", *asked).out
    assert out.replace("\n  ", " ").splitlines() == lines
    verbose = run("identify", *asked, "--verbose").out.replace("\n  ", " ")
    assert verbose.splitlines()[0] == lines[0]
    assert "different numbers)" in verbose
    page = run("identify", *asked, "--format", "markdown").out
    assert page.startswith("### ")
    assert page.count("\n\n") == len(lines) - 1


@pytest.mark.parametrize(
    ("number", "kind", "row", "label"),
    [
        ("27.6310", "--probs", "0 1", "0"),
        ("16.1181", "--probs", "1 0", "1"),
        ("13.8155", "--probs", "0 1", "0"),
        ("100.0000", "--log-probs", "-150 0", "0"),
    ],
)
def test_clipping_that_is_the_answer_is_not_said_to_change_nothing(number, kind, row, label):
    out = run("identify", number, kind, row, "-y", label, "--verbose").out
    assert "clipping p changes nothing" not in out
    assert "chance of an accident" in out  # though every standard value is infinite
    assert "clipping p changes nothing that these digits show" in run("identify", "0.692279", *TWO, "--verbose").out


def test_side_files_hold_what_the_formats_print(tmp_path):
    files = {"json": tmp_path / "a.json", "markdown": tmp_path / "a.md"}
    asked = ("identify", "1.7529", *FORUM)
    ran = run(*asked, "--save", str(files["json"]), "--save", str(files["markdown"]))
    assert ran.code == 0
    for name, file in files.items():
        assert file.read_text("utf-8") == run(*asked, "--format", name).out


@pytest.mark.parametrize(("number", "code"), [("1.7529", 0), ("0.6662", 0), ("0.91111", 1), ("-7", 1)])
def test_exit_0_if_every_number_has_a_rule_and_1_if_not(number, code):
    assert run("identify", number, *FORUM).code == code
    assert run("identify", number, "1.7529", *FORUM).code == code


def test_the_exit_code_of_a_process():
    assert spawn("identify", "0.91111", *FORUM).code == 1
    assert spawn("identify", "abc.json", "0.9").code == 2


@pytest.mark.parametrize("word", ["-0.5", ".5", "1e-3", "nan", "-inf", "+2", "-.5", "-1E-3", "−0.5"])
def test_a_number_is_a_value_whatever_its_sign(word):
    ran = run("identify", word, *FORUM, "--format", "json")
    (number,) = json.loads(ran.out)["numbers"]
    assert number["text"] == word.replace("−", "-")


def test_negative_numbers_stay_in_order_and_options_keep_their_values():
    ran = run("identify", "-1", "2", "-3", "--logits", "-3 4; 6 9", "-y", "1,0", "--format", "json", "--depth", "0")
    answer = json.loads(ran.out)
    assert [number["text"] for number in answer["numbers"]] == ["-1", "2", "-3"]
    assert protected(["-1", "--logits", "-3", "-w", "-4", "--separate", "-5", "--depth=1", "-6", "--", "-7"]) == [
        "−1", "--logits", "-3", "-w", "-4", "--separate", "−5", "--depth=1", "−6", "--", "-7",
    ]  # fmt: skip


def test_any_other_word_is_a_file(tmp_path):
    batch = tmp_path / "0.5 of it.json"
    batch.write_text('{"logits": [[3, 4], [6, 9]], "labels": [1, 0], "weight": [0.4, 0.36]}')
    assert run("identify", "1.7529", str(batch)).code == 0
    assert run("identify", "1.7529", "-", stdin=batch.read_bytes()).code == 0
    assert run("identify", "1.7529", stdin=batch.read_bytes()).code == 0


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (["identify", *FORUM], "there is no number to identify", "wce identify 0.6923 FILE"),
        (["identify", "x.json"], "there is no number to identify", "wce identify 0.6923 x.json"),
        (["identify", "1", "--dept", "2"], "no such option: --dept", "--depth"),
        (["identify", "1", "-q", "2", *FORUM], "no such option: -q", ""),
        (["identify", "1", *FORUM, "--depth", "9"], '--depth is "9", expected a whole number from 0 to 3', ""),
        (["identify", "1", *FORUM, "--tolerance", "-1"], "--tolerance is -1, expected a number of 0 or more", ""),
        (["identify", "1", *FORUM, "--tolerance", "nan"], "--tolerance is nan, expected a number of 0 or more", ""),
        (
            ["identify", "1", *FORUM, "--format", "csv"],
            '--format is "csv", expected table, json, markdown, html or svg',
            "csv goes with other answers, as those of wce explain",
        ),
        (["identify", "1", *FORUM, "--format", "svgg"], '--format is "svgg"', "did you mean 'svg'?"),
        (["identify", "0,6923", *FORUM], "0,6923 is not a number: it has a comma", "write 0.6923, with a point"),
        (["identify", "-0,6923", *FORUM], "-0,6923 is not a number: it has a comma", "write -0.6923, with a point"),
        (["identify", "tensor([1., 2.])", *FORUM], "tensor([1., 2.]) holds 2 numbers", "--loss-values LIST"),
        (["identify", "1", "no.json"], "no.json does not exist", ""),
        (["identify", *FORUM, "--loss-values", "a b"], "--loss-values is not a list of numbers", ""),
        (["identify", *FORUM, "--loss-values", "1 2 3"], "the list has 3 numbers, the batch has 2 samples", ""),
    ],
)
def test_what_cannot_be_answered_is_one_line_and_exit_2(arguments, error, hint):
    ran = run(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert error in ran.err
    assert hint in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("tensor(1.7529, grad_fn=<NllLossBackward0>)", "1.7529"),
        ("tensor(1.7529, device='cuda:0', grad_fn=<DivBackward0>)", "1.7529"),
        ("tensor([1.7529])", "1.7529"),
        ("array(1.7529)", "1.7529"),
        ("np.float64(1.75290)", "1.75290"),
        ("Array(1.7529, dtype=float32, weak_type=True)", "1.7529"),
        ("tf.Tensor(1.752907, shape=(), dtype=float32)", "1.752907"),
        ("<tf.Tensor: shape=(), dtype=float32, numpy=1.752907>", "1.752907"),
        ("loss: 1.7529", "1.7529"),
        ("Epoch 3, val_loss=1.7529", "1.7529"),
        ("loss = tensor(1.7529)", "1.7529"),
        ("tensor(-1.7529)", "-1.7529"),
        (" 1.7529", "1.7529"),
        ("1.7529 ", "1.7529"),
        ("tensor(1.)", "1.0000"),
        ("tensor(nan, grad_fn=<NllLossBackward0>)", "nan"),
    ],
)
def test_a_number_is_read_from_its_print_with_the_digits_it_has_there(word, text):
    ran = run("identify", word, *FORUM, "--format", "json")
    (number,) = json.loads(ran.out)["numbers"]
    assert number["text"] == text
    assert number["tolerance"] == pytest.approx({"1.752907": 5e-7, "1.75290": 5e-6, "nan": 0}.get(text, 5e-5))


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("1.7529,", "1.7529"),
        ("-1.7529;", "-1.7529"),
        ("1.7529...", "1.7529"),
        ("1.7529 nats", "1.7529"),
        ("1.7529nats", "1.7529"),
        ("1.7529 nats/token", "1.7529"),
        ("1,7529 bits", "1.7529"),
        ("1,001.7529", "1001.7529"),
        ("1_001.7529", "1001.7529"),
        ("(1.7529)", "1.7529"),
        ("$1.7529", "1.7529"),
        ("**1.7529**", "1.7529"),
        ("1.7529f", "1.7529"),
        ("val loss 1.7529 (mean)", "1.7529"),
        ('{"loss": 1.7529}', "1.7529"),
        ("{'loss': tensor(1.7529)}", "1.7529"),
        ("1.7529 ± 0.01", "1.7529 --tolerance 0.01"),
        ("7/4", "1.75"),
    ],
)
def test_what_is_almost_a_number_is_told_how_to_write_it(word, written):
    ran = run("identify", word, *FORUM)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: {word} is not a number\n")
    assert ran.err.endswith((f"hint: write {written}\n", f"hint: work it out: {written}\n"))
    assert run("identify", *written.split(), *FORUM).code in (0, 1)


@pytest.mark.parametrize("word", ["1.7.5", "O.69", "abc", "1.75*10^2", "v2"])
def test_a_word_that_is_no_number_and_no_file_is_said_to_be_neither(word):
    ran = run("identify", word, *FORUM)
    assert ran.err == f"error: {word} is no number, and no file has that name\nhint: wce identify 0.6923 FILE\n"


@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("{'loss': 0.2683, 'grad_norm': 1.2}", "0.2683"),
        ("step 10 | loss 0.2683", "0.2683"),
        ("loss=0.268]", "0.268"),
        ("10/10 [00:03<00:00, 3.2it/s, loss=2.68e-1]", "2.68e-1"),
        ("Epoch 1: 100% 5/5 train_loss 0.2683 val_loss 0.31", "0.2683"),
    ],
)
def test_the_loss_in_a_line_of_a_log_is_the_number_of_the_hint(word, number):
    ran = run("identify", word, *FORUM)
    assert ran.err == f"error: {word} is no number, and no file has that name\nhint: wce identify {number} FILE\n"
    assert run("identify", number, *FORUM).code in (0, 1)
    ran = run("identify", word, "samples/two-samples.json")
    assert ran.err.endswith(f"hint: wce identify {number} samples/two-samples.json\n")


@pytest.mark.parametrize("word", ["1.json", "0.5.npy", "2.pt", "3.5.csv"])
def test_a_name_that_begins_with_a_number_is_that_of_a_file(word):
    assert run("identify", "1.7529", word).err.startswith(f"error: {word} does not exist\n")


def test_several_numbers_in_one_word_and_a_print_in_16_bits():
    ran = run("identify", "1.7529 0.6662", "tensor(1.7500, dtype=torch.bfloat16)", *FORUM, "--format", "json")
    numbers = json.loads(ran.out)["numbers"]
    assert [number["text"] for number in numbers] == ["1.7529", "0.6662", "1.7500"]
    assert numbers[2]["tolerance"] == 1.75 * 2**-8
    assert numbers[2]["tolerance_why"] == "what bfloat16 holds of it"
    (asked,) = json.loads(run("identify", "tensor(1.75, dtype=float16)", *FORUM, "--tolerance", "0", "-f", "json").out)[
        "numbers"
    ]
    assert asked["tolerance"] == 0


@pytest.mark.parametrize("name", ["tensor(1.7529)", "loss: 0.5", "[ab].json", "run(2).json", "array(a)"])
def test_a_file_that_is_there_is_a_file_whatever_its_name(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name.replace("[ab]", "a")).write_text(
        '{"logits": [[3, 4], [6, 9]], "labels": [1, 0], "weight": [0.4, 0.36]}'
    )
    ran = run("identify", "1.7529", name)
    assert ran.code == 0, ran.err


FIVE = ("-x", "2.1 .3 -.5; .2 1.4 .7; .9 .1 1.3; -.4 .6 .2; 1.2 .8 .3", "-y", "0,1,2,2,0", "-w", ".3,1.7,2.9")


def implied(number, *batch):
    out = run("identify", number, *batch, "--verbose").out.replace("\n  ", " ")  # a line that was wrapped
    return [line.split("= ", 2)[2] for line in out.splitlines() if line.startswith("implied denominator")]


def test_only_what_is_equal_is_joined_by_an_equals_sign():
    assert implied("1.3", *FIVE) == ["4.98027 ≈ N = N kept = N with w ≠ 0 = 5, or Σ_c w[c] = 4.9"]
    assert implied("1", *FIVE) == [
        "6.47435 ≈ N = N kept = N with w ≠ 0 = 5, or Σ_c w[c] = 4.9, or Σ w[y] = 8.1",
        "3.32306 ≈ C = 3, or N − 1 = 4, or Σ_c w[c] = 4.9, or 1 other value",
    ]
    for line in [*implied("1.3", *FIVE), *implied("1", *FIVE), *implied("0.2", *FIVE), *implied("3", *FIVE)]:
        for group in line.partition("≈ ")[2].split(", or "):
            *names, value = group.split(" = ")
            worth = {"N": 5, "N kept": 5, "N with w ≠ 0": 5, "C": 3, "N − 1": 4, "Σ w[y]": 8.1, "Σ_c w[c]": 4.9}
            worth |= {"N · C": 15, "N²": 25, "N of class 1": 1, "N of class 0": 2, "N of class 2": 2}
            assert all(worth[name] == float(value) for name in names), group


def test_one_is_one_without_saying_so_twice():
    (line,) = implied("-1.3", *FIVE)
    assert line.endswith("; the nearest of this batch is 1")
    assert "1 = 1" not in run("identify", "1.4", "-x", "0.1 0.9; 0 0.1", "-y", "0,1").out.replace("− 1 = 1", "")


def test_a_number_below_0_stands_among_those_on_its_own_side():
    ran = run("identify", "-1.295", *FIVE)
    assert ran.out.startswith("-1.295 may be batch-mean, but with the sign turned.")
    (number,) = json.loads(run("identify", "-1.295", *FIVE, "--format", "json").out)["numbers"]
    none, one, cut = [one["chance"] for one in number["chances"]]
    assert none == 0  # no standard rule gives a number below 0
    assert 0 < one < cut < 0.03
    (zero,) = json.loads(run("identify", "0", *FIVE, "--format", "json").out)["numbers"]
    assert [one["chance"] for one in zero["chances"]] == [None] * 3


def test_lists_keep_their_digits():
    ran = run("identify", "--loss-values", "tensor([0.1128, 1.2194], dtype=torch.float32)", *FORUM, "--format", "json")
    (found,) = json.loads(ran.out)["lists"]
    assert found["matches"][0]["title"] == "w·ℓ of each sample"
    assert found["count"] == 2


def test_a_gradient_on_the_command_line():
    ran = run("identify", "--gradient-values", "0.1274 -0.1274; -0.5014 0.5014", *FORUM)
    assert ran.code == 0, ran.out
    assert ran.out.startswith("4 numbers of gradients: weighted-mean\n")


@pytest.mark.parametrize("width", ["20", "40", "80", "200"])
def test_nothing_is_cut_at_any_width(width):
    ran = run("identify", "1.7529", "0.6662", *FORUM, "--width", width, "--verbose")
    numbers = {"1.7529", "0.6662", "1.752907", "0.6661046"}
    assert numbers <= set(re.findall(r"[\d.]+\d", ran.out))
    assert "…" not in ran.out.replace("… ", "")


def test_ascii_and_a_format_that_another_command_has(monkeypatch):
    ran = run("identify", "1.7529", *FORUM, encoding="ascii")
    assert ran.out.isascii()
    assert "sum w[y]" in ran.out.lower()
    assert run("identify", "1.7529", *FORUM, WCE_FORMAT="csv").out == run("identify", "1.7529", *FORUM).out


def test_several_batches_are_each_answered(tmp_path):
    path = tmp_path / "two.json"
    one = {"logits": [[3, 4], [6, 9]], "labels": [1, 0], "weight": [0.4, 0.36]}
    path.write_text(json.dumps([one, {**one, "weight": [1, 1], "name": "[/x]"}]))
    ran = run("identify", "1.7529", str(path))
    assert ran.code == 1
    assert "[/x]" in ran.out
    assert len(json.loads(run("identify", "1.7529", str(path), "--format", "json").out)) == 2
    headings = {"html": r"<h3[^>]*>{}</h3>", "svg": r"<text[^>]*>{}</text>", "markdown": r"(?m)^#+ {}$"}
    for form, heading in headings.items():
        page = run("identify", "1.7529", "0.5", str(path), "--format", form).out
        assert len(re.findall(heading.format(r"\\?\[/x\\?\]"), page)) == 1, form


def test_no_framework_is_loaded():
    import subprocess
    import sys

    code = "import sys; from wce_cli.cli.app import main; main(sys.argv[1:]); sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, "identify", "1.7529", *FORUM], cwd=ROOT, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_a_number_of_one_digit_has_a_few_ties_without_their_reasons():
    ran = run("identify", "0.5", "-x", "0.1 0.9; 0 0.1", "-y", "0,1", "-w", "0.1,1", "--width", "200")
    tied = ran.out[ran.out.index("not to be told apart") : ran.out.index("chance of an accident")]
    assert " ".join(tied.split()) == (
        "not to be told apart on this batch from unweighted-mean (divided by N once more), "
        "element-mean (without class weights) and 4 more"
    )
    assert "implied denominator" not in ran.out  # those that fit are of another sum than the answer's


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", ">f4"])
@pytest.mark.parametrize("form", ["{}.npy", "@{}.npy", "{}.npz", "{}.npz:loss"])
def test_a_list_of_losses_may_be_an_array_file(dtype, form, tmp_path, monkeypatch):
    """It is held to what its dtype holds."""
    monkeypatch.chdir(tmp_path)
    losses = np.array([1.17110067, 0.64439666], dtype=dtype)
    np.save("losses.npy", losses)
    np.savez("losses.npz", loss=losses)
    ran = run("identify", "--loss-values", form.format("losses"), *TWO)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("2 numbers of losses: ℓ of each sample, not weighted\n")
    if dtype != "float16":
        assert run("check", *TWO, "--expect", f"loss={form.format('losses')}").code == 0


@pytest.mark.parametrize(
    ("number", "batch"),
    [
        ("inf", ("-x", "-inf 2; 0 1", "-y", "0,1", "-w", "1,3")),
        ("nan", ("-x", "1 2; 0 1", "-y", "-100,-100")),
        ("0", ("-x", "900 0; 0 900", "-y", "0,1")),
    ],
)
def test_where_no_chance_is_known_a_rule_is_one_of_those_that_may_be(number, batch):
    first, *others = run("identify", number, *batch).out.splitlines()
    assert first.startswith(f"{number} may be weighted-mean")
    assert f"how likely an accident is cannot be told of {number}" in others


def test_of_two_numbers_a_bare_ratio_is_not_told():
    one = ("--log-probs", "-1.24 -0.3414", "-y", "0")
    assert "0.992" not in run("identify", "1.25", "1.24", *one).out
    assert "1.24 / 1.25 = 0.992" in run("identify", "1.25", "1.24", *one, "--verbose").out
    assert "\n\n0.380753 / 0.692279 = 0.549999: " in run("identify", "0.692279", "0.380753", *TWO).out
    assert "N²" not in run("identify", "1.24", *one).out  # of one sample N² is N


def test_a_page_of_several_numbers_says_what_each_is_once():
    page = unescape(re.sub("</?span[^>]*>", "", run("identify", "0.692279", "0.380753", *TWO, "-f", "html").out))
    page = page.replace("\u00a0", " ")
    for said in ("0.692279 is weighted-mean: ", "0.380753 is batch-mean: ", "the sum is the same, the denominators"):
        assert page.count(said) == 1
        assert page.index(said) < page.index('<div class="wce-figure"')
