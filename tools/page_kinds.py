"""Every kind of page of the service with how a visitor comes to it: for pictures, accessibility and weights."""

from __future__ import annotations

import contextlib
import datetime
import secrets
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from page_learning import PASSED, learnt
from page_population import REPORT, reported
from page_review import APPROVED, RECEIPT, RECORD, reviewed

from soleus.accounts.names import ROLES
from soleus.accounts.people import People
from soleus.interop.handover import packed
from soleus.service.app import create_app
from soleus.service.settings import load
from soleus.storage import MemoryRepository

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime.datetime(2026, 11, 29, 12, tzinfo=datetime.UTC)
_NAME, _PASSWORD = "Ann Example", secrets.token_urlsafe(24)  # who is signed in where a page needs it
NOTE = (
    "67 year old woman. Painful cramps in the left calf most nights for three years, muscle goes hard, relieved by "
    "stretching. No swelling, pulses normal. Furosemide 40 mg, salbutamol inhaler. Worried about restless legs."
)


_CHOSEN = {"choice": "peripheral_neuropathy", "confidence": "80"}  # an answer to a case of the course


@dataclass(frozen=True)
class Kind:
    """One kind of page: an address, and the form that is sent to it (None: it is visited).

    ``signed_in``: it is a page of somebody with an account, who has every role.
    """

    name: str
    path: str
    form: dict[str, str] | None = field(default=None)
    signed_in: bool = False


def _state(example: str, respondent: str = "self", **more: Any) -> str:
    case = yaml.safe_load((ROOT / f"examples/{example}.yaml").read_text(encoding="utf-8"))
    return packed({"case": case, "respondent": respondent, **more})


def _begun(findings: dict[str, str], respondent: str = "self") -> str:
    case = {"person": {"age": 67, "sex": "female"}, "findings": findings}
    return packed({"case": case, "respondent": respondent})


def kinds() -> tuple[Kind, ...]:
    """The pages in the order in which a visitor meets them."""
    cramp, danger = _state("idiopathic-cramp"), _state("dvt-told-as-cramp")
    drug = _state("drug-induced-cramp", "clinician")
    tried = [
        {"kind": "finding", "name": "swelling", "value": "one_leg"},
        {"kind": "finding", "name": "tempo", "value": "days"},
    ]
    asked = {"quality": "cramp", "tempo": "years"}
    return (
        Kind("home", "/"),
        Kind("about", "/about"),
        Kind("who", "/interview"),
        Kind("person", "/interview", {"respondent": "self"}),
        Kind("question", "/interview", {"state": _begun({"quality": "cramp"})}),
        Kind("screen", "/interview", {"state": _begun(asked)}),
        Kind("map", "/interview", {"state": _mapped()}),
        Kind("warning", "/interview", {"state": danger}),
        Kind("keep", "/interview/keep", {"state": cramp}),
        Kind("link", "/interview/link", {"state": cramp}),
        Kind("result", "/result", {"state": cramp}),
        Kind("result-danger", "/result", {"state": danger}),
        Kind("result-clinician", "/result", {"state": drug}),
        Kind("what-if", "/result/what-if", {"state": _state("idiopathic-cramp", changes=tried)}),
        Kind("chain", "/result/chain", {"state": drug, "explanation": "nocturnal_leg_cramp"}),
        Kind("code", "/result/code", {"state": cramp}),
        Kind("letter", "/result/letter", {"state": cramp}),
        Kind("nothing", "/result", {"state": _begun({})}),
        Kind("desk", "/desk"),
        Kind("desk-note", "/desk", {"do": "note", "text": NOTE}),
        Kind("desk-form", "/desk", {"do": "new"}),
        Kind("desk-question", "/desk", {"do": "note", "text": "Could my salbutamol inhaler cause leg cramps?"}),
        Kind("compare", "/compare?first=nocturnal_leg_cramp&second=restless_legs_syndrome"),
        Kind("medicines", "/medicines", {"list": "furosemide\nsalbutamol\natorvastatin"}),
        Kind("entry", "/entry?name=nocturnal_leg_cramp"),
        Kind("entry-patient", "/library/explanation/restless_legs_syndrome?for=patient"),
        Kind("entry-composed", "/library/explanation/lipoedema"),
        Kind("entry-cause", "/library/contributor/laba_or_high_beta_agonist"),
        Kind("entry-short", "/library/short_entry/tree_bruxism"),
        Kind("entry-question", "/library/common_question/statins_cause_cramps?for=patient"),
        Kind("record", "/library/record/fact/g12-statin"),
        Kind("library", "/library"),
        Kind("library-search", "/library/search?q=restles+legs"),
        Kind("library-symptom", "/library/browse/symptom"),
        Kind("library-region", "/library/browse/region/calf?for=patient"),
        Kind("library-medicine", "/library/browse/medicine"),
        Kind("library-code", "/library/browse/code"),
        Kind("library-questions", "/library/questions?for=patient"),
        Kind("library-source", "/library/source/hallegraeff2012"),
        Kind("library-changes", "/library/changes"),
        Kind("figures", "/library/figures"),
        Kind("leaflet", "/library/explanation/nocturnal_leg_cramp/leaflet?country=GB"),
        Kind("smart", "/smart"),
        Kind("sign-in", "/account/sign-in"),
        Kind("account", "/account", signed_in=True),
        Kind("accounts", "/account/people", signed_in=True),
        Kind("groups", "/account/groups", signed_in=True),
        Kind("audit-log", "/account/audit", signed_in=True),
        Kind("learn", "/learn"),
        Kind("learn-own", "/learn", signed_in=True),
        Kind("course", "/learn/course"),
        Kind("case", "/learn/case/woken-by-a-calf"),
        Kind("case-answer", "/learn/case/is-it-the-nerves", _CHOSEN),
        Kind("quizzes", "/learn/quiz"),
        Kind("quiz", "/learn/quiz/mixed-7"),
        Kind("quiz-missing", "/learn/quiz/mixed-7", {"attempt": ""}),
        Kind("quiz-result", f"/learn/attempt/{PASSED}", signed_in=True),
        Kind("certificate", f"/learn/attempt/{PASSED}/certificate", signed_in=True),
        Kind("certificate-true", f"/learn/certificate/{PASSED}"),
        Kind("ask-next", "/learn/ask/the-same-tablet"),
        Kind("ask-worth", "/learn/ask/the-same-tablet", {"question": "side"}),
        Kind("record-of-learning", "/learn/record", signed_in=True),
        Kind("learn-group", "/learn/group", signed_in=True),
        Kind("review-queue", "/review", signed_in=True),
        Kind("review-record", f"/review/{RECORD[0]}/{RECORD[1]}", signed_in=True),
        Kind("review-approved", f"/review/{APPROVED[0]}/{APPROVED[1]}", signed_in=True),
        Kind("review-export", "/review/export", signed_in=True),
        Kind("proposals", "/review/mine", signed_in=True),
        Kind("correct", f"/library/record/{RECORD[0]}/{RECORD[1]}/correct?field=rho"),
        Kind("receipt", f"/library/correction/{RECEIPT}"),
        Kind("policy", "/library/policy"),
        Kind("population-reports", "/population", signed_in=True),
        Kind("population-report", f"/population/{REPORT}", signed_in=True),
        Kind("not-there", "/nothing-here"),
        Kind("broken", "/result", {"state": "soleus1.broken"}),
    )


