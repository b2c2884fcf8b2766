"""Alerts are counted as they would be shown; an encounter for anything brings none."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from soleus.reasoning.compiled import Compiled, shipped_compiled
from soleus.validation import alerts
from soleus.validation.alerts import Alerts, measure
from tests.interop.bundles import ICD10CM, coded, condition, patient
from tests.interop.bundles import request as prescribed


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    return shipped_compiled()


def test_a_rate_is_cards_over_calls() -> None:
    assert Alerts(calls=200, answered=20, kinds=Counter(order=25, red_flag=5)).per_100 == 100 * 30 / 200
    assert Alerts(0, 0, Counter()).per_100 == 0


def test_a_record_is_played_back_day_by_day(compiled: Compiled) -> None:
    visits = [
        {"resourceType": "Encounter", "status": "finished", "period": {"start": f"{day}T09:00:00Z"}}
        for day in ("2026-01-05", "2026-11-05")
    ]
    cramps = condition(coded(ICD10CM, "G47.62"), recordedDate="2026-10-01", onsetDateTime="2026-10-01")
    record = [patient(), cramps, *visits]
    seen = alerts._counted(compiled, alerts.encounters(record))
    assert (seen.calls, seen.answered, seen.kinds) == (2, 1, Counter(judgement=1))
    order = prescribed("spironolactone", id="m1", authoredOn="2026-11-06")
    signed = alerts._counted(compiled, alerts.orders([*record, order]))
    assert (signed.calls, signed.kinds) == (1, Counter(order=1))


def test_simulated_patients_with_leg_complaints_bring_cards_and_every_figure_has_its_row(compiled: Compiled) -> None:
    found = measure(compiled, 6)
    assert found.views.calls == 6
    assert found.ordered["quinine"].answered == 6
    assert found.ordered["simvastatin"].answered == 0
    assert alerts.figures(found)["alerts_per_100"] is None
    page = alerts.section(found)
    assert "| encounters of records, for anything | not measured |" in page
    assert page.count("\n| those, with ") == len(alerts.ORDERED)


def test_in_records_of_people_who_come_for_anything_the_empty_answer_is_usual(
    compiled: Compiled, test_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOLEUS_TEST_DATA", str(test_data))
    folder = alerts.record_folder()
    assert folder is not None
    found = measure(compiled, 0, folder)
    assert found.encounters is not None
    assert found.encounters.calls > 200
    assert found.encounters.per_100 < 5
