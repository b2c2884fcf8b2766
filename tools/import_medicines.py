"""Medicines from the hand-made list and the evidence (used by `import_contributors.py`)."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]


def medicines(hand: Row, drugs: Row, facts: dict[str, Row]) -> list[Row]:
    return []
