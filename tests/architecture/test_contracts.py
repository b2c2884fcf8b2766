"""The rooms of the package and who may import whom (ARCHITECTURE.md), and what `import soleus` costs."""

from __future__ import annotations

import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

#: Loaded by a bare import they would cost more than the whole command may take.
HEAVY = {
    "jinja2",
    "matplotlib",
    "msgspec",
    "numba",
    "numpy",
    "pandas",
    "pydantic",
    "pyagrum",
    "rich",
    "scipy",
    "typer",
    "yaml",
}
#: The interpreter itself loads about this many; ours on top are few.
MOST_MODULES = 120


@pytest.fixture
def layers(root: Path) -> set[str]:
    config = ConfigParser()
    config.read(root / ".importlinter")
    return set(re.findall(r"\w+", config["importlinter:contract:rooms"]["layers"]))


def rooms(root: Path) -> set[str]:
    """Packages with at least one module, and modules, directly below `soleus`."""
    package = root / "src/soleus"
    packages = {p.name for p in package.iterdir() if p.is_dir() and any(p.glob("*.py"))}
    return packages | {p.stem for p in package.glob("*.py") if not p.stem.startswith("__")}


def test_every_import_points_downwards(root: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-cache",
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_stands_in_the_contract(root: Path, layers: set[str]) -> None:
    assert rooms(root) - layers == set(), "add the room to the layers of .importlinter and to ARCHITECTURE.md"


def test_every_room_stands_in_the_architecture_page(root: Path) -> None:
    page = (root / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert [room for room in sorted(rooms(root)) if f"`{room}`" not in page] == []


def test_import_of_the_package_loads_nothing_heavy(root: Path) -> None:
    code = "import soleus, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert loaded & HEAVY == set()
    assert len(loaded) <= MOST_MODULES
