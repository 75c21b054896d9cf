"""`main()`: the commands, and the one place where an error becomes an exit code.

0 yes, 1 the numbers disagree, 2 cannot answer, 3 a bug in wce, 130 interrupted.
"""

from __future__ import annotations

import errno
import os
import shlex
import sys
import traceback
from collections.abc import Iterable, Sequence
from importlib import import_module
from itertools import takewhile
from typing import Annotated, Any

import typer

from wce_cli.cli.delivery import deliver, say
from wce_cli.cli.groups import spread
from wce_cli.cli.headings import help_width
from wce_cli.cli.outcome import CANNOT_ANSWER, Outcome
from wce_cli.cli.ranks import RankError, this_rank
from wce_cli.cli.spellings import Command
from wce_cli.cli.terminal import TYPED
from wce_cli.digits import ASKED, DIGITS
from wce_cli.errors import Problem, WceError
from wce_cli.inputs.guard import forget
from wce_cli.surroundings import ANYTHING, NUMPY, has_room
from wce_cli.version import __version__

BUG, INTERRUPTED = 3, 130

SUMMARY = "Where does this weighted cross-entropy number come from, and why is the other one different?"
EXAMPLES = (
    "wce explain --logits '0.1 0.9; 0 0.1' --labels 0,1 --weight 0.1,1",
    "wce explain samples/two-samples.json",
    "wce methods weighted-mean",
)

COMMANDS = ("explain", "split", "gradient", "sweep", "identify", "check", "audit", "methods", "findings", "schema")
"""The commands. Each is a function of its name in the module of its name, beside three EXAMPLES of it and its own exit
CODES; the module is imported when the command is asked for."""

OF_WRITING = (errno.ENOSPC, errno.EFBIG, errno.EIO)
"""What the system says of writing alone."""
NO_MEMORY = "error: there is not enough memory"
CODES = ("3 a bug in wce", "130 interrupted")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code. Under torchrun the first rank answers for all."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    TYPED.set(tuple(arguments))
    rank = this_rank()
    is_other = rank is not None and rank.number > 0
    if is_other and arguments[:1] != ["explain"]:  # which shares its rows
        return 0
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        if not arguments and not _is_completing():
            return _complain([f"wce {__version__}: {SUMMARY}", "", *_block("Examples", EXAMPLES), "", _MORE])
        if arguments[:1] == ["identify"]:
            from wce_cli.cli.identify import protected

            arguments = ["identify", *protected(arguments[1:])]
        in_a_command = bool(arguments) and arguments[0] in COMMANDS
        if in_a_command and not {"-h", "--help"} & set(arguments) and not has_room(NUMPY):
            raise MemoryError
        app = typer_app(arguments[:1] if in_a_command else COMMANDS, with_completion=not in_a_command)
        outcome = app(arguments, prog_name="wce", standalone_mode=False)
        if not isinstance(outcome, Outcome):  # --help and --version have printed already
            if sys.stdout is not None:
                sys.stdout.flush()
            return int(outcome or 0)
        return deliver(outcome)
    except WceError as error:
        if os.environ.get("WCE_DEBUG"):
            traceback.print_exc()
        if is_other and not isinstance(error, RankError):
            return 0
        return _complain(error.lines())
    except typer.TyperException as error:
        return 0 if is_other else _complain(_usage(error, arguments).lines())
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except OSError as error:  # everything that is read or written has said so already: this is Typer's own help
        return _complain([_refused(error)])
    except MemoryError:
        return _complain([NO_MEMORY])
    except ImportError as error:
        if (error.name or "").startswith("wce_cli"):
            return _bug()
        reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
        return _complain([f"error: a package that wce needs cannot be loaded: {reason}"])
    except Exception:
        return _bug() if has_room(ANYTHING) else _complain([NO_MEMORY])  # without memory, anything is raised
    finally:
        forget()
        ASKED.set(DIGITS)


def _refused(error: OSError) -> str:
    """What the system refuses, in one line."""
    if error.errno == errno.ENOMEM:
        return NO_MEMORY
    what = f"{error.filename} cannot be used"
    if error.filename is None:
        what = "the answer cannot be written" if error.errno in OF_WRITING else "the system refuses"
    return f"error: {what}: {(error.strerror or str(error)).lower()}"


