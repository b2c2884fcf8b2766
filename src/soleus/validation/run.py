"""`soleus validate`: everything measured, written to docs/validation.json, docs/validation.md and plots."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from soleus.library.checking import unsourced_numbers
from soleus.reasoning.compiled import Compiled, shipped_compiled
from soleus.validation import alerts, baselines, interviews, oracle, populations, report, tables, text_figures
from soleus.validation.scoring import Outcome, Scores, judge_one, recalibration, score
from soleus.validation.simulate import calibration_pairs
from soleus.validation.vignettes import Vignette, read_all, set_aside


def run(folder: Path, docs: Path, *, quick: bool = False) -> None:
    """Measure and write. ``quick`` simulates a tenth of the patients."""
    console = Console(stderr=True)
    compiled = shipped_compiled()
    vignettes = read_all(folder / "vignettes")
    aside = set_aside(folder)
    outcomes = [judge_one(v, compiled) for v in _track(vignettes, "Vignettes", console)]
    held = [o for o in outcomes if o.vignette.id in aside]
    open_ = [o for o in outcomes if o.vignette.id not in aside]
    results = tables.reproduce(compiled)
    pairs = calibration(compiled, 300 if quick else 3000)
    sessions = [interviews.hold(compiled, seed) for seed in _track(range(10 if quick else 100), "Interviews", console)]
    chosen = [o.vignette for o in held]
    extra = {
        "top1_baseline": baselines.rates_only(chosen, compiled),
        "top1_without_facets": baselines.without_facets(chosen, compiled),
        "top1_without_expert": baselines.without_expert(chosen, compiled),
    }
    misclassified = tables.four_criteria_without_rls(compiled)
    error = oracle.max_abs_error(compiled, vignettes)
    found = figures(vignettes, score(held), results, pairs, sessions, extra, misclassified, error)
    notes = text_figures.measure(folder, vignettes, compiled)
    shown = alerts.measure(compiled, 20 if quick else 200, alerts.record_folder())
    whole = populations.measure(
        compiled.knowledge, _last(docs / "validation.json"), 30 if quick else populations.POPULATIONS,
        lambda items, what: _track(items, what, console),
    )  # fmt: skip
    found["prose_numbers_unsourced"] = unsourced_numbers(compiled.knowledge)
    found |= _rounded(notes.figures) | _rounded(alerts.figures(shown)) | _rounded(populations.figures(whole))
    docs.mkdir(parents=True, exist_ok=True)
    (docs / "validation.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    report.write(docs, compiled, found, held, open_, results, pairs, sessions, extra, notes, shown, whole)
    console.print(f"Written: {docs / 'validation.md'} and validation.json", markup=False)


def _last(path: Path) -> dict[str, Any]:
    """The figures of the last run; none where there was none."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def _track(items: Iterable[Any], what: str, console: Console) -> Iterable[Any]:
    known = list(items)
    return track(known, what, console=console, transient=True, disable=not console.is_terminal)


def calibration(compiled: Compiled, n: int) -> tuple[Any, Any]:
    """Simulated patients of both sexes and several ages in primary care, twelve core answers told of each."""
    contexts = [compiled.context(a, s, "primary_care") for a in (25.0, 50.0, 70.0, 85.0) for s in ("female", "male")]
    core = [
        compiled.network.finding_index[f.id]
        for f in compiled.findings.values()
        if f.core and f.id in compiled.network.finding_index
    ]
    return calibration_pairs(compiled.network, contexts, core, told=12, n=n, seed=3)


def figures(
    vignettes: tuple[Vignette, ...],
    s: Scores,
    results: tuple[tables.TableResult, ...],
    pairs: tuple[Any, Any],
    sessions: list[interviews.Held],
    extra: dict[str, Any],
    misclassified: float,
    oracle_error: float,
) -> dict[str, Any]:
    """The flat figures of docs/validation.json, on the half set aside."""
    lengths = sorted(h.questions for h in sessions)
    return _rounded({
        "tables_reproduced": sum(r.reproduced for r in results),
        "tables_checked": sum(r.computed for r in results),
        "vignettes": len(vignettes),
        "vignettes_set_aside": s.n,
        "top1": s.top1.value,
        "top1_strict": s.top1_strict.value,
        "top1_diagnosis": s.top1_diagnosis.value,
        "top3": s.top3.value,
        "must_not_miss_recall": s.must_not_miss_recall.value,
        "dnm_entries_median": s.dnm_entries_median,
        "over_triage": s.over_triage.value,
        "under_triage": s.under_triage.value,
        "calibration_slope": recalibration(*pairs)[1],
        "calibration_slope_cases": s.slope,
        "brier": s.brier,
        "sharpness": s.sharpness,
        "rank_stability": s.stability,
        "questions_median": float(median(lengths)),
        "questions_p95": float(np.quantile(lengths, 0.95, method="higher")),
        "oracle_max_abs_error": oracle_error,
        "four_criteria_without_rls": misclassified,
        **{name: share.value for name, share in extra.items()},
    })  # fmt: skip


def _rounded(found: dict[str, Any]) -> dict[str, Any]:
    return {k: round(v, 4) if _roundable(k, v) else v for k, v in found.items()}


def _roundable(name: str, value: Any) -> bool:
    return isinstance(value, float) and not name.endswith("error") and not math.isnan(value)


__all__ = ["Outcome", "calibration", "figures", "run"]
