"""Engines for the tests of databases."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from soleus.population.databases.engine import Engine, open_engine
from tests.conftest import lacking


@pytest.fixture(scope="session")
def spark(root: Path) -> Iterator[Engine]:
    """Spark on this machine. It has an environment of its own (`make spark`), whose packages are added here."""
    import shutil

    found = sorted(root.glob(".venv-spark/lib/python3.*/site-packages/pyspark"))
    if not found:
        lacking("Spark", "`make spark`")
    if not shutil.which("java"):
        lacking("Java", "apt-get install default-jre-headless")
    sys.path.append(str(found[0].parent))
    # Tables of a few rows: a plan that is not compiled and not split is quicker by far.
    config = {
        "spark.sql.shuffle.partitions": "1",
        "spark.default.parallelism": "1",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    }
    engine = open_engine("spark", config=config)
    yield engine
    engine.con._session.stop()
    sys.path.remove(str(found[0].parent))
