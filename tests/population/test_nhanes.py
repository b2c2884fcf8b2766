"""NHANES: what is read, how factors are made, and the figures, against R's package survey and published ones."""

from __future__ import annotations

import csv
import gzip
import html
import lzma
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

import msgspec
import numpy as np
import pytest
import yaml

from soleus.errors import Contradiction, InvalidValue, UnknownName, UnreadableInput
from soleus.knowledge.loader import shipped
from soleus.knowledge.schema.core import Contributor, Finding
from soleus.knowledge.schema.medicines import Medicine
from soleus.population.nhanes.analysis import (
    Analysis,
    OddsRatio,
    Prevalence,
    Survey,
    analyse,
    nhanes_figures,
    odds_ratio,
)
from soleus.population.nhanes.definitions import Factor, Step, definitions
from soleus.population.nhanes.medicines import Classes
from soleus.population.nhanes.people import People
from soleus.reasoning.medicines import medicine_index
from soleus.reports.nhanes import to_json
from soleus.statistics.survey import logistic
from tests.population.made_up_survey import FIRST, tables, transport, write_csv, write_survey

TOLD = definitions()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_survey(tmp_path_factory.mktemp("survey"))


@pytest.fixture(scope="module")
def made_up(folder: Path) -> Analysis:
    return analyse(folder)


@cache
def analysed(folder: Path) -> Analysis:
    return analyse(folder)


@pytest.fixture
def nhanes(test_data: Path) -> Path:
    return test_data / "data/nhanes"


@pytest.fixture
def found(nhanes: Path) -> Analysis:
    """The analysis of the real tables, made once."""
    return analysed(nhanes)


def ratio_of(found: Analysis, factor: str) -> OddsRatio:
    return next(r for r in found.odds_ratios if r.factor == factor)


def overall(found: Analysis, cycle: str | None, level: str) -> list[Prevalence]:
    """The shares of all adults."""
    return [
        p for p in found.prevalence if (p.cycle, p.age, p.sex, p.factor, p.level) == (cycle, "18+", None, None, level)
    ]


def figures(r: OddsRatio) -> tuple[float | None, ...]:
    return r.crude, r.crude_low, r.crude_high, r.adjusted, r.adjusted_low, r.adjusted_high


# ------------------------------------------------------------------------------------------------- the real tables


def test_the_answers_are_counted_as_the_survey_publishes_them(found: Analysis, nhanes: Path) -> None:
    """Each cycle's codebook page gives the number of people who gave each answer."""
    for answers, suffix in zip(found.answers, "DE", strict=True):
        page = gzip.decompress((nhanes / f"SLQ_{suffix}_codebook.htm.gz").read_bytes()).decode("utf-8", "replace")
        text = html.unescape(re.sub(r"[\s|]+", " ", re.sub(r"<[^>]+>", "|", page)))
        told = text[text.rindex("SLQ160 - ") :].split("SLQ170 - ")[0]
        words = ("Never", r"Rarely \(1 time a month\)", r"Sometimes \(2-4 times a month\)",
                 r"Often \(5-15 times a month\)", r"Almost always \(16-30 times a month\)")  # fmt: skip
        published = [int(m[1]) for w in words if (m := re.search(rf"{w} (\d+) ", told))]
        assert list(answers.counts.values()) == published
        refused, unknown = (int(m[1]) for w in ("Refused", "Don't know") if (m := re.search(rf"{w} (\d+) ", told)))
        assert answers.no_answer == refused + unknown


def test_the_answers_are_those_that_were_handed_over(found: Analysis) -> None:
    first, second = found.answers
    assert list(first.counts.values()) == [4267, 731, 778, 246, 109]
    assert list(second.counts.values()) == [4378, 775, 935, 287, 167]
    assert (first.no_answer, second.no_answer) == (1 + 7, 1 + 3)


def test_the_shares_of_adults_are_those_published(nhanes: Path) -> None:
    """Grandner and Winkelman 2017: mild 24 to 25 %, moderate to severe 6 %."""
    shares = nhanes_figures(nhanes)
    assert list(shares) == ["nhanes_mild_2005", "nhanes_modsev_2005", "nhanes_mild_2007", "nhanes_modsev_2007"]
    assert [round(100 * v, 1) for v in shares.values()] == [24.2, 5.7, 25.4, 5.9]
    assert all(0.235 <= shares[f"nhanes_mild_{y}"] < 0.255 for y in (2005, 2007))
    assert all(0.055 <= shares[f"nhanes_modsev_{y}"] < 0.065 for y in (2005, 2007))


