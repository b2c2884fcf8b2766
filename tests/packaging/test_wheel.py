"""The wheel, built, installed in an empty environment and run from another folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest


def run(*words: str | Path, cwd: Path, wanted: int = 0) -> str:
    # PYTHONPATH would let the checkout stand in for what the wheel forgot.
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "COVERAGE_PROCESS_START")}
    done = subprocess.run([*map(str, words)], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == wanted, f"{words}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built with the build back end of the development lock, so that nothing is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=root)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(root: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment that holds the wheel and its locked dependencies only."""
    home = tmp_path_factory.mktemp("empty") / "venv"
    venv.create(home, with_pip=True)
    programs = home / ("Scripts" if os.name == "nt" else "bin")
    pip = (programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--require-hashes", "-r", root / "requirements/run.txt", cwd=home)
    run(*pip, "--no-deps", "--no-index", wheel, cwd=home)
    return programs


def test_the_wheel_holds_knowledge_and_licences_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert any(n.startswith("soleus/knowledge/data/") for n in names)
    assert {Path(n).name for n in names if "/licenses/" in n} == {"LICENSE", "LICENSE-KNOWLEDGE", "NOTICE"}
    assert [n for n in names if n.startswith("tests/")] == []


def test_the_locked_dependencies_are_enough(installed: Path, tmp_path: Path) -> None:
    run(installed / "python", "-m", "pip", "check", cwd=tmp_path)


def test_the_installed_command_judges_a_case_in_another_folder(root: Path, installed: Path, tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text((root / "examples/idiopathic-cramp.yaml").read_text(encoding="utf-8"), "utf-8")
    judged = json.loads(run(installed / "soleus", "assess", "case.yaml", "--format", "json", cwd=tmp_path))
    assert judged["explanations"][0]["id"] == "nocturnal_leg_cramp"
    assert "nocturnal_leg_cramp" in judged["tiers"]["most_likely"][0]


def test_the_installed_command_writes_a_page(root: Path, installed: Path, tmp_path: Path) -> None:
    case = root / "examples/idiopathic-cramp.yaml"
    run(installed / "soleus", "assess", case, "--format", "html", "--out", "report.html", cwd=tmp_path)
    assert (tmp_path / "report.html").read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html>")


def test_the_installed_command_names_its_version(installed: Path, tmp_path: Path) -> None:
    assert "soleus" in run(installed / "soleus", "--version", cwd=tmp_path).lower()


def test_the_installed_command_reads_a_note(root: Path, installed: Path, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text((root / "examples/message.txt").read_text(encoding="utf-8"), "utf-8")
    read = json.loads(run(installed / "soleus", "read", "note.txt", "--format", "json", cwd=tmp_path))
    told = {u["finding"]: u["state"] for u in read["understood"]}
    assert told["relief_stretch"] == "present"
    assert told["swelling"] == "absent"
    assert any(u["confidence"] < 1 for u in read["understood"])  # what was learnt is in the wheel


def test_the_lock_keeps_extras(root: Path) -> None:
    """Older pip in hash mode refuses a lock that names coverage where a package asks for coverage[toml]."""
    lock = (root / "requirements/dev.txt").read_text(encoding="utf-8")
    assert "\ncoverage[toml]==" in lock
    assert "--no-strip-extras" in (root / "tools/lock.sh").read_text(encoding="utf-8")