def _mapped() -> str:
    """An interview that has come to the place in the legs: every answer before it is given."""
    from soleus.reasoning.compiled import shipped_compiled
    from soleus.reasoning.interview import Interview

    session = Interview(shipped_compiled(), {"person": {"age": 67, "sex": "female"}})
    while (question := session.next()) is not None and question.id not in ("site", "side"):
        choices = session.choices(question)
        session.answer(question, "no" if question.item else choices[0][0])
    return packed(session.saved())


@contextlib.contextmanager
def served() -> Iterator[str]:
    """The service on a port of this machine, with a store in memory; its address."""
    import uvicorn

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://localhost:{port}"
    with tempfile.TemporaryDirectory() as data:
        reports = Path(data) / "reports"
        reported(reports, NOW.date())
        settings = load(data=Path(data), public_url=address, population_reports=reports)
        store = MemoryRepository()
        account = People(store, lambda: NOW).add(_NAME, None, ROLES, _PASSWORD, who="command-line")
        learnt(store, account, NOW)
        reviewed(store, account, NOW)
        app = create_app(settings, store=store, clock=lambda: NOW)
        server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
        running = threading.Thread(target=server.run)
        running.start()
        while not server.started:
            time.sleep(0.02)
        try:
            yield address
        finally:
            server.should_exit = True
            running.join()


def visit(page: Any, address: str, kind: Kind) -> None:
    """Come to a page as a visitor does: by its address, or by sending a form from a page of the service."""
    if kind.signed_in:
        page.goto(address + "/about")
        with page.expect_navigation():
            page.evaluate(_SEND, ["/account/sign-in", {"login": _NAME, "password": _PASSWORD, "next": "/account"}])
    if kind.form is None:
        page.goto(address + kind.path)
        return
    page.goto(address + "/about")
    with page.expect_navigation():
        page.evaluate(_SEND, [kind.path, kind.form])


_SEND = """([path, fields]) => {
  const form = document.createElement('form');
  form.method = 'post'; form.action = path; form.dataset.plain = '';
  for (const [name, value] of Object.entries(fields)) {
    const field = document.createElement('input');
    field.type = 'hidden'; field.name = name; field.value = value;
    form.append(field);
  }
  document.body.append(form);
  HTMLFormElement.prototype.submit.call(form);
}"""
