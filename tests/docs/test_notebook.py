"""The notebook runs from top to bottom, shows what it shows in the repository, and stays small."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

MOST_BYTES = 200_000


@pytest.fixture(scope="module")
def kept(root: Path) -> Any:
    return json.loads((root / "examples/soleus.ipynb").read_text(encoding="utf-8"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_it_runs_and_shows_what_is_kept(program: Callable[[str], ModuleType], root: Path) -> None:
    nbformat: Any = import_module("nbformat")
    runner = program("run_notebook")
    fresh = runner.run()
    stored = nbformat.read(root / "examples/soleus.ipynb", as_version=4)
    assert runner.shown(fresh) == runner.shown(stored), "run tools/run_notebook.py"


def test_it_is_small_and_every_cell_was_run_in_order(kept: Any, root: Path) -> None:
    assert (root / "examples/soleus.ipynb").stat().st_size <= MOST_BYTES
    code = [c for c in kept["cells"] if c["cell_type"] == "code"]
    assert [c["execution_count"] for c in code] == list(range(1, len(code) + 1))
    outputs = [o for c in code for o in c["outputs"]]
    assert not [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"]
    assert sum("image/png" in o.get("data", {}) for o in outputs) >= 2


def test_it_says_that_nobody_reviewed_it_and_names_no_machine(kept: Any) -> None:
    text = json.dumps(kept)
    assert "No clinician has reviewed" in text
    assert "no clinician has reviewed" in text
    assert not re.search(r"/tmp/|/root/|/home/|/work/", text)