#: R 4.2.2, survey 4.1-1: svyciprop(method="logit", df=degf(design)) on the same people.
R_SHARES = {
    ("2005-2006", "18+", None, "mild"): (0.24210535, 0.21791992, 0.26805497, 15),
    ("2007-2008", "18+", None, "mild"): (0.25401659, 0.23013775, 0.27947364, 16),
    (None, "18+", None, "mild"): (0.24813420, 0.23164568, 0.26539099, 31),
    ("2005-2006", "18+", None, "moderate_to_severe"): (0.05712441, 0.04731347, 0.06882277, 15),
    ("2007-2008", "18+", None, "moderate_to_severe"): (0.05903352, 0.04800895, 0.07239721, 16),
    (None, "18+", None, "moderate_to_severe"): (0.05809070, 0.05078712, 0.06637115, 31),
    (None, "80+", "female", "moderate_to_severe"): (0.11745145, 0.08944437, 0.15275696, 30),  # nobody in one unit
}


@pytest.mark.parametrize("of", R_SHARES, ids=lambda of: "-".join(filter(None, of)))
def test_a_share_is_that_of_r(found: Analysis, of: tuple[str | None, str, str | None, str]) -> None:
    (p,) = [p for p in found.prevalence if (p.cycle, p.age, p.sex, p.level) == of and p.factor is None]
    *expected, df = R_SHARES[of]
    assert (p.share, p.low, p.high) == pytest.approx(expected, abs=1e-8)
    assert p.design_df == df


#: The same, svyglm(quasibinomial, epsilon=1e-14) with confint(ddf=df.residual): n, degf, df of both, both ratios.
R_RATIOS = {
    "laba": (11779, 31, 30, 28, 2.680023, 1.498819, 4.792121, 2.291495, 1.301379, 4.034911),
    "loop": (11779, 31, 30, 28, 2.758893, 1.972950, 3.857923, 1.855333, 1.316052, 2.615597),
    "thiazide": (11779, 31, 30, 28, 1.746883, 1.315751, 2.319284, 1.217771, 0.908234, 1.632801),
    "statin": (11779, 31, 30, 28, 1.492956, 1.163119, 1.916329, 1.059274, 0.801378, 1.400167),
    "quinine_class": (11779, 31, 30, 28, 16.698377, 7.034119, 39.640471, 12.178574, 5.395667, 27.488288),
    "oral_contraceptive": (11779, 31, 30, 28, 0.880569, 0.421163, 1.841099, 0.988817, 0.457777, 2.135885),
    "dialysis": (10878, 31, 30, 28, 6.658817, 2.281035, 19.438480, 5.757078, 1.995840, 16.606515),
    "diabetes": (11768, 31, 30, 28, 2.366843, 1.742746, 3.214436, 1.876260, 1.366057, 2.577018),
    "gout": (5923, 16, 15, 13, 2.702967, 1.694577, 4.311418, 2.708134, 1.635923, 4.483087),
    "arthritis": (10883, 31, 30, 28, 3.566542, 2.840603, 4.478002, 3.152523, 2.351978, 4.225550),
    "smoking_current": (10891, 31, 30, 28, 1.629120, 1.356513, 1.956510, 2.038361, 1.688275, 2.461043),
    "pregnant_month_7_on": (2109, 31, 30, 29, 3.362888, 1.809317, 6.250431, 3.387872, 1.737570, 6.605588),
    "potassium_low": (10537, 31, 30, 28, 1.143985, 0.714601, 1.831375, 1.047288, 0.645299, 1.699695),
    "sodium_low": (10538, 31, 30, 28, 2.013874, 1.349823, 3.004605, 1.636511, 1.109477, 2.413902),
    "depression": (10212, 31, 30, 28, 5.099669, 4.104875, 6.335546, 5.126023, 4.125903, 6.368572),
    "b12_low": (4899, 15, 14, 12, 0.921649, 0.357277, 2.377533, 0.784532, 0.304799, 2.019334),
    "obesity": (11115, 31, 30, 28, 1.458108, 1.214448, 1.750656, 1.403184, 1.170509, 1.682110),
    "hba1c_per_1": (10626, 31, 30, 28, 1.276081, 1.214994, 1.340240, 1.217640, 1.155399, 1.283234),
}


