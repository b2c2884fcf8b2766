"""Made-up databases whose records say something of legs, with everything that goes wrong in real ones."""

from __future__ import annotations

import datetime
import random

from hypothesis import strategies as st

from soleus.population.judges.plain import Database, Exposure, Happening, Person, Result

FIRST = datetime.date(2015, 1, 1)
LAST = FIRST + datetime.timedelta(days=1200)

#: concept -> system, code, name
VOCABULARY = {
    1: ("icd10cm", "G47.62", "Sleep related leg cramps"),
    2: ("icd10cm", "R25.2", "Cramp and spasm"),
    3: ("icd10cm", "M79.671", "Pain in right foot"),
    4: ("icd10cm", "M79.652", "Pain in left thigh"),
    5: ("icd10cm", "R50.9", "Fever"),
    6: ("icd10cm", "J06.9", "Acute upper respiratory infection"),
    7: ("snomed", "77386006", "Pregnant"),
    8: ("snomed", "60001007", "Not pregnant"),
    9: ("snomed", "449868002", "Current every day smoker"),
    10: ("snomed", "8517006", "Former smoker"),
    11: ("icd10cm", "E11.9", "Type 2 diabetes mellitus"),
    12: ("icd10cm", "N18.5", "Chronic kidney disease, stage 5"),
    13: ("icd10cm", "I10", "Essential hypertension"),
    14: ("icd10cm", "Z99.9", "Dependence on a machine"),
    15: ("snomed", "52734007", "Total hip replacement"),
    20: ("rxnorm", "36567", "simvastatin"),
    21: ("rxnorm", "21212", "clarithromycin"),
    22: ("rxnorm", "9071", "quinine"),
    23: ("rxnorm", "2556", "citalopram"),
    24: ("rxnorm", "10689", "tramadol"),
    25: ("rxnorm", "4719", "gemfibrozil"),
    26: ("rxnorm", "4603", "furosemide"),
    27: ("atc", "C10AA", "HMG CoA reductase inhibitors"),
    28: ("rxnorm", "999999", "a syrup of nothing"),
    40: ("loinc", "2823-3", "Potassium"),
    41: ("loinc", "718-7", "Haemoglobin"),
    42: ("loinc", "777-3", "Platelets"),
    43: ("loinc", "2276-4", "Ferritin"),
    44: ("loinc", "2157-6", "Creatine kinase"),
    45: ("loinc", "98979-8", "eGFR"),
}  # fmt: skip
DESCENDS = [(c, c) for c in VOCABULARY] + [(27, 20)]
UNITS = {40: "mmol/L", 41: "g/dL", 42: "10*9/L", 43: "ug/L", 44: "U/L", 45: "mL/min/{1.73_m2}"}
NORMAL = {40: 4.2, 41: 14.0, 42: 250.0, 43: 80.0, 44: 100.0, 45: 80.0}

PEOPLE = st.sampled_from([1, 1, 1, 2, 2, 3])
DAYS = st.integers(0, 1200).map(lambda n: FIRST + datetime.timedelta(days=n))
LATE = st.integers(0, 130).map(lambda n: LAST - datetime.timedelta(days=n))
SOME_DAY = st.one_of(LATE, LATE, DAYS, st.none())
BIRTHS = st.one_of(
    st.none(), st.dates(datetime.date(1920, 1, 1), datetime.date(2017, 1, 1)), st.just(datetime.date(1890, 1, 1))
)
EVENTS = st.one_of(st.integers(1, 15), st.sampled_from([1, 2, 0, 77]))
DRUGS = st.one_of(st.integers(20, 28), st.sampled_from([0, 88]))


def results() -> st.SearchStrategy[Result]:
    """Values near and far from normal, a few without their unit."""

    def one(concept: int) -> st.SearchStrategy[Result]:
        factor = st.sampled_from([0.2, 0.5, 0.58, 0.7, 0.8, 1.0, 1.2, 1.5, 8.0, 900.0])
        unit = st.sampled_from([UNITS[concept]] * 6 + [None, "furlong"])
        return st.builds(
            lambda who, day, f, u: Result(who, concept, day, None if f is None else NORMAL[concept] * f, u),
            PEOPLE, SOME_DAY, st.one_of(factor, st.none()), unit,
        )  # fmt: skip

    return st.sampled_from(sorted(UNITS)).flatmap(one)


def databases(most: int = 12) -> st.SearchStrategy[Database]:
    """Same-day statements that disagree, medicines with gaps, values of the wrong unit, periods of nobody."""
    return st.builds(
        Database,
        person=st.lists(st.builds(Person, PEOPLE, BIRTHS, st.sampled_from(["male", "female", None])), max_size=4),
        period=st.lists(
            st.tuples(PEOPLE, st.one_of(DAYS, st.just(FIRST)), st.one_of(LATE, st.just(LAST), st.none())),
            min_size=1, max_size=5,
        ),
        exposure=st.lists(st.builds(Exposure, PEOPLE, DRUGS, SOME_DAY, SOME_DAY), max_size=most),
        event=st.lists(st.builds(Happening, PEOPLE, EVENTS, SOME_DAY), max_size=most),
        result=st.lists(results(), max_size=most),
        death=st.lists(st.tuples(PEOPLE, st.one_of(LATE, st.none())), max_size=1),
        concept=st.just([(c, *told) for c, told in VOCABULARY.items()]),
        descends=st.just(DESCENDS),
    )  # fmt: skip


def crowd(people: int, seed: int) -> Database:
    """Many people at once, of the same kind, for an engine that is slow to start."""
    rng = random.Random(seed)

    def late() -> datetime.date | None:
        return rng.choice(
            [None, *[LAST - datetime.timedelta(days=rng.randrange(1200 if far else 130)) for far in (0, 0, 1)]]
        )

    def someone() -> int:
        return rng.randrange(1, people + 1)

    def result() -> Result:
        concept = rng.choice(sorted(UNITS))
        value = rng.choice(
            [None, *[NORMAL[concept] * f for f in (0.2, 0.5, 0.58, 0.7, 0.8, 1.0, 1.2, 1.5, 8.0, 900.0)]]
        )
        return Result(someone(), concept, late(), value, rng.choice([UNITS[concept]] * 6 + [None, "furlong"]))

    def taken() -> Exposure:
        start = late()
        days = rng.choice([None, 5, 30, 90, 400])
        end = None if start is None or days is None else start + datetime.timedelta(days=days)
        return Exposure(someone(), rng.choice([0, 88, *range(20, 29)]), start, end)

    births = [
        None,
        datetime.date(1890, 1, 1),
        datetime.date(1950, 2, 28),
        datetime.date(1991, 7, 1),
        datetime.date(2010, 5, 5),
    ]
    ends = [None, *[LAST - datetime.timedelta(days=n) for n in (0, 1, 40, 130)]]
    return Database(
        person=[Person(p, rng.choice(births), rng.choice(["male", "female", None])) for p in range(1, people + 1)],
        period=[(someone(), rng.choice([FIRST, None, FIRST + datetime.timedelta(days=900)]), rng.choice(ends))
                for _ in range(2 * people)],
        exposure=[taken() for _ in range(8 * people)],
        event=[Happening(someone(), rng.choice([0, 77, *range(1, 16)]), late()) for _ in range(5 * people)],
        result=[result() for _ in range(5 * people)],
        death=[(someone(), late()) for _ in range(people // 8)],
        concept=[(c, *told) for c, told in VOCABULARY.items()],
        descends=DESCENDS,
    )  # fmt: skip
