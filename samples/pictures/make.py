"""Make the pictures of README from real runs: python samples/pictures/make.py [FOLDER]

Each is what `wce` prints or draws; a test holds those in this folder to what the script makes now.
"""

from __future__ import annotations

import io
import re
import shlex
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[2]
TYPED = (
    "wce explain samples/two-samples.json --engine none",
    "wce explain samples/two-samples.json --engine none --only value --method weighted-mean --method batch-mean",
)
SIX = "-x '2 1 0; 0 1 2; 1 1 1; 0 3 1; 2 0 1; 1 0 0' -y 0,1,-100,1,2,0 -w 1,0.25,3"
DRAWN = {
    "explain.svg": "wce explain samples/two-samples.json --engine none --format svg",
    "classes.svg": f"wce explain {SIX} --classes cat,dog,bird --rows 0 --engine none --format svg",
    "split.svg": f"wce split {SIX} --size 2 --format svg",
    "gradient.svg": f"wce gradient {SIX} --format svg",
    "audit.svg": "wce audit samples/handwritten_loss.py:weighted_loss --expect weighted-mean --format svg",
    "identify.svg": "wce identify 1.7529 0.6662 --logits '3 4; 6 9' --labels 1,0 --weight 0.4,0.36 --format svg",
    "sweep.svg": "wce sweep samples/two-samples.json --class 0 --to 2 --method weighted-mean --method batch-mean "
    "--rows 5 --format svg",
}
COLUMNS = 88


def ran(command: str, *more: str) -> str:
    """What one command prints."""
    name, *arguments = shlex.split(command)
    assert name == "wce"
    code = "import sys; from wce_cli.cli.app import main; sys.exit(main())"
    asked = [sys.executable, "-c", code, *arguments, *more]
    done = subprocess.run(asked, capture_output=True, encoding="utf-8", cwd=ROOT, check=False)
    if done.returncode not in (0, 1) or done.stderr:  # 1: an audit that is not as expected has its picture, too
        raise SystemExit(f"{command}: {done.stderr}")
    return done.stdout


def terminal() -> str:
    """The typed commands and their answers, as a terminal shows them."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    for command in TYPED:
        console.print(Text(f"$ {command}", style="bold"))
        look = () if "--only" in command else ("--color", "always", "--width", str(COLUMNS))
        console.print(Text.from_ansi(ran(command, *look)))
    svg = console.export_svg(title="wce", unique_id="wce")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # its addresses: nothing is to be fetched
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    return svg.replace("Fira Code", "ui-monospace,Consolas,Menlo,'DejaVu Sans Mono'")


def main(folder: Path) -> None:
    """Write all of them."""
    (folder / "terminal.svg").write_text(terminal(), "utf-8")
    for name, command in DRAWN.items():
        (folder / name).write_text(ran(command), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
