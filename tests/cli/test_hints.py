"""Words of frameworks, trainers and other tools in the place of an option: the hint is right, or there is none."""

from __future__ import annotations

import re

import pytest

from tests.run import hint, run
from wce_cli.cli.app import COMMANDS
from wce_cli.cli.hints import COMMAND_HINTS, OF_A_COMMAND, OPTIONS
from wce_cli.errors import near

NONE = "--help lists the options\n"
BATCH = ("-x", "0.1 0.9; 0 0.1", "-y", "0,1")


def said(word: str, command: str = "explain") -> str:
    """The hint for an option of `wce explain`, empty for none."""
    ran = run(command, *BATCH, *(("0.69",) if command == "identify" else ()), word, "1")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: no such option: {word if word[:2] == '--' else word[:2]}\n"), ran.err
    return "" if ran.err.endswith(f"hint: wce {command} {NONE}") else ran.err.partition("hint: ")[2].strip()


TOLD = {
    # torch.nn.functional.cross_entropy, nll_loss, binary_cross_entropy_with_logits, gaussian_nll_loss, CTCLoss
    "--inputs": "say which scores they are: --logits before the softmax",
    "--reduction": "mean is --method weighted-mean (of probability labels batch-mean), sum is --method sum, none is "
    "--only terms",
    "--size-average": "size_average=False is --method sum",
    "--size_average": "size_average=False is --method sum",
    "--reduce": "reduce=False is --only terms",
    "--pos-weight": "pos_weight P is then the weight 1,P",
    "--pos_weight": "sigmoid losses are not there yet",
    "--eps": "--label-smoothing",
    "--epsilon": "--label-smoothing",
    "--dim": "--class-axis is the axis of the scores that has the classes",
    # focal losses, torchvision's and Keras'
    "--gamma": "focal losses are not there yet",
    "--alpha": "one weight a class is --weight",
    # Keras
    "--y-pred": "--logits before the softmax, --probs after it",
    "--y_pred": "--logits before the softmax, --probs after it",
    "--from-logits": "--logits are scores before the softmax, --probs probabilities",
    "--from_logits": "--logits are scores before the softmax, --probs probabilities",
    "--axis": "--class-axis is the axis of the scores that has the classes",
    "--shift-labels": "labels that are ahead already are --labels; --shift is for those that are not",
    "--batch-size": "wce split --size SIZE",
    "--batch_size": "wce split --size SIZE",
    "--verbose": "--findings all --rows all",
    "--mask": "--sample-weight",
    "--num-classes": "one column a class",
    # scikit-learn
    "--normalize": "normalize=False is --method sum",
    "--y-score": "--logits before the softmax",
    "--random-state": "wce split --shuffle SEED",
    "--weights": "--weight is one number a class, --sample-weight one a sample",
    "--preds": "--logits before the softmax",
    "--predictions": "--probs after it",
    "--average": "--method weighted-mean, or batch-mean",
    # Hugging Face, Lightning, DeepSpeed, torchrun, accelerate
    "--per_device_train_batch_size": "wce split --size SIZE",
    "--bs": "--size SIZE",
    "--micro-batch": "--size SIZE",
    "--grad-accum": "for K steps SIZE is N / K",
    "--accumulate": "for K steps SIZE is N / K",
    "--nproc": "--ranks R",
    "--gradient-accumulation-steps": "for K steps SIZE is N / K",
    "--accumulate_grad_batches": "for K steps SIZE is N / K",
    "--gpus": "wce split --ranks R",
    "--num-gpus": "--ranks R",
    "--world-size": "--ranks R",
    "--nproc_per_node": "--ranks R",
    "--num_processes": "--ranks R",
    "--seed": "wce split --shuffle SEED",
    "--attention-mask": "--sample-weight",
    "--pad-token-id": "--ignore-index",
    "--padding-idx": "--ignore-index",
    "--num-labels": "one column a class",
    "--id2label": "--classes",
    # command lines
    "--json": "--format json, or --save FILE.json",
    "--csv": "--format csv, or --save FILE.csv",
    "--md": "--format markdown, or --save FILE.md",
    "--html": "--format html",
    "--balanced": "--weight balanced",
    "--file": "a file is named without an option: wce explain FILE",
    "--out": "--output FILE",
    "--no-color": "--color never",
    "--quiet": "--only value",
    "-v": "--findings all --rows all",
    "-q": "--only value",
    "-n": "--rows N",
    "--jax": "--engine jax",
    "--onnx": "--engine onnx",
    "--torch": "--engine torch",
    "--sklearn": "--engine sklearn",
    "--framework": "--engine NAME",
    "--batch-mean": "--method batch-mean",
    "--mean": "--method weighted-mean",
    "--loss": "wce identify 0.6923 FILE",
    "--digits": "--precision N",
    "-labels": "two dashes: --labels",
    "--x": "one dash: -x",
    "--w": "one dash: -w",
    "--f": "one dash: -f",
    # slips of the keyboard
    "--lables": "did you mean --labels?",
    "--logist": "did you mean --logits?",
    "--wieght": "did you mean --weight?",
    "--ingore-index": "did you mean --ignore-index?",
    "--prec": "did you mean --precision?",
    "--sample-wieght": "did you mean --sample-weight?",
    "--labelsmoothing": "did you mean --label-smoothing?",
}
UNKNOWN = [
    *("--lr", "--learning-rate", "--epochs", "--num-epochs", "--model", "--model-name-or-path"),
    *("--output-dir", "--device", "--dtype", "--fp16", "--bf16", "--amp"),
    *("--optimizer", "--callbacks", "--validation-split", "--metrics", "--threshold", "--temperature"),
    *("--zero-division", "--num-workers", "--workers", "--pin-memory", "--compile", "--local-rank"),
    *("--hidden-size", "--vocab-size", "--max-length", "--label-names", "--label-name", "--task-type"),
    *("--beta", "--delta", "--margin", "--p", "--k", "--n-jobs"),
    *("--penalty", "--solver", "--tol2", "--cpu", "--cuda", "--tokenizer"),
    *("--dataset", "--warmup", "--norm", "--log-base", "--full", "--log-input"),
    *("--port", "--host", "--train", "--eval", "--test", "--config"),
    "--strict",
]