def _bug() -> int:
    traceback.print_exc()
    say([f"wce {__version__}: this is a bug in wce, not in your numbers; please report it with the lines above"])
    return BUG


_MORE = "wce --help lists the commands, wce COMMAND --help the options of one."


def _is_completing() -> bool:
    """Whether a shell runs us on TAB: it tells the words typed so far through the environment."""
    return "_WCE_COMPLETE" in os.environ


def typer_app(names: Iterable[str], with_completion: bool = False) -> typer.Typer:
    """Commands, as Typer has them: it takes its time for each."""
    settings = {"help_option_names": ["-h", "--help"], "terminal_width": help_width()}
    app = typer.Typer(
        add_completion=with_completion,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings=settings,
    )
    app.callback(help=SUMMARY, epilog=_epilog(EXAMPLES, ("0 answered", "1 the numbers disagree", "2 cannot answer")))(
        _root
    )
    for name in names:
        module = import_module(f"{__package__}.{name}")
        app.command(name, cls=Command, epilog=_epilog(module.EXAMPLES, module.CODES))(spread(getattr(module, name)))
    return app


def _root(
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Print the version and exit.", callback=lambda on: _version(on))
    ] = False,
) -> None:
    pass


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"wce {__version__}")
        raise typer.Exit


def _block(head: str, lines: Sequence[str]) -> list[str]:
    return [f"{head}:", *(f"  {line}" for line in lines)]


def _epilog(examples: Sequence[str], codes: Sequence[str]) -> str:
    """Examples and exit codes below the options; \\b keeps their lines as they are."""
    blocks = (_block("Examples", examples), _block("Exit codes", [*codes, *CODES]))
    return "\n\n".join("\b\n" + "\n".join(block) for block in blocks)


def _usage(error: Any, arguments: Sequence[str]) -> WceError:
    """What Typer says of a command line, in our form."""
    message = str(error.message if hasattr(error, "message") else error).rstrip(".")
    message = message.partition(". Did you mean ")[0]  # Typer's guess; a word that is merely alike is no hint
    from wce_cli.cli import hints

    hint = _hint(error, arguments)
    if message.startswith("Got unexpected extra argument"):
        hint = hints.of_words(arguments)
    parameter = getattr(error, "param", None)
    if parameter is not None and hasattr(error, "format_message"):
        message = str(error.format_message()).rstrip(".")
    message = message[:1].lower() + message[1:]
    command = arguments[0] if arguments and arguments[0] in COMMANDS else "COMMAND"
    return WceError(Problem(message, hint or f"wce {command} --help lists the options"))


def _hint(error: Any, arguments: Sequence[str]) -> str:
    """What to type instead, where the command or the option is not known."""
    from wce_cli.cli import hints
    from wce_cli.cli.identify import NUMBER

    first, *rest = arguments
    if first == "help" and rest and rest[0] in COMMANDS:
        return f"wce {rest[0]} --help"
    if first not in COMMANDS:
        if hint := hints.of_command(first, (*COMMANDS, "--version", "--help")):
            return hint
        if NUMBER.fullmatch(first):  # 0.69 0.38 batch.json
            numbers = list(takewhile(NUMBER.fullmatch, arguments))
            line = shlex.join(arguments) if len(numbers) < len(arguments) else f"{' '.join(numbers)} FILE"
            return f"wce identify {line} names the rule of a number"
        if ".py" in first:  # losses.py:f
            return f"name a command first: wce audit {first}"
        # -x '1 2', batch.json
        named = first if os.path.exists(first) else "…"
        return f"name a command first: wce explain {named}" if _is_for_explain(first) else _MORE.rstrip(".")
    if not hasattr(error, "possibilities"):
        return ""
    option = error.option_name
    commands = typer.main.get_group(typer_app(COMMANDS)).commands
    options = {name: [option for one in command.params for option in one.opts] for name, command in commands.items()}
    whole = next((word for word in rest if len(option) == 2 and word.startswith(option)), option)  # -labels
    if NUMBER.fullmatch(whole):
        return f"wce identify {whole} FILE names the rule of a number"
    return hints.of_option(whole.partition("=")[0], first, options)


def _is_for_explain(word: str) -> bool:
    """Whether a word in a command's place is an option or a file."""
    return word.startswith("-") or "." in word or os.path.exists(word)


def _complain(lines: Sequence[str]) -> int:
    say(lines)
    return CANNOT_ANSWER
