"""What a machine lacks is skipped, counted and named; on CI it fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TWO_TESTS = "def test_a(chromium): ...\ndef test_b(chromium): ...\ndef test_c(): ...\n"


def run(root: Path, folder: Path, on_ci: bool) -> list[str]:
    """The lines that pytest prints where no program is on the path."""
    shutil.copy(root / "tests/conftest.py", folder / "conftest.py")
    (folder / "test_it.py").write_text(TWO_TESTS, encoding="utf-8")
    env = os.environ | {"PATH": str(folder), "SOLEUS_CI": "1" if on_ci else "0"}
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-ra",
        "-c",
        os.devnull,
        "--rootdir",
        ".",
    ]
    done = subprocess.run([*words, "test_it.py"], cwd=folder, env=env, capture_output=True, text=True, check=False)
    return done.stdout.strip().splitlines()


@pytest.mark.parametrize(("on_ci", "closing"), [(False, "1 passed, 2 skipped"), (True, "1 passed, 2 errors")])
def test_a_missing_browser_is_named_and_fails_on_ci(root: Path, tmp_path: Path, on_ci: bool, closing: str) -> None:
    *_, before, last = run(root, tmp_path, on_ci)
    assert closing in before
    assert last == "not run for want of: Chromium (2)"