@pytest.mark.parametrize("word", TOLD)
def test_a_word_that_means_something_here_is_told_what(word):
    assert TOLD[word] in said(word)


@pytest.mark.parametrize("word", UNKNOWN)
def test_a_word_that_means_nothing_here_is_not_taken_for_another(word):
    assert said(word) == ""


def test_every_option_in_a_hint_is_one():
    """Whatever a hint proposes exists in the command that it names, or in the one in use."""
    known = {name: set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", run(name, "--help").out)) for name in COMMANDS}
    for words, text in OPTIONS:
        shown = text.format(word=words.split()[0], command="explain", explain="", split="wce split ")
        assert set(re.findall(r"(?<![\w-])--[a-z-]+", shown)) <= known["explain"] | known["check"] | known["split"], (
            shown
        )
    for _, needed, text in OF_A_COMMAND:
        assert any(f"--{needed}" in options for options in known.values())
        named = set(re.findall(r"(?<![\w-])--[a-z-]+", text))
        assert all(named <= options for options in known.values() if f"--{needed}" in options and needed != "rows") or (
            needed in ("findings", "only") and named <= known["explain"]
        )


@pytest.mark.parametrize(
    ("command", "word", "told"),
    [
        ("identify", "--ranks", "wce split has --ranks"),
        ("explain", "--expect", "wce check and wce audit have --expect"),
        ("explain", "--class", "wce sweep has --class"),
        ("sweep", "--engine", "wce explain and wce check have --engine"),
        ("identify", "--gpus", "wce split --ranks R"),
        ("split", "--gpus", "--ranks R"),
        ("explain", "--split", "wce split --size SIZE"),
        ("explain", "--ranks", "wce split has --ranks"),
        ("explain", "--shuffle", "wce split has --shuffle"),
        ("explain", "--gradient", "wce gradient FILE"),
        ("explain", "--json-out", "--save FILE.json"),
        ("check", "--junit-out", "--save FILE.xml"),
        ("identify", "--csv-out", ""),
        ("identify", "--reduction", "mean is wce explain --method weighted-mean"),
        ("sweep", "--steps", "--points N"),
        ("sweep", "--step", "--from X --to Y --points N"),
        ("sweep", "--range", "--from X --to Y --points N"),
        ("sweep", "--top", "wce explain has --top"),
        ("check", "--atol", "--tolerance T"),
        ("check", "--csv", ""),
        ("check", "--junit", "--format junit, or --save FILE.xml"),
        ("check", "--balanced", "--weight balanced computes the weights"),
        ("check", "--expected", "--expect METHOD=NUMBER"),
        ("explain", "--tol", ""),
    ],
)
def test_a_hint_knows_the_command_in_use(command, word, told):
    assert said(word, command) == told if not told else told in said(word, command)


@pytest.mark.parametrize("word", ["--out", "--save", "--export"])
def test_the_option_of_a_hint_is_one_of_the_command_in_use(word):
    assert run("schema", "batch", word, "x.json").err.endswith("\nhint: --output FILE is where the answer goes\n")
    assert "--output" not in run("methods", word, "x.json").err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("help",), "wce --help lists the commands, wce explain --help the options of one"),
        (("grad", *BATCH), "wce gradient FILE"),
        (("accumulate", "batch.json"), "wce split FILE --size SIZE"),
        (("ddp",), "wce split FILE --ranks R"),
        (("0.69", "0.38"), "wce identify 0.69 0.38 FILE names the rule of a number"),
        (("-0.69", *BATCH), "wce identify -0.69 -x '0.1 0.9; 0 0.1' -y 0,1 names the rule of a number"),
        (("0.69", "my batch.json"), "wce identify 0.69 'my batch.json' names the rule of a number"),
        (("check", *BATCH, "--expect", "0.69"), "--expect weighted-mean=0.69"),
        (("check", *BATCH, "--expect", "batch-mean"), "--expect batch-mean=NUMBER"),
        (("check", *BATCH, "--expect", "sum: 1.2"), "--expect sum=1.2"),
        (("check", *BATCH, "--expect", "kept-mean/sample", "0.69"), "--expect kept-mean/sample=NUMBER"),
        (("explain", *BATCH, "--ignore-index", "none"), "leave it out"),
        (("explain", "-x", "cat,dog", "-y", "0.1 0.9; 0 0.1"), "names are --labels"),
        (("explain", "-x", "x.nyp", "-y", "0"), "there is no file x.nyp"),
        (("explain", "https://x.org/b.json"), "files alone are read: curl -s https://x.org/b.json | wce explain -"),
        (("audit", "m:f", "--gamma", "2"), """an argument of the function is --kwargs '{"gamma": …}'"""),
        (("audit", "m:f", "--weight", "1,2"), """an argument of the function is --kwargs '{"weight": …}'"""),
        (("audit", "m:f", "--ignore-index", "0"), """an argument of the function is --kwargs '{"ignore_index": …}'"""),
        (("audit", "m:f", "--reduction", "sum"), """an argument of the function is --kwargs '{"reduction": …}'"""),
        (("help", "explain"), "wce explain --help"),
        (("version",), "wce --version"),
        (("--verison",), "did you mean --version?"),
        (("-v",), "wce --version"),
        (("--v",), "wce --version"),
        (("expalin",), "did you mean 'explain'?"),
        (("chek",), "did you mean 'check'?"),
        (("swep",), "did you mean 'sweep'?"),
        (("explian",), "did you mean 'explain'?"),
        (("indentify",), "did you mean 'identify'?"),
        (("idenfity",), "did you mean 'identify'?"),
        (("indentfy",), "did you mean 'identify'?"),
        (("audti",), "did you mean 'audit'?"),
        (("weighted-mean",), "wce methods weighted-mean"),
        (("PyTorch",), "wce methods pytorch"),
        (("losses.py:f",), "name a command first: wce audit losses.py:f"),
        (("explain", "-1.5", "b.json"), "wce identify -1.5 FILE names the rule of a number"),
        (("explain", *BATCH, "--nothing"), "wce explain --help lists the options"),
        (("train",), "wce --help lists the commands, wce COMMAND --help the options of one"),
        (("compare",), "wce --help lists the commands, wce COMMAND --help the options of one"),
        (("test",), "wce --help lists the commands, wce COMMAND --help the options of one"),
        (("evaluate",), "wce --help lists the commands, wce COMMAND --help the options of one"),
        (("explain", "help"), "--help lists the options"),
        (("explain", "split", "batch.json"), "one question a run: wce split …"),
        (("split", "gradient", "--size", "1"), "one question a run: wce gradient …"),
        (("explain", "-x", "0,1", "-y", "0.1 0.9; 0 0.1"), "each looks like the other: swap --logits and --labels"),
        (
            ("explain", "-x", "0 1 1", "-y", "[[1,2],[3,4],[5,6]]"),
            "each looks like the other: swap --logits and --labels",
        ),
        (("explain", *BATCH, "-w", "1"), "1,1 weighs every class alike, and changes no weighted-mean"),
        (("explain", *BATCH, "-w", "2.5"), "2.5,2.5 weighs every class alike, and changes no weighted-mean"),
        (
            ("methods", "mean"),
            "PyTorch's mean is weighted-mean, and batch-mean for probability labels; wce methods lists",
        ),
        *(
            ((*line, name), f"{title} is a framework: wce methods {engine} lists what its calls return")
            for name, engine, title in (
                ("torch", "torch", "PyTorch"),
                ("pytorch", "torch", "PyTorch"),
                ("Keras", "keras", "Keras"),
                ("sklearn", "scikit-learn", "scikit-learn"),
                ("tf", "tensorflow", "TensorFlow"),
            )
            for line in (("explain", *BATCH, "--method"), ("audit", "m:f", "--expect"))
        ),
        (("check", *BATCH, "--expect", "keras=0.69"), "Keras is a framework: wce methods keras lists"),
        (("audit", "m:f", "--expect", "mean"), "PyTorch's mean is weighted-mean"),
        (("methods", "sum_over_batch_size"), "Keras' sum_over_batch_size is batch-mean/sample"),
        (("audit", "torch.nn.CrossEntropyLoss"), "a colon stands before it: wce audit torch.nn:CrossEntropyLoss"),
        (("audit", "json.dumps"), "a colon stands before it: wce audit json:dumps"),
        (("audit", "torch.nn.functional.nll_loss"), "a colon stands before it: wce audit torch.nn.functional:nll_loss"),
        (("audit", "torch.nn.CrossEntropyLos"), "did you mean torch.nn:CrossEntropyLoss?"),
        (("audit", "CrossEntropyLoss"), "its whole name: wce audit torch.nn:CrossEntropyLoss"),
        (("audit", "crossentropyloss"), "its whole name: wce audit torch.nn:CrossEntropyLoss"),
        (("audit", "torch.CrossEntropyLoss"), "its whole name: wce audit torch.nn:CrossEntropyLoss"),
        (("audit", "cross_entropy"), "its whole name: wce audit torch.nn.functional:cross_entropy"),
        (("audit", "nll_loss"), "its whole name: wce audit torch.nn.functional:nll_loss"),
        (("audit", "F.nll_loss"), "its whole name: wce audit torch.nn.functional:nll_loss"),
        (("audit", "nn.NLLLoss(weight=w)"), "without the brackets: wce audit torch.nn:NLLLoss, with what stands in"),
        (("audit", "nothing_there"), "wce audit path/to/losses.py:weighted_loss, or wce audit package.losses:weighted"),
        (("audit", "losses.py", "f"), "a colon stands between them: wce audit losses.py:f"),
        (("methods", "weighted", "mean"), "wce methods weighted-mean"),
        (("methods", "sum", "batch-mean"), "one at a time: wce methods sum"),
        (("findings", "one-class", "nan-loss"), "one at a time: wce findings one-class"),
        (("schema", "batch", "report"), "one at a time: wce schema batch"),
    ],
)
def test_a_line_that_another_command_answers_is_told_which(arguments, told):
    assert told in hint(*arguments)


