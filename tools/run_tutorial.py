"""Run docs/tutorial-population.md anew and keep what its commands print: `.venv/bin/python tools/run_tutorial.py`.

A block of shell holds commands; those of `soleus population` and `soleus assess` are run one after the other in one
folder, unless they speak of a `DATABASE` of the reader's. A block that begins with `# NAME` is a file of that name.
What is shown of an output stands in the comment before its block of text, ``<!-- shows: {from: "...", until: "...",
most: 12} -->``: from the first line that begins so to before the next that begins otherwise.
tests/docs/test_tutorial.py runs it too and compares what it shows.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PAGE = Path(__file__).resolve().parent.parent / "docs/tutorial-population.md"
RUN = ("soleus population ", "soleus assess ")
OWN = "DATABASE"
_BLOCK = re.compile(
    r"(?:<!-- shows: (?P<shows>\{.*?\}) -->\n)?```(?P<kind>sh|text|yaml)\n(?P<body>.*?)```\n", re.DOTALL
)
_HASH = re.compile(r"\blocal\.[0-9a-f]{8}\b|\b[0-9a-f]{8,64}\b")
COLUMNS = 110


@dataclass(frozen=True)
class Done:
    """A command with what it printed and how it ended."""

    command: str
    code: int
    out: str
    errors: str


class Failed(Exception):
    """A command of the tutorial did not end well."""


def run(text: str, folder: Path) -> tuple[str, list[Done]]:
    """The page with fresh outputs, and every command that was run. Raises `Failed`."""
    done: list[Done] = []

    def fresh(found: re.Match[str]) -> str:
        body = found["body"]
        if found["kind"] == "yaml" and (name := re.match(r"# (\S+\.yaml)\n", body)):
            (folder / name[1]).write_text(body, encoding="utf-8")
        if found["kind"] == "sh":
            done.extend(_commands(body, folder))
        if found["kind"] == "text" and found["shows"]:
            shown = excerpt(done[-1].out, yaml.safe_load(found["shows"]))
            return f"<!-- shows: {found['shows']} -->\n```text\n{shown}\n```\n"
        return found[0]

    return _BLOCK.sub(fresh, text), done


def _commands(body: str, folder: Path) -> Iterator[Done]:
    for line in body.replace("\\\n", " ").splitlines():
        command = line.partition("  #")[0].strip()
        if command.startswith(RUN) and OWN not in command.split():
            done = _run(command, folder)
            if done.code:
                raise Failed(f"{command}: exit {done.code}\n{done.errors}")
            yield done


def _run(command: str, folder: Path) -> Done:
    surroundings = {
        **os.environ, "COLUMNS": str(COLUMNS), "NO_COLOR": "1", "TERM": "dumb", "PYTHONIOENCODING": "utf-8",
    }  # fmt: skip
    words = [sys.executable, "-c", "from soleus.cli import main; main()", *shlex.split(command)[1:]]
    found = subprocess.run(
        words, cwd=folder, env=surroundings, capture_output=True, text=True, encoding="utf-8", check=False
    )
    return Done(command, found.returncode, found.stdout, found.stderr)


def excerpt(out: str, shows: dict[str, Any]) -> str:
    """The lines that are shown, with three dots where some are left out."""
    lines = [line.rstrip() for line in out.rstrip().splitlines()]
    first, until, most = shows.get("from", ""), shows.get("until", ""), shows.get("most", 60)
    at = next((n for n, line in enumerate(lines) if line.lstrip().startswith(first)), 0) if first else 0
    ends = (n for n, line in enumerate(lines) if n > at and until and line.lstrip().startswith(until))
    end = min(next(ends, len(lines)), at + most)
    return "\n".join([*(["..."] if at else []), *lines[at:end], *(["..."] if end < len(lines) else [])])


def shown(text: str) -> list[str]:
    """What the page shows, without the digests of files, which move with records that nothing here rests on."""
    return [_HASH.sub("(digest)", found["body"]) for found in _BLOCK.finditer(text) if found["kind"] == "text"]


def main() -> None:
    """Write the page with fresh outputs."""
    with tempfile.TemporaryDirectory() as folder:
        text, done = run(PAGE.read_text(encoding="utf-8"), Path(folder))
    PAGE.write_text(text, encoding="utf-8")
    print(f"Written: {PAGE.name}, {len(done)} commands", file=sys.stderr)


if __name__ == "__main__":
    main()
