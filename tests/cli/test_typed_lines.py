"""Command lines that people really type, and what each must be told: of explain, of methods, and of slips."""

from __future__ import annotations

import json
import re

import pytest

from tests.run import Ran, run

QUIET = ("--engine", "none")
PET = ("--logits", "2 1 0; 0 1 2; 1 1 1", "--labels", "cat,eel,dog", "--weight", '{"cat":1,"dog":2,"eel":0.5}')


def explained(*arguments: str) -> Ran:
    ran = run("explain", *arguments, *QUIET)
    assert ran.code == 0, ran.err
    return ran


def methods_of(text: str) -> dict[str, str]:
    """The losses of the printed methods, by name."""
    block = text.split("\n\nmethod ")[1].split("\n\n")[0].splitlines()[1:]
    return {line.split()[0]: line.split()[-1] for line in block}


def flat(text: str) -> str:
    return " ".join(text.split())


def test_wce_alone_is_a_short_help():
    ran = run()
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("  wce ") == 3
    assert "--label-smoothing" not in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--logits", "[[0.1,0.9],[0,0.1]]", "--labels", "[0,1]", "--weight", "[0.1,1]"),
        ("-x", "0.1 0.9; 0 0.1", "-y", "0,1", "-w", "0.1,1"),
    ],
)
def test_the_question_in_json_and_in_the_form_that_no_shell_minds(arguments):
    ran = explained(*arguments)
    assert methods_of(ran.out) == {
        "weighted-mean": "0.692279",
        "batch-mean": "0.380753",
        "sum": "0.761507",
        "unweighted-mean": "0.907749",
    }
    assert "The first is 2 / 1.1 = 1.81818 times the second." in flat(ran.out)
    assert ran.err == ""


def test_one_sample_without_a_batch_is_told_that_its_weight_cancels():
    ran = explained("--logits", "0.1,0.9", "--labels", "0", "--weight", "0.1,1")
    assert methods_of(ran.out)["weighted-mean"] == "1.1711"
    assert "caution weight-cancels: the only kept sample weighs 0.1" in ran.out
    assert "batch-mean sees it: 0.11711" in flat(ran.out)


def test_one_row_and_two_labels_are_asked_what_was_meant():
    ran = run("explain", "--logits", "0.1,0.9", "--labels", "0,1")
    assert ran.code == 2
    assert "error: logits is 1 sample (2 classes), but labels are 2 integers" in ran.err
    assert "hint: rows of scores are split by ';'" in ran.err


def test_a_tensor_is_read_with_what_its_print_leaves_open():
    ran = explained("--logits", "tensor([[0.1000, 0.9000]])", "--labels", "tensor([0])")
    assert methods_of(ran.out)["weighted-mean"] == "1.1711"
    assert ran.err == (
        "note: --logits: read 1 sample × 2 classes from a tensor repr rounded to 4 decimals\n"
        "note: --labels: read 1 label from a tensor repr\n"
        "note: rounded as they are, the inputs leave every method open by up to 7e-05\n"
    )


def test_a_tensor_that_was_printed_in_part_is_refused():
    ran = run("explain", "--logits", "tensor([[ 0.1, ..., 0.9]])", "--labels", "0")
    assert ran.code == 2
    assert ran.err.startswith("error: --logits has '...': the print left values out\nhint: ")
    assert "torch.set_printoptions(profile='full')" in ran.err
    assert "x.tolist()" in ran.err


def test_a_paste_over_two_lines_says_what_it_left_aside():
    pasted = "tensor([[0.1000, 0.9000],\n        [0.0000, 0.1000]], device='cuda:0', grad_fn=<AddmmBackward0>)"
    ran = explained("--logits", pasted, "--labels", "0,1", "--weight", "0.1,1")
    assert methods_of(ran.out)["weighted-mean"] == "0.692279"
    assert "2 samples × 2 classes from a tensor repr rounded to 4 decimals; ignored device, grad_fn\n" in ran.err
    assert "weighted-mean by 5e-05, batch-mean by 2.8e-05, sum by 5.5e-05, unweighted-mean by 5.9e-05" in ran.err


