"""The knowledge base as its data files have it now: prose is read, not the compiled file alone."""

from __future__ import annotations

import pytest

from soleus.knowledge.loader import DATA, load
from soleus.reasoning.compiled import Compiled


@pytest.fixture(scope="session")
def compiled() -> Compiled:
    return Compiled(load(DATA))
