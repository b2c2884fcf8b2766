"""docs/validation.md and its plots."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from soleus.reasoning.compiled import Compiled
from soleus.validation import alerts, populations
from soleus.validation.alerts import AlertResults
from soleus.validation.interviews import Held
from soleus.validation.plots import calibration_plot, interview_plot
from soleus.validation.populations import PopulationResults
from soleus.validation.scoring import Outcome, Scores, Share, score
from soleus.validation.tables import TableResult
from soleus.validation.text_figures import TextResults

#: name in validation.json, what it is, aim in words, whether a value meets it
AIMS: tuple[tuple[str, str, str, Any], ...] = (
    ("top1", "right explanation first", "at least 75 %", lambda v: v >= 0.75),
    ("top3", "right explanation among the first three", "at least 92 %", lambda v: v >= 0.92),
    ("must_not_miss_recall", "dangerous answer named or red-flagged", "100 %", lambda v: v >= 1.0),
    (
        "dnm_entries_median",
        "entries not to be missed where the answer is benign, median",
        "at most 4",
        lambda v: v <= 4,
    ),
    ("over_triage", "emergency or same-day flag where the answer is benign", "at most 10 %", lambda v: v <= 0.10),
    ("calibration_slope", "calibration slope, simulated patients", "0.9 to 1.1", lambda v: 0.9 <= v <= 1.1),
    ("questions_median", "questions of an interview, median", "at most 20", lambda v: v <= 20),
    ("questions_p95", "questions of an interview, 95th percentile", "at most 35", lambda v: v <= 35),
    ("tables_reproduced", "published tables reproduced", "at least 18", lambda v: v >= 18),
    ("vignettes", "vignettes", "at least 80", lambda v: v >= 80),
    ("notes_f1_test", "texts: statements with polarity, micro F1", "at least 0.90", lambda v: v >= 0.90),
    ("negation_f1_test", "texts: denials, micro F1", "at least 0.95", lambda v: v >= 0.95),
    ("text_top1", "from text: right explanation first", "at least 65 %", lambda v: v >= 0.65),
    ("text_top3", "from text: right explanation among the first three", "at least 85 %", lambda v: v >= 0.85),
    ("text_must_not_miss", "from text: dangerous answer named or red-flagged", "at least 98 %", lambda v: v >= 0.98),
    ("text_dnm_entries_median", "from text: entries not to be missed, benign", "at most 4", lambda v: v <= 4),
    ("text_over_triage", "from text: same-day flag, benign answer", "at most 10 %", lambda v: v <= 0.10),
    ("note_ms", "reading 300 words, ms", "at most 20", lambda v: v <= 20),
    ("notes_load_s", "making the lexicon, s", "at most 1.5", lambda v: v <= 1.5),
    ("ssa_coverage_95", "planted sequence ratios that their 95 % intervals hold", "at least 93 %", lambda v: v >= 0.93),
    ("ssa_bias", "planted sequence ratios: largest bias of a medicine", "below 3 %", lambda v: v < 0.03),
    ("ssa_false_positives", "without effect: intervals that exclude 1", "4 to 6 %", lambda v: 0.04 <= v <= 0.06),
    ("prose_numbers_unsourced", "numbers in prose without a record", "0", lambda v: v == 0),
    ("oracle_max_abs_error", "largest difference from pyAgrum", "at most 1e-9", lambda v: v <= 1e-9),
)


def write(
    docs: Path,
    compiled: Compiled,
    found: dict[str, Any],
    held: Sequence[Outcome],
    open_: Sequence[Outcome],
    results: Sequence[TableResult],
    pairs: tuple[Any, Any],
    sessions: Sequence[Held],
    extra: dict[str, Share],
    notes: TextResults,
    shown: AlertResults,
    whole: PopulationResults,
) -> None:
    """The page and its plots."""
    images = docs / "images"
    images.mkdir(parents=True, exist_ok=True)
    calibration_plot(images / "calibration.svg", pairs, held)
    interview_plot(images / "interviews.svg", sessions)
    parts = [
        _head(compiled),
        _aims(found),
        _sets(score(held), score(open_), extra),
        _interviews(sessions),
        _misses(held, "Misses on the half set aside"),
        _misses(open_, "Misses on the open half"),
        _tables(results),
        notes.page,
        alerts.section(shown),
        populations.section(whole, compiled.knowledge),
        _limits(),
    ]
    (docs / "validation.md").write_text("\n".join(parts).rstrip() + "\n", encoding="utf-8")


def _head(compiled: Compiled) -> str:
    k = compiled.knowledge
    return f"""# Validation

