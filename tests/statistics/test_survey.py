"""Shares and logistic regression of a survey, against R's package survey and against plain loops.

The reference values are of R 4.2.2 with survey 4.1-1 (Debian 12) on the made-up survey below, with
``svydesign(ids=~psu, strata=~stratum, weights=~weight, nest=TRUE)``, ``svyciprop(method="logit", df=degf(design))``,
``svyglm(family=quasibinomial(), control=glm.control(epsilon=1e-15, maxit=100))`` and
``confint(ddf=df.residual)``; domains by ``subset``, the lonely unit by ``survey.lonely.psu="adjust"``. R stops
iterating a little earlier than we do, so its standard errors hold to about eight digits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from soleus.errors import CannotAssess
from soleus.statistics.survey import Design, Flags, Floats, Lonely, logistic, share

N = 120
NUMBER = np.arange(N)


@dataclass(frozen=True)
class Sample:
    stratum: Floats
    psu: Floats
    weight: Floats
    age: Floats
    x: Floats
    y: Floats

    def design(self, lonely: Lonely = "error") -> Design:
        return Design(self.stratum, self.psu, self.weight, lonely)

    def part(self, inside: Flags) -> Sample:
        return Sample(*(v[inside] for v in (self.stratum, self.psu, self.weight, self.age, self.x, self.y)))


@pytest.fixture
def sample() -> Sample:
    """Four strata of two units, the last of three; as the R script makes it."""
    i = NUMBER
    stratum = i % 4
    return Sample(
        stratum=stratum.astype(float),
        psu=((i // 4) % np.where(stratum == 3, 3, 2)).astype(float),
        weight=1 + (i * 7) % 11 / 2,
        age=np.asarray(20.0 + (i * 37) % 60, np.float64),
        x=((i * 13) % 7 < 3).astype(float),
        y=((i * i + 5 * i) % 9 < 3 + ((i * 13) % 7) // 3).astype(float),
    )


EVERYBODY = np.ones(N, bool)
DOMAIN = (NUMBER * 3) % 5 > 0


def errors_of(sample: Sample, design: Design, within: Flags) -> tuple[list[float], list[float], int]:
    fit = logistic(design, sample.y, np.column_stack([sample.x, sample.age]), within)
    assert fit is not None
    return list(fit.beta), list(np.sqrt(np.diag(fit.covariance))), fit.design_df


# ------------------------------------------------------------------------------------------- R's package survey


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        (EVERYBODY, (0.328180737218, 0.217960556193, 0.461263116422)),
        (DOMAIN, (0.325991189427, 0.208048366311, 0.471028508825)),
    ],
    ids=["all", "domain"],
)
def test_a_share_and_its_interval_are_those_of_r(
    sample: Sample, within: Flags, expected: tuple[float, float, float]
) -> None:
    found = share(sample.design(), sample.y, within)
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx(expected, rel=1e-11)
    assert found.df == 5


@pytest.mark.parametrize(
    ("within", "beta", "errors", "interval"),
    [
        (
            EVERYBODY,
            (0.358919240905, -1.34178223584, -0.0118137327266),
            (0.544027329103, 0.325822502558, 0.00948501983126),
            (0.0926714482671, 0.737219489456),
        ),
        (
            DOMAIN,
            (0.530498127523, -1.41887799707, -0.0148604539715),
            (0.738221542166, 0.420895906175, 0.0134097437739),
            (0.0633958663884, 0.923670959172),
        ),
    ],
    ids=["all", "domain"],
)
def test_a_logistic_regression_is_that_of_r(
    sample: Sample, within: Flags, beta: list[float], errors: list[float], interval: tuple[float, float]
) -> None:
    fit = logistic(sample.design(), sample.y, np.column_stack([sample.x, sample.age]), within)
    assert fit is not None
    assert fit.beta == pytest.approx(beta, rel=1e-8)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(errors, rel=1e-8)
    ratio = fit.ratio(0)
    assert ratio is not None
    assert (ratio.low, ratio.high) == pytest.approx(interval, rel=1e-8)
    assert (fit.design_df, ratio.df) == (5, 3)


def test_a_lonely_unit_is_centred_on_all_units_as_r_adjusts_it(sample: Sample) -> None:
    part = sample.part(~((sample.stratum == 0) & (sample.psu == 1)))
    beta, errors, df = errors_of(part, part.design("centred"), np.ones(len(part.y), bool))
    assert beta == pytest.approx([0.164906776359, -1.22281231595, -0.00925627731836], rel=1e-8)
    assert errors == pytest.approx([0.56726408711, 0.290248731654, 0.0098176562428], rel=1e-8)
    assert df == 4


def test_a_domain_without_anybody_of_a_unit_keeps_the_unit_and_loses_its_degree_of_freedom(sample: Sample) -> None:
    within = ~((sample.stratum == 1) & (sample.psu == 0))
    beta, errors, df = errors_of(sample, sample.design(), within)
    assert beta == pytest.approx([0.597337642781, -1.36525816388, -0.015471860727], rel=1e-8)
    assert errors == pytest.approx([0.502370171354, 0.377938814489, 0.00792599744094], rel=1e-8)
    assert df == 4
    found = share(sample.design(), sample.y, within)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((0.197941172182, 0.507378295552), rel=1e-11)


# ---------------------------------------------------------------------------------------------------- plain loops


def slow_variance(sample: Sample, scores: Floats) -> Floats:
    """The formula of the module, unit by unit."""
    total = np.zeros((scores.shape[1],) * 2)
    for h in np.unique(sample.stratum):
        units = np.unique(sample.psu[sample.stratum == h])
        sums = [scores[(sample.stratum == h) & (sample.psu == u)].sum(axis=0) for u in units]
        mean = sum(sums) / len(sums)
        for z in sums:
            total += len(sums) / (len(sums) - 1) * np.outer(z - mean, z - mean)
    return total


drawn = st.integers(0, 2**32 - 1)
some = settings(deadline=None)


def made_up(seed: int) -> Sample:
    """A random sample of 2 to 4 strata with 2 to 3 units of at least four people."""
    rng = np.random.default_rng(seed)
    rows = [
        (h, u)
        for h in range(int(rng.integers(2, 5)))
        for u in range(int(rng.integers(2, 4)))
        for _ in range(int(rng.integers(4, 12)))
    ]
    stratum, psu = np.array(rows, float).T
    n = len(rows)
    y, x = rng.integers(0, 2, n).astype(float), rng.integers(0, 2, n).astype(float)
    y[:4], x[:4] = (0, 0, 1, 1), (0, 1, 0, 1)  # so that an odds ratio exists
    return Sample(stratum, psu, rng.uniform(0.5, 20, n), rng.uniform(18, 80, n), x, y)


@some
@given(drawn)
def test_the_variance_is_that_of_plain_loops(seed: int) -> None:
    sample = made_up(seed)
    scores = np.random.default_rng(seed).normal(size=(len(sample.y), 3))
    design = sample.design()
    assert design.variance(scores) == pytest.approx(slow_variance(sample, scores), rel=1e-9, abs=1e-9)


@some
@given(drawn)
def test_the_regression_maximises_the_weighted_likelihood(seed: int) -> None:
    sample = made_up(seed)
    fit = logistic(sample.design(), sample.y, sample.x, np.ones(len(sample.y), bool))
    assert fit is not None
    columns = np.column_stack([np.ones(len(sample.y)), sample.x])

    def loss(beta: Floats) -> float:
        eta = columns @ beta
        return float(sample.weight @ (np.logaddexp(0, eta) - sample.y * eta))

    best = optimize.minimize(loss, np.zeros(2), method="BFGS", options={"gtol": 1e-9}).x
    assert fit.beta == pytest.approx(best, abs=1e-4)
    assert loss(fit.beta) <= loss(best) + 1e-9


@some
@given(drawn)
def test_the_ratio_of_two_groups_is_that_of_the_weighted_table(seed: int) -> None:
    """(a d) / (b c) with the weights of the four kinds of people."""
    sample = made_up(seed)
    fit = logistic(sample.design(), sample.y, sample.x, np.ones(len(sample.y), bool))
    assert fit is not None
    ratio = fit.ratio(0)
    a, b, c, d = (sample.weight[(sample.x == i) & (sample.y == j)].sum() for i, j in ((1, 1), (1, 0), (0, 1), (0, 0)))
    assert ratio is not None
    assert ratio.value == pytest.approx(a * d / (b * c), rel=1e-8)


@some
@given(drawn)
def test_a_share_is_the_regression_without_columns(seed: int) -> None:
    """Both reach the same log odds; the share's scores are those of an intercept alone."""
    sample = made_up(seed)
    found = share(sample.design(), sample.y, np.ones(len(sample.y), bool))
    assert found is not None
    p = found.value
    assert p == pytest.approx(float(np.average(sample.y, weights=sample.weight)))
    scores = (sample.weight * (sample.y - p) / (sample.weight.sum() * p * (1 - p)))[:, None]
    error = float(np.sqrt(slow_variance(sample, scores)[0, 0]))
    assert found.low is not None
    assert found.high is not None
    width = np.log(found.high / (1 - found.high)) - np.log(found.low / (1 - found.low))
    assert width == pytest.approx(2 * error * student(found.df), rel=1e-8)