@pytest.mark.parametrize("factor", R_RATIOS)
def test_a_ratio_is_that_of_r(found: Analysis, factor: str) -> None:
    r = ratio_of(found, factor)
    n, df, crude_df, adjusted_df, *expected = R_RATIOS[factor]
    assert figures(r) == pytest.approx(tuple(expected), abs=2e-6)
    assert (r.n, r.design_df, r.crude_df, r.adjusted_df) == (n, df, crude_df, adjusted_df)


@pytest.mark.parametrize(
    ("factor", "told"), [("laba", "2.29 1.30 4.03"), ("loop", "1.86 1.32 2.62"), ("thiazide", "1.22 0.91 1.63")]
)
def test_the_ratios_that_were_handed_over_come_out_to_two_decimals(found: Analysis, factor: str, told: str) -> None:
    r = ratio_of(found, factor)
    assert " ".join(f"{v:.2f}" for v in figures(r)[3:]) == told


def test_the_ratio_of_statins_that_was_handed_over_counts_nystatin(found: Analysis, nhanes: Path) -> None:
    """1.07 (0.81-1.41) is that of every name with STATIN in it; six of these people take nystatin, against fungi."""
    survey = Survey(nhanes)
    people, named = survey.people, np.zeros(len(survey.people))
    for number, cycle in enumerate(people.cycles):
        table = people.rows("RXQ_RX", cycle)
        assert table is not None
        for place, name in zip(people.places(table, number, once=False), table.words("RXDDRUG"), strict=True):
            named[place] = max(named[place], float("STATIN" in name))
    fit = survey.fit(survey.level("moderate_to_severe"), named, ("age", "sex"), "interview", survey.adults())
    ratio = fit.ratio(0) if fit else None
    assert ratio is not None
    assert f"{ratio.value:.2f} {ratio.low:.2f} {ratio.high:.2f}" == "1.07 0.81 1.41"
    answered = survey.adults() & ~np.isnan(people.answer)
    statin = ratio_of(found, "statin")
    assert statin.n_exposed is not None
    assert int(named[answered].sum()) == statin.n_exposed + 6
    assert " ".join(f"{v:.2f}" for v in figures(statin)[3:]) == "1.06 0.80 1.40"


def test_every_factor_is_computed_and_every_class_that_enough_people_take_is_one(found: Analysis, nhanes: Path) -> None:
    assert found.not_computed == ()
    assert len(found.odds_ratios) >= 100
    survey = Survey(nhanes)
    answered = survey.adults() & ~np.isnan(survey.people.answer)
    users = {c: int(np.nansum(v[answered])) for c, v in survey.takers.items()}
    assert {c for c, n in users.items() if n >= TOLD.medicines.least} == {
        r.medicine_class for r in found.odds_ratios if r.group == "medicine"
    }
    assert {r.factor: r.n_exposed for r in found.odds_ratios if r.factor in ("loop", "laba", "thiazide")} == {
        "loop": 446, "laba": 197, "thiazide": 1111,
    }  # fmt: skip


