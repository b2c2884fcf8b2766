"""What changed from version to version, and the feed of it (RFC 4287, RFC 4151)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from soleus.clinical.reading import case_from
from soleus.errors import KnowledgeError, UnknownName
from soleus.knowledge.loader import Knowledge
from soleus.library import changes, feed
from soleus.library.changes import Change, between, first, history, read, touching, written
from soleus.library.model import RecordRef
from soleus.reasoning.compiled import Compiled, shipped_compiled

ADDRESS = "https://library.example"
CRAMP = RecordRef(kind="explanation", id="nocturnal_leg_cramp")
CASE = case_from({"findings": {"quality": "cramp", "site": "calf", "timing": "night_in_bed"}}, "calf at night")
ATOM = "{http://www.w3.org/2005/Atom}"


def changed(compiled: Compiled, kind: str, id: str, **fields: Any) -> Compiled:
    """The same base in its next version, with one record changed; no fields: without the record."""
    base = compiled.knowledge
    old = next(r for r in base.records[kind] if r.id == id)
    new = [replace(r, **fields) if r is old else r for r in base.records[kind] if fields or r is not old]
    return Compiled(Knowledge({**base.records, kind: tuple(new)}, base.facets, "9.9.0", "f" * 64))


def test_the_history_begins_with_the_first_version() -> None:
    assert history()[-1].version == "0.1.0"
    assert history()[-1].before is None
    assert [c.date for c in history()] == sorted((c.date for c in history()), reverse=True)


def test_every_file_of_the_history_is_as_it_is_written(root: Path) -> None:
    for file in (root / "src/soleus/library/history").glob("*.json"):
        assert written(read(file.read_bytes(), file.name)) == file.read_bytes()
        assert file.stem == read(file.read_bytes(), file.name).version


@pytest.mark.parametrize("content", [b"", b"{}", b'{"version": 1}', b"[]"])
def test_a_broken_file_is_told_by_name(content: bytes) -> None:
    with pytest.raises(KnowledgeError, match=r"broken\.json"):
        read(content, "broken.json")


def test_nothing_changed_is_nothing_told(compiled: Compiled) -> None:
    told = between(compiled, compiled, date="2026-12-01", summary="Nothing.", cases=[("A calf", CASE)])
    assert (told.added, told.removed, told.changed, told.touched, told.moved) == ({}, {}, {}, (), ())
    assert told.judged == 1


def test_a_changed_rate_touches_its_entry_and_moves_the_judgement(compiled: Compiled) -> None:
    rate = next(r for r in compiled.knowledge.records["rate"] if r.id == CRAMP.id)
    lower = changed(compiled, "rate", CRAMP.id, per_100k={k: v / 4 for k, v in rate.per_100k.items()})
    told = between(compiled, lower, date="2026-12-01", summary="A rate.", cases=[("A calf at night", CASE)])
    assert told.changed == {"rate": {CRAMP.id: ("per_100k",)}}
    assert told.by_entry == {CRAMP: (RecordRef(kind="rate", id=CRAMP.id),)}
    (moved,) = told.moved
    chance = next(c for c in moved.chances if c.explanation == CRAMP.id)
    assert chance.before is not None
    assert chance.after is not None
    assert chance.after < chance.before
    assert chance.because == (RecordRef(kind="rate", id=CRAMP.id),)
    assert told.moved_for(CRAMP.id) == (moved,)


def test_what_went_touches_the_entry_that_had_it(compiled: Compiled) -> None:
    fact = next(
        r.id for r in compiled.knowledge.records["fact"] if r.topic == "statin"
    )  # shown with the cause and the medicine of that name
    told = between(compiled, changed(compiled, "fact", fact), date="2026-12-01", summary="A fact less.")
    assert told.removed == {"fact": (fact,)}
    assert RecordRef(kind="contributor", id="statin") in told.by_entry


def test_a_change_reads_back_as_it_was_written(compiled: Compiled) -> None:
    told = between(
        compiled, changed(compiled, "fact", compiled.knowledge.records["fact"][0].id), date="2026-12-01", summary="x"
    )
    assert read(written(told), "it") == told


def test_an_entry_is_touched_since_it_came(monkeypatch: pytest.MonkeyPatch, compiled: Compiled) -> None:
    begun = first(compiled.knowledge, date="2026-01-01", summary="First.")
    came = Change(
        version="0.2.0", digest="0" * 64, date="2026-02-01", summary="More.", holds={}, before="0.1.0",
        added={"short_entry": ("tree_bruxism",)},
        touched=(changes.Touched(entry=RecordRef(kind="short_entry", id="tree_bruxism"), records=()),),
    )  # fmt: skip
    monkeypatch.setattr(changes, "_history", lambda: (came, begun))
    assert touching(RecordRef(kind="short_entry", id="tree_bruxism")) == (came,)
    assert touching(CRAMP) == (begun,)


# ------------------------------------------------------------------------------------------------------- the feed


def faults(content: bytes) -> list[str]:
    """What RFC 4287 requires of a feed and its entries (4.1.1, 4.1.2), and RFC 4151 of a tag URI."""
    root = ElementTree.fromstring(content)
    out = [] if root.tag == f"{ATOM}feed" else ["root"]
    out += [f"feed {name}" for name in ("id", "title", "updated") if len(root.findall(ATOM + name)) != 1]
    if not root.findall(f"{ATOM}author"):
        out.append("feed author")
    entries = root.findall(f"{ATOM}entry")
    for entry in entries:
        out += [f"entry {name}" for name in ("id", "title", "updated") if len(entry.findall(ATOM + name)) != 1]
        if not [link for link in entry.findall(f"{ATOM}link") if link.get("rel") == "alternate" and link.get("href")]:
            out.append("entry link")
        if not re.fullmatch(r"tag:[a-z0-9.\-]+,\d{4}-\d\d-\d\d:[^\s<>\"]+", entry.findtext(f"{ATOM}id", "")):
            out.append(f"id {entry.findtext(f'{ATOM}id')}")
    dates = [e.findtext(f"{ATOM}updated", "") for e in (root, *entries)]
    out += [f"date {d}" for d in dates if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", d)]
    ids = [e.findtext(f"{ATOM}id") for e in entries]
    return out + (["twice"] if len(ids) != len(set(ids)) else [])


def entries(content: bytes) -> Sequence[ElementTree.Element]:
    return ElementTree.fromstring(content).findall(f"{ATOM}entry")


def test_the_whole_feed_has_every_version(compiled: Compiled) -> None:
    content = feed.whole(compiled, history(), ADDRESS)
    assert faults(content) == []
    assert len(entries(content)) == len(history())


def test_the_feed_says_what_moved(compiled: Compiled) -> None:
    rate = next(r for r in compiled.knowledge.records["rate"] if r.id == CRAMP.id)
    lower = changed(compiled, "rate", CRAMP.id, per_100k={k: v / 4 for k, v in rate.per_100k.items()})
    told = between(compiled, lower, date="2026-12-01", summary="A rate.", cases=[("A calf & <knot>", CASE)])
    content = feed.whole(lower, (told,), ADDRESS)
    assert faults(content) == []
    html = entries(content)[0].findtext(f"{ATOM}content") or ""
    assert "A calf &amp; &lt;knot&gt;: Nocturnal (sleep-related) leg cramp" in html
    assert re.search(r"leg cramp \d+\.\d% to \d+\.\d%", html)


def test_the_feed_of_an_entry_has_the_versions_that_touched_it(compiled: Compiled) -> None:
    content = feed.of_entry(compiled, CRAMP, "patient", ADDRESS)
    assert faults(content) == []
    assert len(entries(content)) == len(touching(CRAMP))
    assert entries(content)[0].find(f"{ATOM}link").get("href") == f"{ADDRESS}/library/explanation/nocturnal_leg_cramp"  # type: ignore[union-attr]


def test_the_feed_of_an_entry_that_is_none_is_refused(compiled: Compiled) -> None:
    with pytest.raises(UnknownName):
        feed.of_entry(compiled, RecordRef(kind="explanation", id="no_such"), "patient", ADDRESS)


def test_the_feed_of_a_search_has_the_entries_that_fit_now(compiled: Compiled) -> None:
    content = feed.of_search(compiled, "systremma", "clinician", ADDRESS)
    assert faults(content) == []
    assert entries(content)[0].findtext(f"{ATOM}title") == "Nocturnal (sleep-related) leg cramp"


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40))
def test_a_search_for_any_text_is_a_valid_feed(words: str) -> None:
    assert faults(feed.of_search(shipped_compiled(), words, "patient", ADDRESS)) == []


def test_a_feed_reader_that_others_wrote_takes_it(compiled: Compiled) -> None:
    feedparser = pytest.importorskip("feedparser", reason="feedparser is not installed")
    read_back = feedparser.parse(feed.whole(compiled, history(), ADDRESS))
    assert not read_back.bozo
    assert [e.title for e in read_back.entries] == [f"Knowledge {c.version}" for c in history()]


def test_the_history_is_plain_data() -> None:
    assert msgspec.json.decode(written(history()[-1]))["version"] == "0.1.0"
