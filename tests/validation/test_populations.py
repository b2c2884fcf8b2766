"""The figures about whole populations: what they mean, and which are kept where a table is not here."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from soleus.knowledge.loader import shipped
from soleus.population.nhanes.analysis import nhanes_figures
from soleus.validation import populations
from soleus.validation.populations import PopulationResults, Recovered, figures, measure, section


def found(low: list[list[float]], high: list[list[float]], adjusted: list[list[float]]) -> Recovered:
    shape = np.array(adjusted)
    return Recovered(("g12-laba", "control"), np.array([2.0, 1.0]), shape, np.array(low), np.array(high), shape * 100)


EFFECT = found([[1.5, 0.8], [2.1, 0.7]], [[3.0, 1.2], [4.0, math.nan]], [[2.0, 1.1], [2.88, 1.1]])
NOTHING = found([[1.9, 1.1], [1.9, 0.9]], [[2.1, 1.3], [2.1, 1.2]], [[2.0, 1.2], [2.0, 1.0]])
RESULTS = PopulationResults(1000, EFFECT, NOTHING, EFFECT, {"nhanes_mild_2005": 0.242}, False)


def test_an_interval_without_a_bound_holds_nothing() -> None:
    assert EFFECT.held.tolist() == [[True, True], [False, False]]


def test_bias_is_that_of_the_geometric_mean_and_the_figure_is_the_largest() -> None:
    assert EFFECT.bias == pytest.approx([math.sqrt(1 * 1.44) - 1, 0.1])  # 1.2 and 1.1 times what was planted
    assert figures(RESULTS)["ssa_bias"] == pytest.approx(0.2)


def test_coverage_and_false_positives_are_shares_of_all_intervals() -> None:
    assert figures(RESULTS)["ssa_coverage_95"] == 0.5
    assert figures(RESULTS)["ssa_false_positives"] == 0.25


def test_the_page_names_the_fact_and_says_what_was_not_measured_in_this_run() -> None:
    told = section(RESULTS, shipped())
    flowing = " ".join(told.split())
    assert "| `g12-laba` laba any | 244 | 2.00 | 2.40 | +20.0% | 50.0% | 0.0% |" in told
    assert "the largest bias is 20%, and 50% of the intervals hold" in flowing
    assert "these are the last figures" in told
    assert "`nhanes_mild_2005` 24.2%" in told
    without = section(PopulationResults(1000, EFFECT, NOTHING, EFFECT, {}, False), shipped())
    assert "was not measured" in without


def test_without_the_survey_its_last_figures_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOLEUS_TEST_DATA", raising=False)
    kept = measure(shipped(), {"nhanes_mild_2005": 0.25, "top1": 0.9}, populations=2)
    assert dict(kept.survey) == {"nhanes_mild_2005": 0.25}
    assert not kept.measured
    assert kept.effect.adjusted.shape == (2, 6)


def test_with_the_survey_its_shares_are_those_that_were_published(
    test_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOLEUS_TEST_DATA", str(test_data))
    folder = populations.survey_folder()
    assert folder is not None
    shares = nhanes_figures(folder)
    assert set(shares) == set(populations.SURVEY)
    # Grandner and Winkelman 2017: mild 24 to 25 %, moderate to severe 6 %.
    assert all(0.235 <= shares[f"nhanes_mild_{year}"] <= 0.26 for year in (2005, 2007))
    assert all(0.05 <= shares[f"nhanes_modsev_{year}"] <= 0.065 for year in (2005, 2007))