def student(df: int) -> float:
    from scipy.stats import t

    return float(t.ppf(0.975, df))


@some
@given(drawn, st.floats(1e-3, 1e6))
def test_only_the_proportions_of_weights_count_and_no_order(seed: int, factor: float) -> None:
    sample = made_up(seed)
    order = np.random.default_rng(seed).permutation(len(sample.y))
    other = Sample(
        *(v[order] for v in (sample.stratum, sample.psu, sample.weight * factor, sample.age, sample.x, sample.y))
    )
    one, two = (logistic(s.design(), s.y, s.x, np.ones(len(s.y), bool)) for s in (sample, other))
    assert one is not None
    assert two is not None
    assert two.beta == pytest.approx(one.beta, rel=1e-7, abs=1e-9)
    assert two.covariance == pytest.approx(one.covariance, rel=1e-7, abs=1e-12)


@some
@given(drawn)
def test_two_persons_of_half_a_weight_are_one_person(seed: int) -> None:
    sample = made_up(seed)
    halves = [np.repeat(v, 2) for v in (sample.stratum, sample.psu, sample.weight / 2, sample.age, sample.x, sample.y)]
    double = Sample(*halves)
    one, two = (share(s.design(), s.y, np.ones(len(s.y), bool)) for s in (sample, double))
    assert one is not None
    assert two is not None
    assert (two.value, two.low, two.high) == pytest.approx((one.value, one.low, one.high))
    assert two.n == 2 * one.n