def test_scores_that_are_no_labels_are_not_said_to_be_swapped():
    assert "swap" not in run("explain", "-x", "0.5,1.5", "-y", "0.1 0.9; 0 0.1").err


def test_no_two_hints_are_for_one_word():
    for table in (OPTIONS, COMMAND_HINTS):
        words = [word for row in table for word in row[0].split()]
        assert len(set(words)) == len(words)


def test_near_is_what_a_finger_does():
    known = ["labels", "label-base", "to", "top", "sort", "cat", "dog"]
    assert near("lables", known) == near("labels", known) == near("labls", known) == ["labels"]
    assert near("dgo", known) == near("dogs", known) == ["dog"]
    assert near("JSON", ["json"]) == near("js_on", ["js-on", "json"])[1:] or near("JSON", ["json"]) == ["json"]
    assert near("chek", ["check"]) == ["check"]
    for word in ("port", "name", "tip", "label-name", "bat", "", "t"):
        assert near(word, known) == []


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("losses.py.f", "a colon stands before it: wce audit losses.py:f"),
        ("losses.py::f", "a colon stands before it: wce audit losses.py:f"),
        ("losses.py#f", "a colon stands before it: wce audit losses.py:f"),
        ("losses.py:Loss.forward", "name the class: wce audit losses.py:Loss"),
        ("losses", "wce audit losses:f"),
        ("losses.f", "a colon stands before it: wce audit losses:f"),
        ("sub/losses:f", "a file is named with its end: wce audit sub/losses.py:f"),
        ("losses.py:fff", "known: f, Loss"),
    ],
)
def test_a_function_of_a_file_is_told_how_it_is_named(target, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (
        "import torch\ndef f(logits, labels, weight=None):\n"
        "    return torch.nn.functional.cross_entropy(logits, labels, weight)\n"
        "class Loss(torch.nn.Module):\n    def forward(self, logits, labels):\n        return f(logits, labels)\n"
    )
    for folder in (tmp_path, tmp_path / "sub"):
        folder.mkdir(exist_ok=True)
        (folder / "losses.py").write_text(text, "utf-8")
    assert hint("audit", target) == told
    line = told.partition("wce ")[2].split()
    assert not line or run(*line).code == 0


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("batch-1.jsn", "did you mean batch-1.json?"),
        ("Batch-1.json", "did you mean batch-1.json?"),
        ("sub/bacth-1.json", "did you mean sub/batch-1.json?"),
        ("batch-1", "did you mean batch-1.json?"),
        ("scores.nyp", "did you mean scores.npy?"),
        ("batch-2.json", ""),
        ("batch.json", ""),
        ("no/batch-1.json", ""),
        ("losses.py:f", "wce audit losses.py:f says what it computes"),
    ],
)
def test_a_file_that_is_not_there_is_told_which_was_meant(word, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    for name in ("batch-1.json", "sub/batch-1.json", "scores.npy", "losses.py"):
        (tmp_path / name).write_text("", "utf-8")
    for command in (("explain",), ("identify", "0.69"), ("check", "--expect", "sum=1")):
        ran = run(*command, word)
        assert f"error: {word} does not exist\n" in ran.err
        assert ran.err.partition("hint: ")[2].strip() == told
    assert "wce audit losses.py says what a function in it computes" not in run("explain", "losses.py").err
    (tmp_path / "losses.py").write_text("def f(logits, labels): return 1", "utf-8")
    assert hint("explain", "losses.py") == "wce audit losses.py says what a function in it computes"


@pytest.mark.parametrize("key", ["output", "outputs", "score", "scores", "inputs", "y_pred", "model_output"])
def test_a_key_of_scores_that_does_not_say_which_is_asked(key):
    ran = run("explain", stdin=f'{{"{key}": [[0.1, 0.9]], "labels": [0]}}'.encode())
    assert f'error: "{key}" is no key of a batch\n' in ran.err
    assert 'hint: say which scores they are: "logits" before the softmax, "probs" after it' in ran.err
