"""Figures of the validation: intervals, ranks, triage and calibration, with visible arithmetic."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from soleus.evidence.record import Publication
from soleus.validation.scoring import Outcome, Share, judge_one, recalibration, score, slope
from soleus.validation.vignettes import Expected, Vignette


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        # Newcombe, Stat Med 1998;17:857-872, table I, method 3 (Wilson score without continuity correction).
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_that_of_the_published_examples(k: int, n: int, low: float, high: float) -> None:
    found = Share(k, n).interval
    assert found is not None
    assert found == pytest.approx((low, high), abs=5e-5)


def test_a_share_of_none_is_no_number() -> None:
    assert Share(0, 0).value is None
    assert Share(0, 0).interval is None
    assert Share(0, 0).words() == "none"
    assert Share(3, 4).words() == "3/4 = 75% (30% to 95%)"


def synthetic(true_slope: float, n: int = 40_000) -> tuple[list[float], list[bool]]:
    """Probabilities whose log-odds are right up to a factor."""
    rng = np.random.default_rng(3)
    log_odds = rng.normal(0.5, 1.5, n)
    right = rng.random(n) < 1 / (1 + np.exp(-true_slope * log_odds))
    return list(1 / (1 + np.exp(-log_odds))), list(right)


@pytest.mark.parametrize("true", [0.5, 1.0, 1.5])
def test_the_slope_of_synthetic_answers_is_found(true: float) -> None:
    assert slope(*synthetic(true)) == pytest.approx(true, abs=0.05)
    intercept, _ = recalibration(*synthetic(true))
    assert intercept == pytest.approx(0, abs=0.05)


def test_answers_that_are_always_right_have_no_slope() -> None:
    assert slope([0.9, 0.8], [True, True]) is None
    assert slope([0.9, 0.8], [False, False]) is None


def outcome(**changed: Any) -> Outcome:
    expected = Expected(explanation="a", dangerous=False, urgency="routine")
    vignette = Vignette(
        id="x", title="x", kind="teaching_case", source=Publication(title="x"), summary="x", expected=expected, case={}
    )
    plain = Outcome(
        vignette=vignette, rank=1, strict_rank=1, probability=0.8, strict_probability=0.8, first="a",
        first_probability=0.8, leading="a", cause_right=None, named=True, flagged=False, any_flag=False,
        do_not_miss=0, soon=False, stability=0.9, brier=0.1,
    )  # fmt: skip
    told = {k: changed.pop(k) for k in ("dangerous", "urgency") if k in changed}
    return replace(plain, vignette=vignette_of(vignette, **told), **changed)


def vignette_of(vignette: Vignette, **told: Any) -> Vignette:
    from msgspec.structs import replace as changed

    return changed(vignette, expected=changed(vignette.expected, **told))


def test_ranks_and_causes_are_counted() -> None:
    found = score(
        [
            outcome(),
            outcome(rank=2, strict_rank=4),
            outcome(rank=3, cause_right=True),
            outcome(rank=9, cause_right=False),
        ]
    )
    assert (found.top1.k, found.top1.n) == (1, 4)
    assert (found.top3.k, found.top3.n) == (3, 4)
    assert (found.top1_strict.k, found.top1_strict.n) == (3, 4)
    assert (found.top1_diagnosis.k, found.top1_diagnosis.n) == (1, 2)  # only where the source names a cause


def test_triage_counts_benign_and_dangerous_apart() -> None:
    benign = [outcome(flagged=True, do_not_miss=6), outcome(do_not_miss=2), outcome(do_not_miss=0)]
    missed = outcome(dangerous=True, urgency="emergency", named=False)
    seen = outcome(dangerous=True, urgency="same_day", soon=True)
    later = outcome(dangerous=True, urgency="urgent")
    found = score([*benign, missed, seen, later])
    assert (found.over_triage.k, found.over_triage.n) == (1, 3)
    assert found.dnm_entries_median == 2
    assert (found.must_not_miss_recall.k, found.must_not_miss_recall.n) == (2, 3)
    assert (found.under_triage.k, found.under_triage.n) == (1, 2)  # of those that needed care the same day


def test_a_vignette_that_cannot_be_judged_counts_as_missed() -> None:
    from soleus.reasoning.compiled import shipped_compiled

    nothing = outcome(dangerous=True).vignette
    found = judge_one(nothing, shipped_compiled(), draws=50)
    assert found.error
    assert found.rank > 3
    assert not found.named
    assert score([found]).must_not_miss_recall.k == 0
