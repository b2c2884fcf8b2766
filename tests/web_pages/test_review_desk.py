"""The pages of the review desk, of corrections and of the editorial policy."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from soleus.accounts import Visitor
from soleus.editorial.corrections import LONGEST, Decision, Proposal, decide, propose
from soleus.editorial.standing import standing
from soleus.knowledge.loader import shipped
from soleus.service.app import create_app
from soleus.service.settings import load
from soleus.storage import Event, MemoryRepository
from soleus.web import reviews_export
from tests.web_pages.cases import HOSTILE
from tests.web_pages.conftest import NOW
from tests.web_pages.visitor import Page

READER = Visitor("a-reader", "R. Reader", frozenset({"reader"}))
ONE = Visitor("a-one", "Dr One", frozenset({"reader", "reviewer"}))
TWO = Visitor("a-two", "Dr Two", frozenset({"reader", "reviewer"}))
EDITOR = Visitor("a-editor", "E. Editor", frozenset({"reader", "administrator"}))

EFFECT = ("effect", "laba_or_high_beta_agonist.nocturnal_leg_cramp")
DESK, PUBLIC = (f"/{place}/{EFFECT[0]}/{EFFECT[1]}" for place in ("review", "library/record"))
TOLD = {"field": "rho", "value": "2.5", "source": "10.1000/x", "reason": "It says so.", "no_patient": "1"}


class Desk:
    """The service with somebody signed in, or nobody."""

    def __init__(self, folder: Path) -> None:
        self.who: Visitor | None = None
        self.store = MemoryRepository()
        patient = load(data=folder, max_seconds=100)  # test machines are busy
        app = create_app(patient, store=self.store, clock=lambda: NOW, visitor_of=lambda _: self.who)
        self.client = TestClient(app, base_url="http://localhost", follow_redirects=False)

    def as_(self, who: Visitor | None) -> Desk:
        self.who = who
        return self

    def get(self, path: str) -> Page:
        return Page(self.client.get(path))

    def post(self, path: str, **fields: Any) -> Page:
        return Page(self.client.post(path, data={"form_token": "", **fields}))

    def do(self, who: Visitor, what: str, **fields: Any) -> Page:
        return self.as_(who).post(DESK, do=what, seen=self.seen, **fields)

    @property
    def seen(self) -> int:
        return standing(self.store, shipped(), *EFFECT).last

    @property
    def status(self) -> str:
        return standing(self.store, shipped(), *EFFECT).status

    def proposed(self, who: Visitor | None = READER, **other: str) -> int:
        told = Proposal(**{"field": "rho", "value": "2.5", "source": "", "reason": "Because."} | other)
        return propose(self.store, shipped(), *EFFECT, told, who, "key", NOW.timestamp()).number


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk at which nobody does anything."""
    return Desk(tmp_path_factory.mktemp("untouched"))


# --- the queue ----------------------------------------------------------------------------------------------


def test_nobody_who_is_not_signed_in_comes_to_the_desk(desk: Desk) -> None:
    for path in ("/review", DESK, "/review/mine", "/review/export"):
        answer = desk.client.get(path)
        assert (answer.status_code, answer.headers["location"][:17]) == (303, "/account/sign-in?"), path
    for path in (DESK, f"{DESK}/correction", "/review/mine", "/review/export"):
        assert desk.client.post(path, data={"do": "taken", "seen": "0"}).status_code == 401, path
    assert desk.status == "submitted"


def test_the_queue_shows_what_matters_most_first_and_why(desk: Desk) -> None:
    page = desk.as_(ONE).get("/review")
    assert page.status == 200
    assert page.h1 == "Review desk"
    points = [float(p) for p in re.findall(r"probability by up to (\d+) points", page.text)]
    assert len(points) == 30
    assert points[0] > 10


def test_the_queue_is_sifted_by_kind_entry_words_and_standing(desk: Desk) -> None:
    red_flags = desk.as_(ONE).get("/review?kind=red_flag")
    assert f"{len(shipped().records['red_flag']):,} records" in red_flags.text
    assert "Beta-2" not in red_flags.text
    quinine = desk.get("/review?kind=treatment&q=QUININE+trial")
    assert 0 < int(re.findall(r"([\d,]+) records", quinine.text)[0]) < 40
    about = desk.get("/review?about=nocturnal_leg_cramp&kind=rate")
    assert "1 records" in about.text
    assert "Nothing here fits" in desk.get("/review?status=approved").text
    desk.do(ONE, "taken")
    assert "1 records" in desk.get("/review?status=under_review").text
    assert "1 records" in desk.get("/review?status=mine").text
    assert "0 records" in desk.as_(TWO).get("/review?status=mine").text


