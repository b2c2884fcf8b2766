"""The hazard log: every control names a test that exists, or says that it awaits one."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

#: Falls as controls get their tests; raise it never.
MOST_PENDING = 0


@pytest.fixture(scope="module")
def hazards(root: Path) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = yaml.safe_load((root / "docs/hazard-log.yaml").read_text(encoding="utf-8"))[
        "hazards"
    ]
    return loaded


def controls(hazards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [control for hazard in hazards for control in hazard["controls"]]


def exists(root: Path, node: str) -> bool:
    """Whether ``path::function`` or ``path::Class::function`` stands in the tests."""
    path, *names = node.split("::")
    if not (root / path).is_file():
        return False
    body: list[ast.stmt] = ast.parse((root / path).read_text(encoding="utf-8")).body
    for name in names:
        found = next((n for n in body if isinstance(n, ast.FunctionDef | ast.ClassDef) and n.name == name), None)
        if found is None:
            return False
        body = found.body
    return bool(names)


def test_every_hazard_is_told_in_full(hazards: list[dict[str, Any]]) -> None:
    wanted = {"id", "hazard", "cause", "harm", "severity", "likelihood", "controls", "residual"}
    assert [h["id"] for h in hazards if set(h) != wanted or not h["controls"]] == []
    assert len({h["id"] for h in hazards}) == len(hazards)
    assert {h[k] for h in hazards for k in ("severity", "likelihood")} <= {"low", "medium", "high"}


def test_every_control_names_a_test_that_exists_or_is_pending(root: Path, hazards: list[dict[str, Any]]) -> None:
    nowhere = [c["test"] for c in controls(hazards) if not c.get("pending") and not exists(root, c["test"])]
    assert nowhere == []


def test_a_control_whose_test_exists_is_no_longer_pending(root: Path, hazards: list[dict[str, Any]]) -> None:
    done = [c["test"] for c in controls(hazards) if c.get("pending") and exists(root, c["test"])]
    assert done == [], "take `pending` out of docs/hazard-log.yaml, then `make docs`"


def test_the_number_of_pending_controls_only_falls(hazards: list[dict[str, Any]]) -> None:
    assert sum(bool(c.get("pending")) for c in controls(hazards)) <= MOST_PENDING
