"""The tables of docs/scale.md: what a database of so many people takes, from tools/scale.yaml and what was measured.

`make docs` puts them into the page. The formulas stand in the page in words; here they are the functions of `Model`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks/results.json"
_SIZES = (10**6, 10**7, 10**8)
_MACHINES = (1, 4, 16)
_TASKS = (("one pair", "pair_vs_scan"), ("500 medicines, pair counts", "screen_vs_scan"),
          ("500 medicines, every null ratio", "nulls_vs_scan"))  # fmt: skip


@dataclass(frozen=True)
class Given:
    """A number of the model. ``basis`` measured without ``there``: a stand-in until it is measured."""

    name: str
    value: float
    unit: str
    basis: str
    why: str
    there: bool = True


class Model:
    """Numbers by name, and what follows from them."""

    def __init__(self, given: Sequence[Given]) -> None:
        self.given = {g.name: g for g in given}

    def __getitem__(self, name: str) -> float:
        return self.given[name].value

    def rows(self, people: float) -> float:
        return people * self["rows_a_person"]

    @property
    def speed(self) -> float:
        """Rows a second that one core scans."""
        return self["scan_rows"] / self["scan_s"] / self["cores_measured"]

    def computed_s(self, people: float) -> float:
        """Seconds in which all cores of one machine scan what is in memory."""
        return self.rows(people) / (self.speed * self["machine_cores"] * self["efficiency"])

    def read_s(self, people: float) -> float:
        """Seconds in which one machine reads the columns."""
        return self.gb(people) * 1000 / self["read_mb_s"]

    def gb(self, people: float) -> float:
        return self.rows(people) * self["bytes_a_row"] / 1e9

    def task_s(self, people: float, ratio: float = 1) -> float:
        """Seconds of a task that takes so many times the scan: the slower of computing and reading."""
        return max(ratio * self.computed_s(people), self.read_s(people))

    def score_s(self, people: float) -> float:
        whole = self["score_people_per_s"] / self["cores_measured"] * self["machine_cores"] * self["efficiency"]
        return people / whole

    def table_s(self, people: float) -> float:
        """Seconds in which the table of first exposures is stored, in proportion to the rows."""
        each = self["table_s"] / self["scan_rows"] * self["cores_measured"]
        return max(self.rows(people) * each / (self["machine_cores"] * self["efficiency"]), self.read_s(people))

    def whole_s(self, people: float) -> float:
        """The table stored, a screen with every null ratio, and everybody scored."""
        return self.table_s(people) + self.task_s(people, self["nulls_vs_scan"]) + self.score_s(people)

    def memory_gb(self, people: float) -> float:
        """The hash table of the first days of all medicines, were it held at once."""
        return people * self["first_rows_a_person"] * self["bytes_a_group"] / 1e9

    def spark_s(self, people: float, ratio: float, machines: int) -> float:
        """On a cluster: the engine is slower, and machines wait for one another where there are several."""
        share = 1.0 if machines == 1 else self["cluster_efficiency"]
        computed = ratio * self.computed_s(people) * self["spark_vs_duckdb"] / (machines * share)
        return max(computed, self.read_s(people) / machines)

    def usd(self, seconds: float, machines: int = 1, platform: bool = False) -> float:
        an_hour = self["core_usd_h"] + (self["dbu_usd_core_h"] if platform else 0)
        return (seconds + self["fixed_s"] + self["start_s"]) / 3600 * machines * self["machine_cores"] * an_hour


def model(results: Path = RESULTS) -> Model:
    """The model with what was measured in place of what stands in for it."""
    found = json.loads(results.read_text(encoding="utf-8")) if results.exists() else {}
    tree = yaml.safe_load((ROOT / "tools/scale.yaml").read_text(encoding="utf-8"))
    return Model([_given(name, row, found) for name, row in tree.items()])


def _given(name: str, row: dict[str, Any], found: dict[str, Any]) -> Given:
    value = found.get(row.get("key", ""))
    there = row["basis"] != "measured" or value is not None
    return Given(name, float(row["value"] if value is None else value), row["unit"], row["basis"], row["why"], there)


# --------------------------------------------------------------------------------------------- tables


def assumptions(m: Model) -> str:
    rows = [
        (f"`{g.name}`", number(g.value), g.unit, g.basis if g.there else "not measured yet: stands in", g.why)
        for g in m.given.values()
    ]
    return table(("name", "value", "unit", "basis", "what it is, and from where"), rows, right=(1,))


def one_machine(m: Model) -> str:
    rows = [
        (
            f"{people:,}", f"{m.rows(people):,.0f}", number(m.gb(people)), seconds(m.task_s(people)),
            *(seconds(m.task_s(people, m[ratio])) for _, ratio in _TASKS), seconds(m.table_s(people)),
            seconds(m.score_s(people)),
            number(m.memory_gb(people)), money(m.usd(m.whole_s(people))),
        )
        for people in _SIZES
    ]  # fmt: skip
    head = ("people", "drug rows", "Parquet, GB", "scan", *(name for name, _ in _TASKS), "store first exposures",
            "score everyone", "all first days at once, GB", "all of it, USD")  # fmt: skip
    return table(head, rows, right=range(len(head)))


def cluster(m: Model) -> str:
    people = m["people"]
    rows = [
        (
            str(n), number(n * m["machine_cores"]), *(seconds(m.spark_s(people, m[ratio], n)) for _, ratio in _TASKS),
            money(m.usd(m.spark_s(people, m["nulls_vs_scan"], n), n)),
            money(m.usd(m.spark_s(people, m["nulls_vs_scan"], n), n, platform=True)),
        )
        for n in _MACHINES
    ]  # fmt: skip
    head = ("machines", "cores", *(name for name, _ in _TASKS), "the last of them, USD", "with a platform fee, USD")
    return table(head, rows, right=range(len(head)))


def federated(m: Model) -> str:
    sites, people = m["sites"], m["people_a_site"]
    task = m["fixed_s"] + m.whole_s(people)
    rows = [
        ("people at a site", f"{people:,.0f}"),
        ("drug rows at a site", f"{m.rows(people):,.0f}"),
        ("screen with every null ratio and scores, on one machine there", seconds(task)),
        ("what leaves a site", f"{number(m['aggregates_kb'])} kB"),
        ("what arrives from all sites", f"{number(sites * m['aggregates_kb'] / 1000)} MB"),
        ("rows of people that leave a site", "0"),
        ("the same rows, were they sent", f"{number(m.gb(people) * sites)} GB"),
        ("machine time of all sites together", seconds(sites * task)),
    ]
    return table(("", ""), rows, right=(1,))


def storage(m: Model) -> str:
    gb, people = m.gb(m["people"]), m["people"]
    first = people * m["first_rows_a_person"] * m["bytes_a_row"] / 1e9
    return (
        f"{number(gb)} GB of exposures of {people:,.0f} people: {money(gb * m['storage_usd_gb_month'])} USD a month; "
        f"the table of first exposures is {number(first)} GB more."
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] | range = ()) -> str:
    lines = ["---:" if n in right else "---" for n in range(len(head))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, lines, *rows))


def number(value: float) -> str:
    """Three digits."""
    if value >= 1000 or value == int(value):
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"


def seconds(value: float) -> str:
    if value < 1:
        return f"{number(value * 1000)} ms"
    if value < 120:
        return f"{number(value)} s"
    return f"{number(value / 60)} min" if value < 7200 else f"{number(value / 3600)} h"


def money(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:,.0f}"


def blocks() -> dict[str, Callable[[], str]]:
    """The blocks of the page, each made when it is asked for."""
    makers: dict[str, Callable[[Model], str]] = {
        "assumptions": assumptions, "one-machine": one_machine, "cluster": cluster, "federated": federated,
        "storage": storage,
    }  # fmt: skip
    return {name: partial(_made, make) for name, make in makers.items()}


def _made(make: Callable[[Model], str]) -> str:
    return make(model())