def test_names_are_mapped_by_classes():
    ran = explained(*PET, "--classes", "cat,dog,eel")
    assert methods_of(ran.out)["weighted-mean"] == "0.802467"
    assert methods_of(ran.out)["batch-mean"] == "0.936211"
    for name in ("cat", "eel", "dog"):
        assert re.search(rf"^\d  {name} ", ran.out, re.MULTILINE)


def test_names_without_classes_take_the_order_of_the_weight_and_say_so():
    ran = explained(*PET)
    assert methods_of(ran.out)["weighted-mean"] == "0.802467"
    assert "note: class order from the weight's names: cat, dog, eel\n" in ran.err
    ran = run("explain", *PET[:4], *QUIET)
    assert ran.code == 2
    assert 'error: labels[0] is "cat", expected a class index\n' in ran.err


def test_a_mapping_whose_quotes_powershell_ate_is_read_with_a_note():
    ran = explained("-x", "0.1 0.9; 0 0.1", "-y", "cat,dog", "--weight", "{cat:0.1,dog:1}")
    assert methods_of(ran.out)["weighted-mean"] == "0.692279"
    assert "note: --weight: read 2 class weights from a mapping without JSON's quotes\n" in ran.err
    ran = run("explain", "-x", "0.1 0.9; 0 0.1", "-y", "cat,dgo", "--weight", "{cat:0.1,dog:1}", *QUIET)
    assert ran.code == 2
    assert 'error: labels[1] is "dgo", and weight names "dog"\n' in ran.err
    assert "hint: did you mean 'dgo' in --weight, or 'dog' in --labels?\n" in ran.err


@pytest.mark.parametrize(
    ("labels", "names", "said", "hint"),
    [
        (
            "cat,dog,dog",
            ("-w", "{cat:1,dgo:2}"),
            'labels[1] is "dog", and weight names "dgo" (and 1 more)',
            "'dog' in --weight, or 'dgo' in --labels",
        ),
        (
            "stop,yield,yield",
            ("-w", '{"stop": 1, "yeild": 2}'),
            'labels[1] is "yield", and weight names "yeild" (and 1 more)',
            "'yield' in --weight, or 'yeild' in --labels",
        ),
        (
            "Cat,dog,dog",
            ("-w", "{cat: 1, dog: 2}"),
            'labels[0] is "Cat", and weight names "cat"',
            "'Cat' in --weight, or 'cat' in --labels",
        ),
        (
            "tench,goldfish,tench",
            ("--classes", "tench,goldfihs"),
            'labels[1] is "goldfish", and classes name "goldfihs"',
            "'goldfish' in --classes, or 'goldfihs' in --labels",
        ),
        ("cat,dog,dgo", ("-w", "{cat:1,dog:2}"), 'labels[2] is "dgo", which is no class', "'dog'"),
        ("tench,goldfish,tnech", ("--classes", "tench,goldfish"), 'labels[2] is "tnech", which is no class', "'tench'"),
    ],
)
def test_of_two_spellings_either_may_be_the_slip_unless_both_are_labels(labels, names, said, hint):
    ran = run("explain", "-x", "2 1; 0 1; 1 1", "-y", labels, *names)
    assert (ran.code, ran.err.splitlines()[0]) == (2, f"error: {said}")
    assert ran.err.endswith(f"hint: did you mean {hint}?\n")


def test_one_hot_integers_are_rows_and_torch_then_divides_by_n():
    ran = explained("-x", "0.1 0.9; 0 0.1", "--labels", "[[1,0],[0,1]]", "--weight", "0.1,1")
    assert methods_of(ran.out)["batch-mean"] == "0.380753"
    said = flat(ran.out).split("caution one-hot-labels: ")[1]
    assert "0.380753" in said
    assert "0.692279" in said


