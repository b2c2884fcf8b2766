"""Tools and data that a machine may lack.

A test asks for one by fixture. Without it the test is skipped with a named reason; with SOLEUS_CI=1
(.ci/run sets it) the test fails, so that nothing is left out unseen. After pytest's closing line stands
what was missing.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
_missing: Counter[str] = Counter()

# Where a run judges a change, the same inputs are tried each time; elsewhere each run tries new ones. None is timed: a
# machine may be busy with something else.
settings.register_profile("judge", derandomize=True, deadline=None)
settings.register_profile("anew", deadline=None)
settings.load_profile("judge" if os.environ.get("SOLEUS_CI") == "1" else "anew")


def lacking(what: str, mend: str) -> NoReturn:
    """Skip the test for want of ``what``; fail it where nothing may be lacking."""
    _missing[what] += 1
    reason = f"{what} is missing: {mend}"
    if os.environ.get("SOLEUS_CI") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _tool(what: str, names: tuple[str, ...], mend: str) -> Path:
    found = next((path for name in names if (path := shutil.which(name))), None)
    return Path(found) if found else lacking(what, mend)


@pytest.fixture(scope="session")
def program(root: Path) -> Callable[[str], ModuleType]:
    """A program of tools/ as a module, by name."""

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, root / f"tools/{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the checkout."""
    return ROOT


@pytest.fixture
def chromium() -> Path:
    """The browser that draws the report."""
    return _tool("Chromium", ("chromium", "chromium-browser", "google-chrome"), "apt-get install chromium")


@pytest.fixture
def node() -> Path:
    return _tool("node", ("node", "nodejs"), "apt-get install nodejs npm")


@pytest.fixture
def java() -> Path:
    return _tool("Java", ("java",), "apt-get install default-jre-headless")


@pytest.fixture
def pdfinfo() -> Path:
    """Tells the number and size of the pages of a PDF."""
    return _tool("pdfinfo", ("pdfinfo",), "apt-get install poppler-utils")


@pytest.fixture
def axe() -> Path:
    """The script with the accessibility rules of axe-core, to be loaded into a page."""
    script = ROOT / "tests/web/node_modules/axe-core/axe.min.js"
    return script if script.exists() else lacking("axe-core", "`make web` (needs npm)")


@pytest.fixture
def fhir_referee(node: Path) -> Path:
    """The program for node, and where the referees of FHIR are that it asks."""
    if not (ROOT / "tests/web/node_modules/@medplum/core").is_dir():
        lacking("@medplum/core", "`make web` (needs npm)")
    return node


@pytest.fixture(scope="session")
def healthchain() -> Path:
    """The interpreter of the environment that holds HealthChain, a CDS Hooks client that others wrote."""
    found = ROOT / ".venv-healthchain/bin/python"
    return found if found.exists() else lacking("HealthChain", "`make healthchain`")


@pytest.fixture
def lforms() -> Path:
    """The folder of LHC-Forms, a form widget for the browser."""
    folder = ROOT / "tests/web/node_modules/.lforms"
    return folder if folder.is_dir() else lacking("LHC-Forms", "`node tests/web/lforms.mjs` after `make web`")


@pytest.fixture
def test_data() -> Path:
    """The folder named by SOLEUS_TEST_DATA, which holds data/ and cases/.

    It is not a tool and not every machine has it, so without the variable the test is skipped, on CI too.
    """
    named = os.environ.get("SOLEUS_TEST_DATA")
    if not named:
        _missing["SOLEUS_TEST_DATA"] += 1
        pytest.skip("SOLEUS_TEST_DATA is not set: name the folder that holds data/ and cases/")
    if not Path(named).is_dir():
        pytest.fail(f"SOLEUS_TEST_DATA names no folder: {named}", pytrace=False)
    return Path(named)


def pytest_unconfigure() -> None:
    """The last line of a run: what was missing, and how many tests wanted it."""
    if _missing:
        print("not run for want of: " + ", ".join(f"{what} ({n})" for what, n in sorted(_missing.items())))


@pytest.fixture(scope="module")
def launched() -> Iterator[Callable[[Path], Any]]:
    """Debian's Chromium, started once."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as p:
        running: list[Any] = []

        def start(path: Path) -> Any:
            if not running:
                running.append(p.chromium.launch(executable_path=str(path), args=["--no-sandbox"]))
            return running[0]

        yield start
        for each in running:
            each.close()
