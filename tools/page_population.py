"""A finished report on a made-up database, for the pages that show reports."""

from __future__ import annotations

import datetime
import tempfile
from pathlib import Path

from soleus.knowledge.loader import shipped
from soleus.population.databases.source import open_source
from soleus.population.made_up.files import write_population
from soleus.population.made_up.people import plan_of
from soleus.population.reporting.making import make_report
from soleus.population.results.manifest import Manifest

REPORT = "simulated"


def reported(folder: Path, today: datetime.date, people: int = 4_000) -> None:
    """Writes ``folder``/`REPORT`, the report on a simulated population."""
    with tempfile.TemporaryDirectory() as place:
        world = Path(place)
        write_population(plan_of(shipped()), world, people, 7, "omop", Manifest(world, {}), lambda _: None)
        source = open_source(world)
        make_report(source, shipped(), folder / REPORT, title="A simulated database", today=today)
        source.engine.close()