def test_labels_from_1_are_refused_with_the_way_out():
    batch = ("-x", "0.1 0.9; 0 0.1", "--labels", "1,2", "-w", "0.1,1")
    ran = run("explain", *batch, *QUIET)
    assert ran.code == 2
    assert "labels[1] is 2, but logits has 2 classes (0..1)" in ran.err
    assert "hint: labels look 1-based: subtract 1, or --label-base 1\n" in ran.err
    assert methods_of(explained(*batch, "--label-base", "1").out)["weighted-mean"] == "0.692279"


def test_an_ignored_sample_is_counted_by_n_alone():
    ran = explained("-x", "0.1 0.9; 0 0.1", "--labels", "0,-100", "-w", "0.1,1")
    assert re.search(r"weighted-mean +0.11711 +0.1 ", ran.out)
    assert re.search(r"batch-mean +0.11711 +2 ", ran.out)
    assert "1 of 2 samples is ignored" in flat(ran.out)
    ran = run("explain", "-x", "0.1 0.9; 0 0.1", "--labels", "0,-1", *QUIET)
    assert 'hint: use --ignore-index -1 if this label means "skip"\n' in ran.err


def test_a_weight_of_another_length_is_refused():
    ran = run("explain", "-x", "0.1 0.9; 0 0.1; 1 1", "-y", "0,1,1", "--weight", "0.1,1,1", *QUIET)
    assert ran.code == 2
    assert "error: 3 weights for 2 classes\n" in ran.err
    assert "hint: 3 numbers look like one weight a sample: --sample-weight\n" in ran.err


def test_nan_is_explained_and_a_negative_weight_computed():
    ran = explained("-x", "0.1 0.9", "--weight", "0,1", "--labels", "0")
    assert "0/0 = nan" in ran.out
    ran = explained("-x", "0.1 0.9; 0 0.1", "-y", "0,1", "--weight", "-0.1,1")
    assert methods_of(ran.out)["weighted-mean"] == "0.585874"  # (0.6443967 - 0.1171101) / 0.9


def test_rows_that_sum_to_1_are_settled_by_probs():
    batch = ("0.7,0.3; 0.2,0.8", "--labels", "0,1")
    ran = explained("--logits", *batch)
    assert methods_of(ran.out)["weighted-mean"] == "0.475252"
    said = flat(ran.out).split("caution probabilities-as-logits: ")[1]
    assert "0.475252, and 0.289909 with the same rows read as probabilities (--probs)" in said
    assert methods_of(explained("--probs", *batch).out)["weighted-mean"] == "0.289909"


def test_a_misspelt_key_is_named_and_every_shape_error_is_told():
    document = b'{"logits": [[0.1, 0.9], [0]], "labels": [0, 1], "wieght": [1, 2], "sample_weight": [true, 1]}'
    ran = run("explain", stdin=document)
    assert ran.code == 2
    assert '"wieght" is no key of a batch' in ran.err
    assert "hint: did you mean 'weight'?" in ran.err
    assert "logits[1] has 1 value, but logits[0] has 2" in ran.err
    assert "sample_weight[0] is true, expected a number" in ran.err


def test_a_value_is_taken_from_a_file_with_or_without_an_at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w.json").write_text('{"train": {"weight": [0.1, 1]}}', "utf-8")
    for spelled in ("@w.json:train.weight", "w.json:train.weight"):
        ran = explained("-x", "0.1 0.9; 0 0.1", "-y", "0,1", "--weight", spelled)
        assert methods_of(ran.out)["weighted-mean"] == "0.692279"
        assert ran.err == "note: --weight: read 2 class weights from w.json $.train.weight\n"


def test_a_value_with_spaces_that_was_not_quoted():
    ran = run("explain", "--logits", "[[0.1,", "0.9],", "[0,", "0.1]]", "--labels", "0")
    assert ran.code == 2
    assert "hint: quote a value that holds spaces or brackets: --logits '0.1 0.9; 0 0.1'\n" in ran.err