def test_what_is_overdue_comes_first_by_date(desk: Desk, tmp_path: Path) -> None:
    late = NOW.replace(year=2028)
    app = create_app(load(data=tmp_path), store=desk.store, clock=lambda: late, visitor_of=lambda _: ONE)
    page = Page(TestClient(app, base_url="http://localhost").get("/review?by=date&status=overdue"))
    total = sum(len(r) for k, r in shipped().records.items() if k != "source")
    assert f"{total:,} records" in page.text
    assert "was due 2027-" in page.text


@pytest.mark.parametrize("query", ["page=99999", "page=-1", "page=x", "by=odd&status=odd&kind=odd", "q=" + "x" * 5000])
def test_odd_queries_bring_a_page(untouched: Desk, query: str) -> None:
    assert untouched.as_(ONE).get(f"/review?{query}").status == 200


def test_pages_and_neighbours_lead_through_the_queue(desk: Desk) -> None:
    first = desk.as_(ONE).get("/review?kind=rate")
    links = re.findall(r'href="(/review/rate/[^"]+)"', first.response.text)
    page = desk.get(links[1].replace("&amp;", "&"))
    around = dict(re.findall(r'rel="(prev|next)" accesskey="." href="([^"]+)"', page.response.text))
    assert around == {"prev": links[0], "next": links[2]}
    assert 'rel="next"' in first.response.text


# --- a record -----------------------------------------------------------------------------------------------


def test_a_record_is_shown_in_words_with_sources_uses_and_why_it_matters(desk: Desk) -> None:
    page = desk.as_(READER).get(DESK)
    assert page.h1 == "Long-acting or frequent beta-2 agonist and nocturnal (sleep-related) leg cramp"
    record = standing(desk.store, shipped(), *EFFECT)
    for told in ("2.42", "2.02", "Measured", "moves the first probability", "Garrison", record.content):
        assert told in page.text, told
    assert f'href="{PUBLIC}"' in page.response.text
    assert 'href="/library/explanation/nocturnal_leg_cramp"' in page.response.text


@pytest.mark.parametrize("kind", sorted(shipped().records))
def test_every_kind_of_record_has_a_page_at_the_desk_and_a_form_for_corrections(untouched: Desk, kind: str) -> None:
    id = shipped().records[kind][-1].id
    assert untouched.as_(ONE).get(f"/review/{kind}/{id}").status == 200
    assert untouched.as_(None).get(f"/library/record/{kind}/{id}/correct").status == 200


def test_a_record_that_is_none_is_not_there(desk: Desk) -> None:
    for path in ("/review/effect/none", "/review/none/none", "/library/record/effect/none/correct"):
        assert desk.as_(ONE).get(path).status == 404


def test_a_reader_sees_no_buttons_of_reviewers(desk: Desk) -> None:
    assert desk.as_(READER).get(DESK).values("do") == ["comment"]
    assert desk.as_(ONE).get(DESK).values("do") == ["taken", "comment"]


def test_from_submitted_to_approved(desk: Desk) -> None:
    assert desk.do(ONE, "taken").status == 303
    page = desk.get(DESK)
    assert page.values("do")[:3] == ["approved", "returned", "given_back"]
    assert "Dr One has it under review" in page.text
    answer = desk.do(ONE, "approved", comment="Read in full.", conflict_of_interest="none")
    assert (answer.status, desk.status) == (303, "approved")
    page = desk.as_(READER).get(DESK)
    assert "Approved by Dr One, 2026-11-21 12:00 UTC" in page.text
    assert "Conflict of interest: none" in page.text
    assert "Read in full." in page.text
    assert "Approved. Curator" in desk.get(PUBLIC).text


def test_an_approval_shows_on_the_policy_and_only_there_where_it_is_one(desk: Desk) -> None:
    def count(status: str) -> str:
        return str(re.findall(rf'data-status="{status}">([\d,]+)<', desk.get("/library/policy").response.text)[0])

    total = sum(len(r) for k, r in shipped().records.items() if k != "source")
    assert (count("approved"), count("submitted")) == ("0", f"{total:,}")
    assert "Nothing here has been approved by anybody" in desk.get("/library/policy").text
    desk.do(ONE, "taken")
    desk.do(ONE, "approved", comment="", conflict_of_interest="none")
    assert (count("approved"), count("submitted")) == ("1", f"{total - 1:,}")
    assert "1 of" in desk.get("/library/policy").text


