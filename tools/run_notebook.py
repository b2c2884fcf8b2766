"""Run examples/soleus.ipynb anew and keep its outputs: `.venv/bin/python tools/run_notebook.py`.

tests/docs/test_notebook.py runs it too and compares what it shows.
"""

from __future__ import annotations

import re
import sys
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

from nbclient import NotebookClient

nbformat: Any = import_module("nbformat")  # without types
NOTEBOOK = Path(__file__).resolve().parent.parent / "examples/soleus.ipynb"
_SECONDS = 300
_HASH = re.compile(r"\([0-9a-f]{8}\)")


def run(path: Path = NOTEBOOK) -> Any:
    """The notebook after every cell was run in order, in its own folder. Raises nbclient's error of the first fault."""
    book = nbformat.read(path, as_version=4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the kernel's transport, not of the cells
        NotebookClient(book, timeout=_SECONDS, resources={"metadata": {"path": str(path.parent)}}).execute()
    for cell in book.cells:
        cell.metadata = {}  # times of running
    book.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return book


def shown(book: Any) -> list[list[dict[str, str]]]:
    """What each cell shows in words. Pictures are left out, since each version of the drawing library draws anew, and
    the hash of the knowledge, which moves with records that nothing here rests on.
    """
    return [[_words(o) for o in cell.get("outputs", ())] for cell in book.cells]


def _words(output: Any) -> dict[str, str]:
    if output.output_type == "stream":
        return {output.name: output.text}
    data = {kind: str(v) for kind, v in output.get("data", {}).items() if not kind.startswith("image/")}
    return {kind: _HASH.sub("(hash)", text) for kind, text in data.items()}


def main() -> None:
    """Write the notebook with fresh outputs."""
    nbformat.write(run(), NOTEBOOK)
    print(f"Written: {NOTEBOOK.name}", file=sys.stderr)


if __name__ == "__main__":
    main()
