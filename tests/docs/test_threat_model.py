"""The threat model: every control names a test that exists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from tests.docs.test_hazard_log import exists


def test_every_threat_has_a_control_and_every_control_a_test(root: Path) -> None:
    text = (root / "docs/threat-model.yaml").read_text(encoding="utf-8")
    threats: list[dict[str, Any]] = yaml.safe_load(text)["threats"]
    assert [t["id"] for t in threats if set(t) != {"id", "threat", "controls", "residual"} or not t["controls"]] == []
    assert len({t["id"] for t in threats}) == len(threats)
    assert [c["test"] for t in threats for c in t["controls"] if not exists(root, c["test"])] == []