def test_the_facts_and_the_page_are_those_of_the_tables(
    found: Analysis, nhanes: Path, root: Path, program: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If this fails: tools/make_nhanes_facts.py, then `soleus knowledge compile`."""
    monkeypatch.syspath_prepend(root / "tools")
    tool = program("make_nhanes_facts")
    written = yaml.safe_load((root / "src/soleus/knowledge/data/facts_nhanes.yaml").read_text(encoding="utf-8"))
    made = sorted(tool.facts(found), key=lambda record: str(record["id"]))
    assert [{k: v for k, v in r.items() if v is not None} for r in made] == written["records"]
    page = tool.page(found, list(tool.Earlier(Survey(nhanes)).all()))
    assert page == (root / "docs/nhanes.md").read_text(encoding="utf-8")


def test_one_cycle_alone_is_weighed_by_itself(nhanes: Path, tmp_path: Path, found: Analysis) -> None:
    for name in ("DEMO_D", "SLQ_D"):
        (tmp_path / f"{name}.csv.xz").symlink_to(nhanes / f"{name}.csv.xz")
    alone = analyse(tmp_path)
    (whole,) = overall(alone, None, "mild")
    (part,) = overall(found, "2005-2006", "mild")
    assert (whole.share, whole.low, whole.high) == pytest.approx((part.share, part.low, part.high))


# ------------------------------------------------------------------------------------------------ made-up tables


def test_the_json_holds_prevalence_and_odds_ratios_as_the_issue_names_them(made_up: Analysis) -> None:
    tree = msgspec.json.decode(to_json(made_up))
    asked = ["factor", "n", "n_exposed", "crude", "crude_low", "crude_high", "adjusted", "adjusted_low",
             "adjusted_high", "design_df"]  # fmt: skip
    assert tree["prevalence"]
    assert all(set(asked) <= set(row) for row in tree["odds_ratios"])
    assert tree["review_status"] == "submitted"
    assert "no clinician" in tree["review_sentence"]


def test_what_was_planted_is_found(made_up: Analysis) -> None:
    """Odds of 0.35 against 0.15: 3.05; a fifth of the people takes furosemide."""
    r = ratio_of(made_up, "loop")
    assert r.adjusted_low is not None
    assert r.adjusted_high is not None
    assert r.adjusted_low < (0.35 / 0.65) / (0.15 / 0.85) < r.adjusted_high
    assert r.n_exposed is not None
    assert r.n_exposed / r.n == pytest.approx(0.2, abs=0.04)
    assert [k.contributor for k in r.knowledge] == ["diuretic_loop"]
    assert r.family == "nhanes_prevalent_users"


def test_a_ratio_is_the_regression_of_the_columns_read_by_hand(folder: Path, made_up: Analysis) -> None:
    """Potassium of the made-up tables, joined by hand, with the weights of the examination."""
    keys = np.concatenate([np.array(tables(c)["DEMO"]["SEQN"]) for c in "DE"])
    answers = {k: a for c in "DE" for k, a in zip(tables(c)["SLQ"]["SEQN"], tables(c)["SLQ"]["SLQ160"], strict=True)}
    potassium = np.concatenate([np.array(tables(c)["BIOPRO"]["LBXSKSI"], float) for c in "DE"])
    age = np.concatenate([np.array(tables(c)["DEMO"]["RIDAGEYR"], float) for c in "DE"])
    female = np.concatenate([np.array(tables(c)["DEMO"]["RIAGENDR"]) == 2 for c in "DE"])
    raw = np.array([answers.get(k, np.nan) for k in keys], float)
    outcome = np.where(raw > 4, np.nan, np.where(np.isnan(raw), np.nan, raw >= 3))
    low = np.where(np.isnan(potassium), np.nan, potassium < 3.5)
    fit = logistic(
        Survey(folder).people.designs["examination"], outcome, np.column_stack([low, age, female]), age >= 18
    )
    ratio = fit.ratio(0) if fit else None
    assert ratio is not None
    assert ratio_of(made_up, "potassium_low").adjusted == pytest.approx(ratio.value)
    assert ratio_of(made_up, "potassium_low").adjusted_high == pytest.approx(ratio.high)


def test_the_answers_refused_and_not_known_are_missing(made_up: Analysis) -> None:
    for answers, cycle in zip(made_up.answers, "DE", strict=True):
        raw = [a for a in tables(cycle)["SLQ"]["SLQ160"] if a in (7, 9)]
        assert answers.no_answer == len(raw) > 0
        assert sum(answers.counts.values()) + len(raw) == len(tables(cycle)["SLQ"]["SEQN"])


def test_shares_of_all_answers_make_a_whole(made_up: Analysis) -> None:
    adults = {
        p.level: p.share for p in made_up.prevalence if (p.cycle, p.age, p.sex, p.factor) == (None, "18+", None, None)
    }
    assert sum(adults[a] for a in TOLD.outcome.answers.values()) == pytest.approx(1)
    assert adults["any"] == pytest.approx(adults["mild"] + adults["moderate_to_severe"])
    assert adults["any"] == pytest.approx(1 - adults["never"])


def test_a_factor_without_its_table_is_left_out_and_named(made_up: Analysis) -> None:
    lacking = {n.factor for n in made_up.not_computed}
    assert {"arthritis", "dialysis", "gout", "b12_low", "smoking_current"} <= lacking
    assert lacking.isdisjoint(r.factor for r in made_up.odds_ratios)


def test_women_alone_are_not_adjusted_for_sex(made_up: Analysis) -> None:
    r = ratio_of(made_up, "pregnant")
    assert r.adjusted_for == ("age",)
    assert r.among == "women 20-44"
    assert r.sample == "examination"


def test_a_folder_of_transport_files_says_the_same(made_up: Analysis, tmp_path: Path) -> None:
    for cycle in "DE":
        for name, rows in tables(cycle).items():
            (tmp_path / f"{name}_{cycle}.XPT").write_bytes(transport(rows))
    assert analyse(tmp_path) == made_up


def test_progress_names_each_factor(folder: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    analyse(folder, progress=lambda what, done, of: seen.append((what, done, of)))
    assert [done for _, done, _ in seen] == list(range(1, seen[-1][2] + 1))
    assert "Loop diuretics" in [what for what, _, _ in seen]


# ------------------------------------------------------------------------------------------------------ the faults


def test_a_folder_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="no folder"):
        analyse(tmp_path / "nowhere")


def test_an_empty_folder_says_which_tables_are_wanted_and_where_they_are(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match=r"no tables of the survey.*DEMO_D and SLQ_D.*wwwn\.cdc\.gov"):
        analyse(tmp_path)


def test_persons_without_answers_are_a_fault_that_names_the_table(tmp_path: Path) -> None:
    (write_survey(tmp_path) / "SLQ_E.csv").unlink()
    with pytest.raises(UnreadableInput, match="no SLQ_E"):
        analyse(tmp_path)


def changed(folder: Path, name: str, change: Callable[[list[list[str]]], object]) -> Path:
    """The made-up survey with one table changed in place: first row the names."""
    path = write_survey(folder) / f"{name}.csv"
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    change(rows)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder


def test_answers_of_another_cycle_are_a_fault(tmp_path: Path) -> None:
    write_survey(tmp_path)
    (tmp_path / "SLQ_D.csv").write_bytes((tmp_path / "SLQ_E.csv").read_bytes())
    with pytest.raises(Contradiction, match=r"SLQ_D\.csv.*somebody else.*persons of DEMO_D"):
        analyse(tmp_path)


def test_the_same_persons_in_both_cycles_are_a_fault(tmp_path: Path) -> None:
    write_survey(tmp_path)
    for name in ("DEMO", "SLQ"):
        (tmp_path / f"{name}_E.csv").write_bytes((tmp_path / f"{name}_D.csv").read_bytes())
    with pytest.raises(Contradiction, match="a person in both"):
        analyse(tmp_path)


def test_a_table_without_weights_is_a_fault(tmp_path: Path) -> None:
    changed(tmp_path, "DEMO_D", lambda rows: rows[0].__setitem__(5, "WEIGHT"))
    with pytest.raises(UnknownName, match="no column WTINT2YR"):
        analyse(tmp_path)


@pytest.mark.parametrize(
    ("column", "cell", "told"),
    [(3, "NA", "without stratum, unit or weight"), (5, "-1", "without stratum"), (1, "3", "another code")],
)
def test_a_person_without_place_weight_or_sex_is_a_fault(tmp_path: Path, column: int, cell: str, told: str) -> None:
    changed(tmp_path, "DEMO_D", lambda rows: rows[1].__setitem__(column, cell))
    with pytest.raises(InvalidValue, match=told):
        analyse(tmp_path)


def test_a_fault_repeats_no_cell_and_no_person(tmp_path: Path) -> None:
    changed(tmp_path, "DIQ_D", lambda rows: rows[3].__setitem__(1, "borderline"))
    with pytest.raises(InvalidValue, match=r"DIQ_D\.csv line 4: DIQ010") as caught:
        analyse(tmp_path)
    assert "borderline" not in str(caught.value)
    assert str(FIRST["D"])[:4] not in str(caught.value)


# ----------------------------------------------------------------------------------------------- how factors are made


@pytest.fixture(scope="module")
def people(folder: Path) -> People:
    return People(folder, TOLD)


def judged(people: People, *steps: Step) -> list[float]:
    """What the steps tell of the first six people of 2005-2006, whose codes stand in the test; -1 is not known."""
    return [-1.0 if np.isnan(v) else float(v) for v in people.value(steps)[:6]]


@pytest.fixture
def coded(tmp_path: Path) -> People:
    """Six people of 2005-2006 with codes of their own in a table QX, and the others of the made-up survey."""
    write_survey(tmp_path)
    keys = [FIRST["D"] + n for n in range(6)]
    first = [1, 2, 7, None, 1, 2]
    second = [5, 5, 6, 6, None, 3]
    write_csv(tmp_path / "DIQ_D.csv", {"SEQN": keys, "FIRST": first, "SECOND": second})
    step = Step(table="DIQ", variables=("FIRST", "SECOND"))
    told = msgspec.structs.replace(TOLD, factors=(Factor(id="x", name="x", group="habit", steps=(step,)),))
    return People(tmp_path, told)


def step(variable: str = "FIRST", **more: object) -> Step:
    return msgspec.convert({"table": "DIQ", "variable": variable, **more}, Step)


def test_codes_that_are_listed_decide_and_others_are_not_known(coded: People) -> None:
    assert judged(coded, step(present=[1], absent=[2])) == [1, 0, -1, -1, 1, 0]


def test_a_later_step_is_asked_where_the_first_gives_no_answer(coded: People) -> None:
    """The third person's 7 and the fourth's silence give no answer, so 6 decides."""
    assert judged(coded, step(present=[1]), step("SECOND", absent=[5, 6])) == [1, 0, 0, 0, 1, -1]


def test_an_answer_that_ends_the_search_leaves_it_unknown(coded: People) -> None:
    assert judged(coded, step(present=[1], unknown=[7]), step("SECOND", absent=[5, 6])) == [1, 0, -1, 0, 1, -1]


def test_a_threshold_counts_the_value_itself_on_the_upper_side(coded: People) -> None:
    assert judged(coded, step("SECOND", at_least=5)) == [1, 1, 1, 1, -1, 0]
    assert judged(coded, step("SECOND", below=5)) == [0, 0, 0, 0, -1, 1]


def test_a_value_is_changed_to_another_unit_before_it_is_judged(coded: People) -> None:
    assert judged(coded, step("SECOND", times=10, at_least=60)) == [0, 0, 1, 1, -1, 0]


def test_a_sum_is_known_only_where_every_part_is_and_is_usable(coded: People) -> None:
    assert judged(coded, step("", variables=["FIRST", "SECOND"])) == [6, 7, 13, -1, -1, 5]
    assert judged(coded, step("", variables=["FIRST", "SECOND"], usable=[0, 5])) == [6, 7, -1, -1, -1, 5]


def test_a_quotient_by_nothing_or_nought_is_not_known(coded: People) -> None:
    assert judged(coded, step("SECOND", over="FIRST")) == [5, 2.5, 6 / 7, -1, -1, 1.5]
    assert judged(coded, step("FIRST", over="NOT_THERE")) == [-1] * 6


def test_a_step_for_one_sex_leaves_the_other_to_the_next(coded: People) -> None:
    women = [s == "female" for s in coded.sex[:6]]
    expected = [float(v == 5) if w else -1 for v, w in zip([5, 5, 6, 6, None, 3], women, strict=True)]
    found = judged(coded, step("SECOND", present=[5], absent=[6, 3], sex="female"))
    assert found == [-1 if v is None else e for e, v in zip(expected, [5, 5, 6, 6, None, 3], strict=True)]


def test_a_cycle_in_which_nobody_could_say_yes_gives_no_controls(coded: People) -> None:
    """FIRST stands in one cycle alone: people of the other are not known, though DIQ010 would say no of them."""
    value = coded.value((step(present=[1]), step("DIQ010", absent=[2])))
    assert np.isnan(value[coded.cycle == 1]).all()
    assert not np.isnan(value[coded.cycle == 0][:1]).any()


def test_people_are_in_the_order_of_their_table_whatever_the_order_of_others(folder: Path, tmp_path: Path) -> None:
    write_survey(tmp_path)
    lines = (tmp_path / "SLQ_D.csv").read_text().splitlines()
    (tmp_path / "SLQ_D.csv").write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    assert np.array_equal(People(tmp_path, TOLD).answer, People(folder, TOLD).answer, equal_nan=True)


# ------------------------------------------------------------------------------------------------------- medicines


@pytest.fixture(scope="module")
def classes() -> Classes:
    return Classes(medicine_index(shipped()), TOLD.medicines)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("FUROSEMIDE", {"loop", "diuretic_any"}),
        ("HYDROCHLOROTHIAZIDE; TRIAMTERENE", {"thiazide_like", "k_sparing", "diuretic_any"}),
        ("FLUTICASONE; SALMETEROL", {"laba_ics", "laba_any"}),
        ("AMLODIPINE; ATORVASTATIN", {"ccb_dihydropyridine", "statin"}),
        ("DESOGESTREL; ETHINYL ESTRADIOL", {"oral_contraceptive"}),
        ("METHYCLOTHIAZIDE", {"thiazide_like", "diuretic_any"}),
        ("VENLAFAXINE", {"snri"}),
        ("SERTRALINE", {"ssri"}),
        ("TIMOLOL OPHTHALMIC", set()),
        ("DORZOLAMIDE; TIMOLOL OPHTHALMIC", set()),
        ("NYSTATIN TOPICAL", set()),
        ("99999", set()),
        ("", set()),
    ],
)
def test_a_name_of_the_survey_has_these_classes(classes: Classes, name: str, expected: set[str]) -> None:
    found = classes.of(name)
    assert expected <= found
    if not expected or name in ("VENLAFAXINE", "SERTRALINE", "DESOGESTREL; ETHINYL ESTRADIOL"):
        assert found == expected


def test_nystatin_is_no_statin(classes: Classes) -> None:
    assert "statin" not in classes.of("NYSTATIN")


def test_who_takes_eye_drops_takes_no_beta_blocker(made_up: Analysis) -> None:
    assert "beta_blocker_no_isa" not in {r.factor for r in made_up.odds_ratios}


def test_a_class_that_too_few_take_is_no_factor(folder: Path) -> None:
    survey = Survey(folder)
    answered = survey.adults() & ~np.isnan(survey.people.answer)
    for r in (odds_ratio(survey, f) for f in survey.factors if f.group == "medicine"):
        assert isinstance(r, OddsRatio)
        assert r.n_exposed is not None
        assert r.n_exposed >= TOLD.medicines.least
        assert r.n == int(answered.sum())


# ------------------------------------------------------------------------------------------------- the definitions


def test_what_the_definitions_name_is_in_the_knowledge_base() -> None:
    knowledge = shipped()
    contributors, findings, medicines = (
        knowledge.by_id(Contributor), knowledge.by_id(Finding), knowledge.by_id(Medicine),
    )  # fmt: skip
    assert {c for f in TOLD.factors for c in f.contributors} - contributors.keys() == set()
    assert {f.finding for f in TOLD.factors if f.finding} - findings.keys() == set()
    told = TOLD.medicines
    named = {*told.names.values(), *told.ids, *told.labels, *told.apart, *told.notes}
    assert {m for m in named if m not in medicines or medicines[m].level != "class"} == set()


def test_a_name_is_given_only_where_the_knowledge_base_has_none() -> None:
    index = medicine_index(shipped())
    assert [name for name in TOLD.medicines.names if index.find(name)] == []


def test_a_threshold_of_a_laboratory_value_is_a_limit_of_its_finding() -> None:
    findings = shipped().by_id(Finding)
    wrong = []
    for factor in TOLD.factors:
        limits = {s.below for s in findings[factor.finding].states} if factor.finding else set()
        for s in factor.steps:
            threshold = s.below if s.below is not None else s.at_least
            if factor.finding and threshold is not None and threshold not in limits:
                wrong.append((factor.id, threshold))
    assert wrong == []


def test_ids_are_told_apart_and_every_factor_has_a_way_to_say_yes() -> None:
    ids = [f.id for f in TOLD.factors]
    assert len(set(ids)) == len(ids)
    assert [f.id for f in TOLD.factors if not f.steps] == []
    assert [
        f.id for f in TOLD.factors if f.per is None and not any(s.present or s.below or s.at_least for s in f.steps)
    ] == []


def test_every_factor_of_an_examined_table_uses_its_weights(nhanes: Path) -> None:
    """Whoever was not examined has no value there: with the weights of the interview the sample would shrink."""
    survey = Survey(nhanes)
    examined = survey.people.designs["examination"].weight > 0
    for factor in TOLD.factors:
        known = ~np.isnan(survey.value(factor)) & survey.adults()
        unexamined = bool((known & ~examined).any())
        pregnancy = {s.variable for s in factor.steps} & {"RIDEXPRG"}  # partly known of the interview
        assert unexamined == (factor.sample == "interview") or pregnancy, factor.id


def test_the_tables_are_packed_as_they_were_published(nhanes: Path) -> None:
    """A guard for the reader: the first line of each table that is used names the person."""
    for table in TOLD.columns():
        for cycle in TOLD.cycles:
            path = nhanes / f"{table}_{cycle.suffix}.csv.xz"
            if path.exists():
                with lzma.open(path, "rt", encoding="latin-1") as file:
                    assert file.readline().startswith('"SEQN"')
