"""The samples, for every test of the reports."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from soleus.reasoning.assessment import Assessment

_spec = importlib.util.spec_from_file_location("report_samples", Path(__file__).parent / "sample.py")
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)


@pytest.fixture(params=_module.NAMES)
def assessment(request: pytest.FixtureRequest) -> Assessment:
    """Each sample in turn."""
    found: Assessment = _module.sample(request.param)
    return found


@pytest.fixture(scope="session")
def sample() -> Callable[[str], Assessment]:
    """A sample by its name."""
    found: Callable[[str], Assessment] = _module.sample
    return found