def test_what_is_missing_is_named_and_what_was_typed_stays(desk: Desk) -> None:
    desk.do(ONE, "taken")
    page = desk.do(ONE, "approved", comment="A long thought.\nOn two lines.", conflict_of_interest="")
    assert (page.status, desk.status) == (400, "under_review")
    assert "Conflict of interest" in page.text
    assert 'aria-invalid="true"' in page.response.text
    assert page.field("comment") == "\nA long thought.\nOn two lines."


def test_two_at_once_the_second_sees_what_the_first_did_and_loses_no_word(desk: Desk) -> None:
    desk.do(ONE, "taken")
    seen = desk.seen
    desk.do(READER, "comment", comment="Look at table 3 first.")
    page = desk.as_(ONE).post(
        DESK, do="approved", seen=seen, comment="My long comment.", conflict_of_interest="none, I think"
    )
    assert (page.status, desk.status) == (409, "under_review")
    assert "Something changed while you were writing" in page.text
    assert "new R. Reader commented" in page.text
    assert page.field("comment") == "\nMy long comment."
    assert page.field("conflict_of_interest") == "none, I think"
    again = {"do": "approved", "seen": page.field("seen"), "comment": "Now.", "conflict_of_interest": "none"}
    assert desk.post(DESK, **again).status == 303
    assert desk.status == "approved"


@pytest.mark.parametrize("seen", ["", "x", "-1", "9" * 40, "²"])
def test_a_form_that_no_page_of_ours_wrote_changes_nothing(desk: Desk, seen: str) -> None:
    answer = desk.as_(ONE).post(DESK, do="taken", seen=seen)
    assert answer.status in (303, 400)
    assert desk.as_(ONE).post(DESK, do="promoted", seen=desk.seen).status == 400
    assert desk.as_(ONE).post(f"{DESK}/correction", do="promoted", seen="0", proposal="1").status == 400


def test_a_form_without_the_sign_of_its_session_is_refused(desk: Desk) -> None:
    """Here the sign is empty; with accounts it belongs to the session."""
    desk.do(ONE, "taken")
    for path, fields in ((DESK, {"do": "given_back", "seen": desk.seen}), ("/review/mine", {}), ("/review/export", {})):
        assert desk.client.post(path, data={**fields, "form_token": "forged"}).status_code == 400
    assert desk.status == "under_review"
    assert desk.client.post(f"{PUBLIC}/correct", data={**TOLD, "form_token": "forged"}).status_code == 400


def test_an_author_is_told_so_and_may_not_decide(desk: Desk) -> None:
    curator = Visitor("a-curator", "Soleus maintainers", frozenset({"reader", "reviewer"}))
    page = desk.as_(curator).get(DESK)
    assert "another reviewer decides" in page.text
    assert "taken" not in page.values("do")
    assert desk.do(curator, "taken").status == 403
    assert desk.status == "submitted"


def test_decisions_stand_in_the_audit_log_without_a_word_that_was_typed(desk: Desk) -> None:
    desk.do(ONE, "taken")
    desk.do(ONE, "returned", comment="Secret words.", conflict_of_interest="none")
    told = desk.store.events("audit")
    assert [(e.kind, e.author, e.subject) for e in told] == [
        ("review_taken", ONE.id, ":".join(EFFECT)),
        ("review_returned", ONE.id, ":".join(EFFECT)),
    ]
    assert "Secret" not in repr(told)


def test_what_changed_since_the_last_decision_is_shown(desk: Desk) -> None:
    record = {"contributor": "laba_or_high_beta_agonist", "rho": 2.11}
    body = {"name": "Dr Two", "content": "0" * 16, "record": record, "version": "0.0.9"}
    desk.store.append(Event("review", ":".join(EFFECT), "approved", TWO.id, NOW.timestamp(), body))
    page = desk.as_(ONE).get(DESK)
    assert "What changed since 2026-11-21 12:00" in page.text
    assert "Before: 2.11" in page.text
    assert "Now: 2.42" in page.text
    assert "on earlier content" in page.text
    assert desk.status == "submitted"


# --- corrections --------------------------------------------------------------------------------------------


def test_any_reader_proposes_and_gets_a_receipt(desk: Desk) -> None:
    page = desk.as_(None).get(f"{PUBLIC}/correct?field=rho")
    assert "Never write anything about a patient" in page.text
    assert page.field("field") == "rho"
    answer = desk.post(f"{PUBLIC}/correct", **TOLD, contact="me@example.org")
    assert answer.status == 303
    place = answer.response.headers["location"]
    assert re.fullmatch(r"/library/correction/[\w-]{32}", place)
    receipt = desk.get(place)
    assert (receipt.status, receipt.h1) == (200, "Thank you")
    assert receipt.response.headers["x-robots-tag"] == "noindex, nofollow"
    shown = desk.as_(ONE).get(DESK)
    for told in ("2.5", "10.1000/x", "It says so.", "me@example.org", "A reader proposes"):
        assert told in shown.text
    assert 'href="https://doi.org/10.1000/x"' in shown.response.text
    assert "me@example.org" not in desk.as_(READER).get(DESK).text