# ------------------------------------------------------------------------------------------------------- the ends


def test_a_stratum_of_one_unit_is_an_error_that_says_what_to_do(sample: Sample) -> None:
    part = sample.part(~((sample.stratum == 0) & (sample.psu == 1)))
    with pytest.raises(CannotAssess, match=r"1 strata with one sampling unit.*centre"):
        part.design()


def test_units_of_one_number_in_two_strata_are_two_units() -> None:
    design = Design([1, 1, 2, 2], [1, 2, 1, 2], [1, 1, 1, 1])
    assert design.df(np.ones(4, bool)) == 2


def test_who_has_no_weight_does_not_count(sample: Sample) -> None:
    weight = np.where(DOMAIN, sample.weight, 0.0)
    found = share(Design(sample.stratum, sample.psu, weight), sample.y, EVERYBODY)
    assert found == share(sample.design(), sample.y, DOMAIN)


def test_what_is_not_known_leaves_the_domain(sample: Sample) -> None:
    y = np.where(DOMAIN, sample.y, np.nan)
    assert share(sample.design(), y, EVERYBODY) == share(sample.design(), sample.y, DOMAIN)
    x = np.where(DOMAIN, sample.x, np.nan)
    one, two = logistic(sample.design(), sample.y, x, EVERYBODY), logistic(sample.design(), y, sample.x, EVERYBODY)
    assert one is not None
    assert two is not None
    assert one.n == two.n == DOMAIN.sum()
    assert one.beta == pytest.approx(two.beta)


def test_a_share_of_nought_or_one_has_no_interval(sample: Sample) -> None:
    found = share(sample.design(), np.zeros(N), EVERYBODY)
    assert found is not None
    assert (found.value, found.low, found.high) == (0.0, None, None)


def test_an_empty_domain_has_neither_share_nor_ratio(sample: Sample) -> None:
    assert share(sample.design(), sample.y, ~EVERYBODY) is None
    assert logistic(sample.design(), sample.y, sample.x, ~EVERYBODY) is None


def test_a_group_in_which_nobody_has_the_outcome_has_no_ratio(sample: Sample) -> None:
    assert logistic(sample.design(), np.where(sample.x == 1, 0.0, sample.y), sample.x, EVERYBODY) is None


def test_columns_that_say_the_same_have_no_ratio(sample: Sample) -> None:
    assert logistic(sample.design(), sample.y, np.column_stack([sample.x, 1 - sample.x]), EVERYBODY) is None
    assert logistic(sample.design(), sample.y, np.column_stack([sample.x, np.ones(N)]), EVERYBODY) is None


def test_a_ratio_for_ten_years_is_that_for_one_to_the_tenth(sample: Sample) -> None:
    fit = logistic(sample.design(), sample.y, sample.age, EVERYBODY)
    assert fit is not None
    one, ten, less = fit.ratio(0), fit.ratio(0, per=10), fit.ratio(0, per=-1)
    assert one is not None
    assert ten is not None
    assert less is not None
    assert (ten.value, ten.low, ten.high) == pytest.approx((one.value**10, one.low**10, one.high**10))
    assert (less.value, less.low, less.high) == pytest.approx((1 / one.value, 1 / one.high, 1 / one.low))


def test_more_parameters_than_degrees_of_freedom_leave_no_interval() -> None:
    """Two strata of two units: two degrees of freedom, three further parameters."""
    rng = np.random.default_rng(7)
    n = 80
    design = Design(np.arange(n) % 2, (np.arange(n) // 2) % 2, np.ones(n))
    fit = logistic(design, rng.integers(0, 2, n), rng.normal(size=(n, 3)), np.ones(n, bool))
    assert fit is not None
    assert fit.design_df == 2
    assert fit.ratio(0) is None
