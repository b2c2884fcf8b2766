"""LHC-Forms, the form widget of the US National Library of Medicine, shows and drives our forms in a real browser."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from soleus.clinical.case import Condition, Medicine
from soleus.interop.fhir.reading import case_of
from soleus.interop.sdc.adaptive import next_question
from soleus.interop.sdc.extract import case_from_response
from soleus.interop.sdc.populate import populate
from soleus.interop.sdc.questionnaires import questionnaire
from soleus.knowledge.schema.safety import ScreenItem
from soleus.reasoning.compiled import shipped_compiled
from tests.interop.sdc import Resource, about_person, answered, items_of, open_items, opened
from tests.interop.test_sdc_forms import record


class Server(SimpleHTTPRequestHandler):
    """The page, the widget's own files, and the operation."""

    def __init__(self, *args: Any, lforms: Path, page: Path, **more: Any) -> None:
        self.lforms, self.page = lforms, page
        super().__init__(*args, **more)

    def translate_path(self, path: str) -> str:
        path = path.split("?")[0]
        return str(self.page if path == "/" else self.lforms / path.removeprefix("/lforms/"))

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps(next_question(sent, shipped_compiled(), "/fhir")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/fhir+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a request may hold answers."""


@pytest.fixture
def server(lforms: Path, root: Path) -> Iterator[str]:
    handler = partial(Server, lforms=lforms, page=root / "tests/web/lforms.html")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_address[1]}/"
        httpd.shutdown()


@pytest.fixture
def page(server: str, chromium: Path) -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 900, "height": 1100})
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(server)
        yield page
        browser.close()
        assert faults == []


def item(page: Any, link: str) -> Any:
    """The item of a linkId, the first of its kind; in a group the widget counts the groups too."""
    return page.locator(f'lhc-item[id^="item-{link}/1"]').first


def choose(page: Any, link: str, words: str) -> None:
    """A click on the words of an answer."""
    item(page, link).get_by_text(words, exact=True).first.click()


def write(page: Any, link: str, words: str) -> None:
    box = page.locator(f'input[id^="{link}/1"]').first
    box.fill(words)
    box.press("Tab")


def given(response: Resource) -> dict[str, Any]:
    """What was answered, without the belief that goes along."""
    return {k: v for k, v in answered(response).items() if not k.startswith("belief.")}


def code_of(value: Resource) -> Any:
    return value.get("valueCoding", {}).get("code", value.get("valueDecimal"))


REPLIES = {"quality": "A cramp: the muscle knots up", "tempo": "1 to 14 days ago", "timing": "In bed at night",
           "screen.swelling": "Yes", "swelling": "Yes, one leg", "screen.weakness": "Don't know"}  # fmt: skip


def test_the_widget_drives_the_interview_to_its_end(page: Any) -> None:
    """Every question is answered by clicks; every answer is kept; the end is that of the interview."""
    page.evaluate("r => begin(r)", opened())
    said: dict[str, Any] = {}
    warned = False
    for _ in range(60):
        response = page.evaluate("response")
        assert {k: code_of(v) for k, v in given(response).items()} == said
        if response["status"] == "completed":
            break
        shown = open_items(response)[0]
        link = shown["linkId"]
        if link == "person.age":
            write(page, link, "67")
            said[link] = 67
        else:
            options = {o["valueCoding"]["display"]: o["valueCoding"]["code"] for o in shown["answerOption"]}
            words = REPLIES.get(link, "No" if "No" in options else next(iter(options)))
            choose(page, link, words)
            said[link] = options[words]
        warned |= any(i["linkId"].startswith("red_flag.") for i in items_of(response))
        page.evaluate("goOn()")
    assert page.evaluate("response.status") == "completed"
    assert warned
    assert item(page, "closing").is_visible()
    assert page.locator('[id^="item-belief"]').count() == 0  # hidden
    case = case_of(page.evaluate("response"), shipped_compiled())
    assert (case.person.age, case.findings["swelling"], case.findings["weakness"]) == (67, "one_leg", "not_assessed")


def test_an_answer_changed_in_the_widget_changes_the_questions(page: Any) -> None:
    page.evaluate("r => begin(r)", about_person("patient", 67, "female"))
    for link, words in (("quality", "A cramp: the muscle knots up"), ("tempo", "More than a year ago"),
                        ("screen.swelling", "Yes"), ("swelling", "Yes, one leg")):  # fmt: skip
        choose(page, link, words)
        page.evaluate("goOn()")
    choose(page, "screen.swelling", "No")
    page.wait_for_timeout(200)
    assert not item(page, "swelling").is_visible()
    page.evaluate("goOn()")
    response = page.evaluate("response")
    assert "swelling" not in given(response)
    assert case_of(response, shipped_compiled()).findings["swelling"] == "none"


def test_the_widget_fills_the_history(page: Any) -> None:
    """The answers of the rendered form are the case that was meant."""
    page.evaluate("q => show(q)", questionnaire("legs-history-patient", "/fhir", shipped_compiled()))
    write(page, "person.age", "34")
    assert item(page, "person.pregnant").count() == 0
    choose(page, "person.sex", "Female")
    choose(page, "person.pregnant", "No")
    choose(page, "quality", "A cramp: the muscle knots up")
    choose(page, "tempo", "Don't know")
    assert item(page, "swelling").count() == 0
    choose(page, "screen.swelling", "Yes")
    choose(page, "swelling", "Yes, both legs")
    choose(page, "screen.colour_and_cold", "No")
    choose(page, "site", "The calf")
    choose(page, "smoking_current", "Yes")
    write(page, "condition.name", "Diabetes")
    write(page, "medicine.name", "furosemide")
    write(page, "potassium", "3.4")
    case = case_from_response(page.evaluate("told()"), shipped_compiled())
    assert (case.person.age, case.person.sex, case.person.pregnant) == (34, "female", False)
    no = shipped_compiled().knowledge.by_id(ScreenItem)["colour_and_cold"].no_means
    assert case.findings == {"quality": "cramp", "tempo": "not_assessed", "swelling": "both_legs", "site": "calf", **no}
    stated = [(c.name, c.status) for c in case.conditions if isinstance(c, Condition)]
    assert stated == [("diabetes", "present"), ("smoking_current", "present")]
    assert [m.name for m in case.medicines if isinstance(m, Medicine)] == ["furosemide"]
    assert [(m.name, m.value, m.unit) for m in case.measurements] == [("potassium", 3.4, "mmol/L")]
    assert (case.answered_by, case.unused) == ("self", ())


def test_a_filled_form_shows_what_the_record_says(page: Any) -> None:
    form = questionnaire("legs-history-clinician", "/fhir", shipped_compiled())
    filled, _ = populate(form, record(), shipped_compiled())
    page.evaluate("([q, r]) => show(q, r)", [form, filled])
    assert page.locator('input[id^="potassium/1"]').first.input_value() == "3.1"
    case = case_from_response(page.evaluate("told()"), shipped_compiled())
    before = case_from_response(filled, shipped_compiled())
    assert (case.findings, case.person) == (before.findings, before.person)
    assert [(m.name, m.value, m.unit) for m in case.measurements] == [
        (m.name, m.value, m.unit) for m in before.measurements
    ]