def test_a_receipt_lets_its_reader_erase_and_nobody_else(desk: Desk) -> None:
    place = desk.as_(None).post(f"{PUBLIC}/correct", **TOLD, contact="me@example.org").response.headers["location"]
    assert desk.get(place[:-3] + "xyz").status == 404
    desk.post(place[:-3] + "xyz")
    assert desk.get(place).status == 200
    assert desk.post(place).h1 == "Erased"
    assert desk.get(place).status == 404
    assert desk.store.events("proposal") == ()


def test_a_proposal_needs_the_tick_and_keeps_what_was_typed(desk: Desk) -> None:
    page = desk.as_(None).post(f"{PUBLIC}/correct", **{**TOLD, "no_patient": ""})
    assert page.status == 400
    assert page.field("reason") == "\nIt says so."
    assert desk.store.events("proposal") == ()


@pytest.mark.parametrize("name", sorted(LONGEST))
def test_an_over_long_proposal_is_refused_and_not_cut(desk: Desk, name: str) -> None:
    page = desk.as_(None).post(f"{PUBLIC}/correct", **{**TOLD, name: "x" * (LONGEST[name] + 1)})
    assert page.status == 400
    assert desk.store.events("proposal") == ()


def test_many_proposals_from_one_reader_are_refused_after_a_while(desk: Desk) -> None:
    answers = [desk.as_(None).post(f"{PUBLIC}/correct", **TOLD).status for _ in range(14)]
    assert answers == [303] * 12 + [429] * 2
    assert len(desk.store.events("proposal")) == 12
    assert desk.as_(READER).post(f"{PUBLIC}/correct", **TOLD).status == 303


def test_markup_in_a_proposal_stays_text(desk: Desk) -> None:
    told = {**TOLD, "value": HOSTILE, "reason": HOSTILE, "source": f"javascript:{HOSTILE}", "contact": HOSTILE}
    place = desk.as_(None).post(f"{PUBLIC}/correct", **told).response.headers["location"]
    pages = [desk.get(place), desk.as_(ONE).get(DESK)]
    pages.append(desk.as_(None).post(f"{PUBLIC}/correct", **{**told, "no_patient": ""}))
    desk.do(ONE, "comment", comment=HOSTILE)
    pages.append(desk.as_(ONE).get(DESK))
    for page in pages:
        assert "<img src=x" not in page.response.text
        assert "<script>alert" not in page.response.text
        assert 'href="javascript:' not in page.response.text
        assert "alert(1)" in page.text


@pytest.mark.parametrize(
    "source", ["javascript:alert(1)", "data:text/html,x", " https://a b", "ftp://a", "//evil.example", "see page 3"]
)
def test_only_an_address_of_a_page_becomes_a_link(desk: Desk, source: str) -> None:
    desk.proposed(source=source)
    page = desk.as_(ONE).get(DESK)
    assert source.strip() in page.text
    assert not re.search(rf'href="\s*{re.escape(source.strip())}', page.response.text)


def test_an_account_proposes_under_its_name_and_sees_the_outcome(desk: Desk) -> None:
    assert desk.as_(READER).post(f"{PUBLIC}/correct", **TOLD).response.headers["location"] == "/review/mine"
    number = desk.store.events("proposal")[0].number
    declined = desk.as_(ONE).post(
        f"{DESK}/correction", do="declined", seen="0", proposal=number, reason="The paper prints 2.42."
    )
    assert declined.status == 303
    mine = desk.as_(READER).get("/review/mine")
    assert "declined" in mine.text
    assert "The paper prints 2.42." in mine.text
    assert "R. Reader proposes" in desk.as_(ONE).get(DESK).text


def test_a_reviewer_accepts_with_an_edited_value(desk: Desk) -> None:
    number = desk.proposed(value="about two and a half")
    page = desk.as_(ONE).post(
        f"{DESK}/correction", do="accepted", seen="0", proposal=number, field="rho", value="a lot", reason="Yes."
    )
    assert page.status == 400
    assert page.field("value") == "\na lot"
    answer = desk.post(f"{DESK}/correction", do="accepted", seen="0", proposal=number, field="rho", value="2.5")
    assert answer.status == 303
    shown = desk.get(DESK)
    assert "Accepted as: rho : 2.5" in shown.text
    assert "It goes into the next release" in shown.text


