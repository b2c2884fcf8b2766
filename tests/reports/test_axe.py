"""The rules of axe-core find nothing, light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from soleus.reasoning.assessment import Assessment
from soleus.reports.html import render

NARROW, WIDE = 320, 1280


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_axe_finds_nothing(
    assessment: Assessment,
    scheme: str,
    width: int,
    launched: Callable[[Path], Any],
    chromium: Path,
    axe: Path,
    tmp_path: Path,
) -> None:
    file = tmp_path / "page.html"
    file.write_text(render(assessment), encoding="utf-8")
    size = {"width": width, "height": 900}
    context = launched(chromium).new_context(viewport=size, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width  # nothing to scroll sideways
    page.evaluate(axe.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {rules: {'target-size': {enabled: true}}})")
    context.close()
    assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []
    assert complaints == []
