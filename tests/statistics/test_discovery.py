"""False discoveries: hand arithmetic, R's p.adjust, SciPy, and what must not change the answer."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from soleus.statistics.discovery import adjusted_p

some = settings(max_examples=100, deadline=None)
P = st.lists(st.floats(0, 1), min_size=1, max_size=40)


def test_each_p_value_is_multiplied_by_the_number_of_tests_over_its_rank() -> None:
    # Ranks 1, 2, 3 of 3: 0.01 x 3, 0.02 x 3 / 2, 0.5 x 3 / 3; the second is no smaller than the first.
    assert adjusted_p([0.02, 0.5, 0.01]) == pytest.approx([0.02 * 3 / 2, 0.5, 0.01 * 3])


def test_figures_are_those_of_p_adjust_of_r() -> None:
    # R 4.2.2: p.adjust(c(0.01, 0.04, 0.03, 0.005, 0.2, 0.2), "BH") and "BY".
    p = [0.01, 0.04, 0.03, 0.005, 0.2, 0.2]
    assert adjusted_p(p) == pytest.approx([0.03, 0.06, 0.06, 0.03, 0.2, 0.2])
    assert adjusted_p(p, "benjamini_yekutieli") == pytest.approx([0.0735, 0.147, 0.147, 0.0735, 0.49, 0.49])


@some
@given(P)
def test_both_methods_are_those_of_scipy(p: list[float]) -> None:
    assert adjusted_p(p) == pytest.approx(stats.false_discovery_control(p, method="bh"), rel=1e-12)
    expected = stats.false_discovery_control(p, method="by")
    assert adjusted_p(p, "benjamini_yekutieli") == pytest.approx(expected, rel=1e-12)


@some
@given(P)
def test_what_was_not_tested_does_not_count(p: list[float]) -> None:
    found = adjusted_p([math.nan, *p, math.nan])
    assert np.isnan(found[[0, -1]]).all()
    assert found[1:-1].tolist() == adjusted_p(p).tolist()


@some
@given(P)
def test_no_p_value_becomes_smaller_and_the_order_stays(p: list[float]) -> None:
    found = adjusted_p(p)
    assert (found >= np.array(p) - 1e-15).all()
    assert (np.diff(found[np.argsort(p)]) >= 0).all()


def test_the_shape_is_kept() -> None:
    assert adjusted_p([[0.1, 0.2], [0.3, 0.4]]).shape == (2, 2)
    assert adjusted_p([]).size == 0