def test_a_decimal_comma_is_asked_about():
    ran = run("explain", "--logits", "0,1 0,9", "--labels", "0")
    assert ran.code == 2
    assert "decimal commas, or two lists?" in ran.err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("expalin",), "hint: did you mean 'explain'?\n"),
        (("explain", "--logit", "1"), "hint: did you mean --logits?\n"),
        (("methods", "wieghted-mean"), "hint: did you mean 'weighted-mean'?\n"),
        (("findings", "weight-cancel"), "hint: did you mean 'weight-cancels'?\n"),
    ],
)
def test_a_misspelt_word_is_answered_with_the_nearest(arguments, hint):
    ran = run(*arguments)
    assert ran.code == 2
    assert hint in ran.err


def last_note(*arguments):
    return explained(*arguments).err.splitlines()[-1]


def test_what_the_digits_leave_open_is_said_of_every_rounded_input():
    rounded = "note: rounded as they are, the inputs leave "
    two = ("--logits", "0.1 0.9; 0 0.1", "--labels", "0,1")
    told = last_note(*two, "--sample-weight", "tensor([1.0000, 2.0000])")
    assert told.startswith(f"{rounded}open: weighted-mean by ")
    assert told.endswith("unweighted-mean by 0")
    told = last_note("--logits", "0.1 0.9; 0 0.1", "--labels", "tensor([[0.1000, 0.9000], [0.5000, 0.5000]])")
    assert told.startswith(f"{rounded}open: batch-mean by ")
    assert "weighted-mean by" not in told.replace("unweighted-mean by", "")
    told = last_note(*two, "--weight", "{0: tensor(0.1000), 1: 1}")
    assert told.startswith(f"{rounded}open: weighted-mean by ")
    assert last_note(*two, "--weight", "tensor([0.1000, -0.1000])").startswith(
        f"{rounded}open: weighted-mean without bound, batch-mean by "
    )
    zero = ("--probs", "tensor([[1.0000, 0.0000]])", "--labels", "1")
    assert last_note(*zero) == f"{rounded}every method without bound"
    report = json.loads(run("explain", *zero, "--engine", "none", "--format", "json").out)
    assert {row["rounding"] for row in report["methods"]} == {"Infinity"}


def test_the_echo_counts_rows_that_are_tensors_and_says_what_scientific_digits_were_rounded_to():
    rows = explained("--logits", "[tensor([0.1000, 0.9000]), tensor([0.3000, 0.7000])]", "--labels", "0,1").err
    assert "--logits: read 2 samples × 2 classes from a tensor repr rounded to 4 decimals\n" in rows
    tiny = explained("--probs", "tensor([[9.9990e-01, 1.0000e-04]])", "--labels", "1").err
    assert "from a tensor repr rounded to 5 significant digits\n" in tiny
    assert tiny.endswith("the inputs leave every method open by up to 5.1e-05\n")


def test_what_leaves_nothing_open_is_not_spoken_of():
    for logits in (
        "[[0.1 0.9]\n [0.5 0.5]]",
        "[[1. 0.]\n [0. 1.]]",
        "tensor([[1., 0.], [0., 1.]])",
        "[[0.1, 0.9], [0, 1]]",
    ):
        assert "leave" not in explained("--logits", logits, "--labels", "0,1").err
    assert "leave" not in explained("--logits", "tensor([[0.1000], [0.2000]])", "--labels", "0,0").err


TWO = ("-x", "0.1 0.9; 0 0.1", "-y", "0,1")


@pytest.mark.parametrize(
    "arguments",
    [
        ("\N{EN DASH}x", "0.1 0.9; 0 0.1", "\N{EN DASH}y", "0,1"),
        ("\N{EM DASH}logits", "0.1 0.9; 0 0.1", "\N{EN DASH}\N{EN DASH}labels", "0,1"),
        ("--input", "0.1 0.9; 0 0.1", "--target", "0,1", "--label_smoothing", "0"),
        ("--y_logits=0.1 0.9; 0 0.1", "--y_true=0,1", "--ignore_index=-100"),
        (*TWO, "-f", "md", "-f", "text"),
        ("{logits:[[0.1,0.9],[0,0.1]],labels:[0,1]}",),
        ('{\\"logits\\": [[0.1,0.9],[0,0.1]], \\"labels\\": [0,1]}',),
        ("logits=0.1 0.9; 0 0.1\nlabels=0,1",),
    ],
)
def test_what_has_one_meaning_is_understood(arguments):
    assert methods_of(explained(*arguments).out)["weighted-mean"] == "0.907749"