Made by `soleus validate` (`make validate`) with knowledge {k.version} ({k.digest[:12]}). This is not clinical
validation: the vignettes are published cases put into our own words and coded by the maintainers before the engine
saw them; simulated patients come from the knowledge base itself. No clinician has taken part.
"""


def _aims(found: dict[str, Any]) -> str:
    rows = [
        f"| `{name}` | {what} | {_number(found[name])} | {aim} | {'met' if holds(found[name]) else '**missed**'} |"
        for name, what, aim, holds in AIMS
    ]
    head = "## Aims, on the half set aside\n\n| figure | what it is | measured | aim | |\n|---|---|---|---|---|"
    return "\n".join([head, *rows, ""])


def _number(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, float) and 0 < abs(value) < 1e-3:
        return f"{value:.1e}"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


_ROWS: tuple[tuple[str, str], ...] = (
    ("top1", "right explanation first"),
    ("top1_strict", "the expected explanation itself first, none accepted beside it"),
    ("top3", "right explanation among the first three"),
    ("top1_diagnosis", "first with the cause that the source names"),
    ("must_not_miss_recall", "dangerous answer in a shown tier or red-flagged"),
    ("over_triage", "benign answer, flag of the same day or sooner"),
    ("under_triage", "care needed the same day, no such flag and no such first explanation"),
)


def _sets(held: Scores, open_: Scores, extra: dict[str, Share]) -> str:
    lines = [
        "## Vignettes\n",
        f"| | set aside (n = {held.n}) | open half, used for tuning (n = {open_.n}) |",
        "|---|---|---|",
        *(f"| {what} | {getattr(held, key).words()} | {getattr(open_, key).words()} |" for key, what in _ROWS),
        f"| entries not to be missed, benign, median | {held.dnm_entries_median:g} | {open_.dnm_entries_median:g} |",
        f"| Brier score over all explanations | {held.brier:.2f} | {open_.brier:.2f} |",
        f"| mean probability of the first (sharpness) | {held.sharpness:.2f} | {open_.sharpness:.2f} |",
        f"| mean share of draws in which the first stays first | {held.stability:.2f} | {open_.stability:.2f} |",
        f"| calibration slope | {_number(held.slope)} | {_number(open_.slope)} |",
        "",
        "Baselines on the half set aside, right explanation first:\n",
        *(f"- `{name}`: {share.words()}" for name, share in extra.items()),
        "",
        'Shares carry 95 % Wilson intervals. "Right" is the source\'s explanation or one that the vignette names as',
        "acceptable; both were written from the source before the engine saw the case.\n",
        "![Calibration](images/calibration.svg)\n",
    ]
    return "\n".join(lines)


def _interviews(sessions: Sequence[Held]) -> str:
    n = [h.questions for h in sessions]
    first, three = sum(h.rank == 1 for h in sessions), sum(h.rank <= 3 for h in sessions)
    among = Share(three, len(n)).words()
    return f"""## Interviews

{len(sessions)} simulated adults in primary care, each answering until the stop rule ended it: median
{median(n):g} questions (95th percentile {np.quantile(n, 0.95, method="higher"):g}), of which the red-flag screen
{median(h.screen for h in sessions):g}; the right explanation came out first in
{Share(first, len(n)).words()} and among the first three in {among}.

![Length of interviews](images/interviews.svg)
"""


def _misses(outcomes: Sequence[Outcome], title: str) -> str:
    missed = [o for o in outcomes if o.rank != 1]
    lines = [f"## {title}\n", "| vignette | expected | came | first instead | named |", "|---|---|---|---|---|"]
    for o in sorted(missed, key=lambda o: -o.rank):
        came = "not judged" if o.error else f"{o.rank}, {o.probability:.2f}"
        lines.append(
            f"| {o.vignette.id} | {o.vignette.expected.explanation} | {came} | {o.first} {o.first_probability:.2f} | "
            f"{'yes' if o.named else 'no'} |"
        )
    return "\n".join([*lines, ""])


def _tables(results: Sequence[TableResult]) -> str:
    done = sum(r.reproduced for r in results)
    lines = [
        f"## Published tables\n\n{done} of {len(results)} reproduced; "
        f"{sum(r.computed for r in results)} can be computed from the knowledge base.\n",
        "| table | figure | published | tolerance | computed | |",
        "|---|---|---|---|---|---|",
    ]
    for r in results:
        for c in r.checks:
            span = f"{_number(c.check.low)} to {_number(c.check.high)}"
            verdict = c.reason or ("held" if c.held else "**missed**")
            lines.append(
                f"| {r.table.result} ({', '.join(r.table.source)}) | {c.check.figure} | {_number(c.check.expected)} | "
                f"{span if c.held is not None else ''} | {_number(c.computed)} | {verdict} |"
            )
    return "\n".join([*lines, ""])


def _limits() -> str:
    return """## What this does not show

Vignettes come from case reports and teaching cases: rare and dangerous things are over-represented and stories are
tidier than in practice. The maintainers coded them; nobody coded them twice. Simulated patients follow the model, so
their calibration shows that uncertainty is carried through, not that the knowledge is true.

The published tables are not an independent test. About ten likelihoods were set or corrected with the tables in view,
among them the urge to move and the side of night cramps, whose last values were chosen after seeing which tables
failed; so the share of people without restless legs who meet its four criteria, which rests on them, is a fit and not
a prediction. Four tables are held against an interval that spans sources which disagree.
"""
