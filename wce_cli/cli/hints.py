"""What to type instead of an option or a command that there is not: words of frameworks, trainers and other tools.

A hint is right or absent: a word that is not here, not a field by another name, and no slip of the keyboard has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from wce_cli.cli.completion import placed
from wce_cli.errors import near
from wce_cli.field_hints import HINTS, hint_of
from wce_cli.fields import ALIASES, MEANT
from wce_cli.frameworks import ENGINES, OTHER_NAMES

_MEAN = "weighted-mean (of probability labels batch-mean)"
_SUM = "--method sum"
_NONE = "--only terms"

OPTIONS: tuple[tuple[str, str], ...] = (
    (
        "reduction",
        f"every reduction is shown: mean is {{explain}}--method {_MEAN}, sum is {_SUM}, none is {_NONE}",
    ),
    (
        "size-average reduce",
        f"every reduction is shown: size_average=True is {{explain}}--method {_MEAN}, size_average=False is {_SUM}, "
        f"reduce=False is {_NONE}",
    ),
    ("normalize", "scikit-learn's normalize=True is {explain}--method weighted-mean, normalize=False is --method sum"),
    ("mean average", "{explain}--method weighted-mean, or batch-mean: wce methods says who calls which the mean"),
    (" ".join(placed()), "{explain}--method {word} shows it alone"),
    (
        "gpus num-gpus n-gpus ngpus world-size nproc nproc-per-node num-processes num-devices",
        "{split}--ranks R deals the samples to R processes in turn",
    ),
    (
        "split batch-size bs per-device-train-batch-size train-batch-size micro-batch micro-batch-size minibatch "
        "minibatch-size",
        "{split}--size SIZE cuts the batch into parts of SIZE samples",
    ),
    (
        "accumulate accumulate-grad-batches accumulation-steps grad-accum grad-accum-steps gradient-accumulation "
        "gradient-accumulation-steps",
        "{split}--size SIZE cuts the batch into parts: for K steps SIZE is N / K",
    ),
    ("seed random-state random-seed", "{split}--shuffle SEED shuffles the samples before they are cut"),
    ("gradient gradients", "wce gradient FILE shows what each sample's gradient is multiplied by"),
    ("framework backend library", "{explain}--engine NAME measures a framework"),
    (" ".join((*ENGINES, *OTHER_NAMES)), "{explain}--engine {word} measures it"),
    (
        "loss value number expected-loss",
        "wce identify 0.6923 FILE names the rule of a number, wce check FILE --expect METHOD=0.6923 compares it",
    ),
    ("file filename path data input-file json-file batch", "a file is named without an option: wce {command} FILE"),
    (
        "outputs",
        "--output FILE is where the answer goes; scores are --logits before the softmax, --probs after it",
    ),
    ("no-color no-colour nocolor", "--color never"),
    ("digits decimals round ndigits", "--precision N, in significant digits"),
)
"""Words by what they are in `wce`. `{command}` is the command in use, `{word}` the word, and `{explain}` or `{split}`
stands before an option that `wce explain` or `wce split` has."""

OF_A_COMMAND: tuple[tuple[str, str, str], ...] = (
    ("tol atol abs-tol", "tolerance", "--tolerance T"),
    ("rtol rel-tol", "tolerance", "--tolerance T is absolute"),
    ("limit max-rows nrows n-rows head n", "rows", "--rows N"),
    ("verbose v", "findings", "--findings all --rows all show everything"),
    ("balanced", "weight", "--weight balanced computes the weights from the labels, by scikit-learn's rule"),
    ("quiet silent q", "only", "--only value --method METHOD prints a number alone"),
    ("expected expects assert", "expect", "--expect METHOD=NUMBER"),
    ("out save outfile out-file output-file export", "output", "--output FILE is where the answer goes"),
    ("start min", "from", "--from X"),
    ("stop end max", "to", "--to X"),
    ("steps num n-points", "points", "--points N"),
    ("range", "points", "--from X --to Y --points N"),
    ("step", "points", "--from X --to Y --points N, both ends among them, or --values LIST"),
)
"""The same, where the command has the option that stands between."""

COMMAND_HINTS: tuple[tuple[str, str], ...] = (
    ("help usage", "wce --help lists the commands, wce explain --help the options of one"),
    ("version -v --v v", "wce --version"),
    ("gradients grad", "wce gradient FILE shows what each sample's gradient is multiplied by"),
    ("microbatch accumulate", "wce split FILE --size SIZE cuts the batch into parts"),
    ("ranks ddp distributed", "wce split FILE --ranks R deals the samples to R processes in turn"),
    ("plot picture", "wce explain FILE --save picture.svg"),
    ("assert verify validate", "wce check FILE --expect METHOD=NUMBER"),
    ("rule which guess", "wce identify 0.6923 FILE names the rule of a number"),
    ("wce", "write wce once"),
    (" ".join((*placed(), *ENGINES, *OTHER_NAMES)), "wce methods {word}"),
    ("engines", "wce explain --engine all measures every framework that is installed"),
)


def of_option(option: str, command: str, options: Mapping[str, Sequence[str]]) -> str:
    """The hint for an option that a command does not have; `options` are those of every command, `--logits`. May be
    empty.
    """
    known = options[command]
    word = option.lstrip("-").replace("_", "-")
    names = [name.lstrip("-") for name in known if name.startswith("--")]
    if f"-{word}" in option and not option.startswith("--") and word in (*names, *map(_dashed, MEANT)):
        return f"two dashes: --{word}"
    if len(word) == 1 and f"-{word}" in known:
        return f"one dash: -{word}"
    formatted = _of_format(word, command)
    if formatted:
        return formatted
    if command == "audit" and (word.replace("-", "_") in {*ALIASES, *MEANT, *HINTS}):
        argument = f"--kwargs '{{\"{word.replace('-', '_')}\": …}}'"
        return f"wce audit makes batches of its own; an argument of the function is {argument}"
    for words, needed, hint in OF_A_COMMAND:
        if word in words.split() and needed in names:
            return hint
    for words, hint in OPTIONS:
        if word in words.split():
            before = {name: "" if command == name else f"wce {name} " for name in ("explain", "split")}
            return hint.format(word=word, command=command, **before)
    field = MEANT.get(word.replace("-", "_"), "")
    if field and _dashed(field) not in names:
        return ""
    if "logits" in names and (hint := hint_of(word.replace("-", "_"), lambda name: f"--{_dashed(name)}")):
        return hint
    others = [name for name, its in options.items() if f"--{word}" in its]
    if others:
        return f"{' and '.join(f'wce {name}' for name in others[:2])} {'has' if len(others) == 1 else 'have'} --{word}"
    close = near(word, names)
    return f"did you mean {' or '.join(f'--{one}' for one in close[:3])}?" if close else ""


def of_command(word: str, known: Iterable[str]) -> str:
    """The hint for a command that there is not. May be empty."""
    for words, hint in COMMAND_HINTS:
        if word.lower() in words.split():
            return hint.format(word=word.lower())
    close = near(word, known, letters=4)
    return f"did you mean {' or '.join(map(_shown, close[:3]))}?" if close else ""


def of_words(arguments: Sequence[str]) -> str:
    """The hint for a command that takes one name, and got several words. May be empty."""
    command, *words = [word for word in arguments if not word.startswith("-")]
    if command == "audit" and len(words) == len(arguments) - 1 == 2:  # losses.py f
        return f"a colon stands between them: wce audit {':'.join(words)}"
    if (joined := "-".join(words).lower()) in placed():
        return f"wce {command} {joined}"
    return f"one at a time: wce {command} {words[0]}" if words else ""


def _shown(name: str) -> str:
    return name if name.startswith("-") else repr(name)


def _dashed(name: str) -> str:
    return name.replace("_", "-")


def _of_format(word: str, command: str) -> str:
    """`--json`, `--json-out`: a format of the command, for stdout and for a file."""
    from wce_cli.formats import OTHER_NAMES, QUESTIONS, formats_of, suffixes

    bare = word.removesuffix("-out")
    name = OTHER_NAMES.get(bare, bare)
    if command not in QUESTIONS or name not in formats_of(command):
        return ""
    save = "".join(f"--save FILE{suffix} for a file beside the answer" for suffix in suffixes([name]))
    return ", or ".join(filter(None, (f"--format {name}" if bare == word else "", save)))