def test_an_acceptance_names_a_field(desk: Desk) -> None:
    number = desk.proposed(field="")
    for field in ("", "review", "nothing"):
        answer = desk.as_(ONE).post(
            f"{DESK}/correction", do="accepted", seen="0", proposal=number, field=field, value="2.5"
        )
        assert answer.status == 400
    assert desk.store.events("correction") == ()


def test_two_who_decide_at_once_lose_nothing(desk: Desk) -> None:
    first, second = desk.proposed(), desk.proposed(value="2.6")
    desk.as_(TWO).post(f"{DESK}/correction", do="accepted", seen="0", proposal=first, field="rho", value="2.5")
    page = desk.as_(ONE).post(
        f"{DESK}/correction", do="accepted", seen="0", proposal=second, field="rho", value="2.6", reason="Mine."
    )
    assert page.status == 409
    assert page.field("value") == "\n2.6"
    assert len(desk.store.events("correction")) == 1


def test_a_reader_cannot_decide(desk: Desk) -> None:
    number = desk.proposed()
    answer = desk.as_(READER).post(f"{DESK}/correction", do="declined", seen="0", proposal=number, reason="No.")
    assert answer.status == 403
    assert "Decide" not in desk.get(DESK).text


def test_an_account_takes_back_its_own(desk: Desk) -> None:
    number = desk.proposed(READER)
    desk.as_(TWO).post("/review/mine", proposal=number)
    assert "taken back" not in desk.as_(READER).get("/review/mine").text
    desk.post("/review/mine", proposal=number)
    assert "taken back" in desk.get("/review/mine").text


# --- export -------------------------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with the one file of the data that the record stands in, as it is in the knowledge that is served."""
    import msgspec
    import yaml

    folder = tmp_path / "data"
    folder.mkdir()
    rows = [msgspec.to_builtins(r) for r in shipped().records["effect"] if "nocturnal_leg_cramp" in r.id]
    for row in rows:
        row["review"] = {k: v for k, v in row["review"].items() if v is not None}
    text = yaml.safe_dump({"kind": "effect", "records": rows}, sort_keys=False)
    (folder / "effects.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(reviews_export, "DATA", folder)
    return folder


def test_a_reviewer_downloads_the_change(desk: Desk, small: Path) -> None:
    number = desk.proposed()
    decide(desk.store, shipped(), *EFFECT, Decision(number, "accepted", 0, "rho", "2.5"), EDITOR, NOW.timestamp())
    page = desk.as_(ONE).get("/review/export")
    assert "2.42 2.5" in page.text
    assert "- rho: 2.42 + rho: 2.5" in page.text
    answer = desk.client.post("/review/export", data={"form_token": ""})
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert sorted(packed.namelist()) == ["changes.diff", "data/effects.yaml", "report.md"]
        report = packed.read("report.md").decode()
    assert "accepted by E. Editor" in report
    assert "of the panel move" in report
    assert (small / "effects.yaml").read_text(encoding="utf-8").count("rho: 2.5") == 0


def test_nothing_waiting_is_said(desk: Desk, small: Path) -> None:
    assert small.exists()
    assert "Nothing is waiting" in desk.as_(EDITOR).get("/review/export").text
    assert desk.post("/review/export").status == 409


def test_a_reader_exports_nothing(desk: Desk) -> None:
    assert desk.as_(READER).get("/review/export").status == 403
    assert desk.post("/review/export").status == 403


# --- policy -------------------------------------------------------------------------------------------------


def test_the_policy_needs_no_account_and_says_that_the_board_is_empty(desk: Desk) -> None:
    page = desk.as_(None).get("/library/policy")
    assert page.status == 200
    assert "The advisory board is empty" in page.text
    assert "Who is behind this" in page.text


def test_the_figures_of_the_policy_are_those_of_the_knowledge(desk: Desk) -> None:
    page = desk.get("/library/policy").response.text
    every = [r for k, records in shipped().records.items() if k != "source" for r in records]
    for basis in ("measured", "derived", "qualitative", "guideline", "expert"):
        wanted = f"{sum(r.basis == basis for r in every):,}"
        assert f'data-basis="{basis}">{wanted}<' in page
    assert f"{len(shipped().records['source']):,} sources" in page


def test_whoever_reads_the_policy_is_not_asked_who_they_are(tmp_path: Path) -> None:
    def never(_: object) -> Visitor | None:
        raise AssertionError("asked who is signed in")

    app = create_app(load(data=tmp_path), store=MemoryRepository(), clock=lambda: NOW, visitor_of=never)
    assert TestClient(app, base_url="http://localhost").get("/library/policy").status_code == 200