def test_a_minus_of_a_word_processor_is_a_minus_before_a_number():
    assert methods_of(explained("-x", "\N{MINUS SIGN}1.0 2", "-y", "0").out)["sum"] == "3.04859"
    assert run("explain", "-x", "", "-y", "0").err == "error: --logits is empty\n"


@pytest.mark.parametrize("name", ["PyTorch", "pytorch", "TORCH"])
def test_an_engine_is_known_by_its_other_names(name):
    ran = run("explain", *TWO, "--engine", name, "--format", "json")
    assert {one["engine"] for one in json.loads(ran.out)["measurements"]} == {"PyTorch"}
    assert run("methods", name).code == 0


QUOTES = '--logits has "$X", expected numbers\nhint: in single quotes a shell leaves it as it is: use double ones\n'
PASTE = "expected numbers\nhint: paste the values themselves: what print(x.tolist()) shows\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("explain", "-x", "$X", "-y", "0"), QUOTES),
        (("explain", "-x", "$0.1 $0.9", "-y", "0"), '--logits has "$0.1", expected numbers\nhint: write 0.1\n'),
        (("explain", "-x:0.1 0.9; 0 0.1", "-y", "0,1"), "hint: leave the : out behind a short option: -x 1,2"),
        (("explain", "logits=0.1 0.9", "labels=0"), "hint: an option begins with dashes: --logits '0.1 0.9'\n"),
        (("explain", "target=0"), "hint: an option begins with dashes: --labels '0'\n"),
        (("explain", "-x", "model(x)", "-y", "0"), f"--logits has model(…), {PASTE}"),
        (("explain", "-x", "torch.randn(2, 2)", "-y", "0"), f"--logits has torch.randn(…), {PASTE}"),
        (("explain", *TWO[:3], "range(2)"), f"--labels has range(…), {PASTE}"),
        (("explain", *TWO[:3], "0    0\n1    1\ndtype: int64"), "--labels is a print of pandas, with its index\n"),
        (("explain", *TWO, "-w", "Balanced"), "hint: did you mean 'balanced'?\n"),
        (("explain", *TWO, "-w", "none"), "hint: leave it out, and every class weighs 1\n"),
        (("explain", "b.json:logits"), "hint: a part of a file is the value of an option: --logits b.json:logits\n"),
        (("explain", "b.json,b.json"), "hint: part files by spaces: b.json b.json\n"),
        (("check", "0.69", "b.json"), "hint: wce identify 0.69 b.json names the rule of a number\n"),
        (("identify", "38%", "b.json"), "error: 38% is not a number\nhint: write 0.38\n"),
        (("identify", "~0.38", "b.json"), "error: ~0.38 is not a number\nhint: write 0.38\n"),
        (("identify", "0.38\N{PLUS-MINUS SIGN}0.01", "b.json"), "hint: write 0.38 --tolerance 0.01\n"),
        (("audit", "nn.CrossEntropyLoss"), "error: there is no module nn\nhint: its whole name: wce audit torch.nn:Cr"),
        (("audit", "F:cross_entropy"), "hint: its whole name: wce audit torch.nn.functional:cross_entropy\n"),
        (("audit", "torch.nn:CrossEntropyLoss()"), "hint: without the brackets: wce audit torch.nn:CrossEntropyLoss\n"),
        (("audit", "b.json"), "error: b.json is no Python file\n"),
        (("wce", "explain", "b.json"), "hint: write wce once\n"),
    ],
)
def test_what_was_mistyped_is_told_what_to_type(arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.json").write_text('{"logits": [[0.1, 0.9], [0, 0.1]], "labels": [0, 1]}', "utf-8")
    ran = run(*arguments)
    assert ran.code == 2
    assert said in ran.err
