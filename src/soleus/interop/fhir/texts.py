"""Texts inside a record, read as notes: documents, messages, printed reports and annotations.

What a text says enters where the coded data do not say it already (`soleus.interop.fhir.joining`). A text without a
complaint of the legs, of another person, too old, or in a form that is not read adds nothing and is listed.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any

import msgspec

from soleus.clinical.case import Case, Unused
from soleus.errors import UnreadableInput
from soleus.interop.fhir.joining import Danger, joined
from soleus.interop.fhir.record import Entry, Record
from soleus.interop.fhir.shapes import Moment, items, mapping, word
from soleus.interop.fhir.statements import status_of
from soleus.interop.fhir.told import role_of
from soleus.reasoning.compiled import Compiled

if TYPE_CHECKING:
    from soleus.notes.reading import Reading

MOST_TEXTS, MOST_CHARACTERS = 50, 100_000  # of one record, the latest first: three seconds at most
_MOST_ENCODED = 400_000  # characters of base64
_DATES = {
    "DocumentReference": ("date", "created", "indexed", "context.period.end", "context.period.start"),
    "Communication": ("sent", "received"),
    "DiagnosticReport": ("effectiveDateTime", "effectivePeriod.end", "issued"),
}
_OTHER_DATES = ("recordedDate", "effectiveDateTime", "authoredOn", "authored", "performedDateTime", "period.start",
                "dateAsserted", "date")  # fmt: skip
_VOID = {"entered-in-error", "superseded", "cancelled", "not-done", "refuted"}
_PLAIN, _MARKED = {"text/plain", "text"}, {"text/html", "application/xhtml+xml"}


@dataclass(frozen=True)
class Text:
    """A text with its place, the resource it stands in and the day it was written."""

    where: str
    entry: Entry
    words: str
    at: Moment | None


def has_text(entry: Entry) -> bool:
    """Whether a resource of a type that is read for its texts alone holds one."""
    return bool(items(entry.body.get(_HOLDERS.get(entry.kind, ""))) or items(entry.body.get("note")))


_HOLDERS = {"DocumentReference": "content", "Communication": "payload", "DiagnosticReport": "presentedForm"}


def with_texts(record: Record, case: Case, entries: Iterable[Entry], compiled: Compiled) -> Case:
    """The case with what the texts of these resources add; the latest text counts before the others."""
    found = sorted(_texts(record, entries), key=lambda t: t.at.key if t.at else "", reverse=True)
    alone = not record.used()
    for text in _within_limits(record, found):
        case = _with_text(record, case, text, compiled, alone)
    return case


def _within_limits(record: Record, found: list[Text]) -> Iterator[Text]:
    left = MOST_CHARACTERS
    for n, text in enumerate(found):
        left -= len(text.words)
        if n < MOST_TEXTS and left >= 0:
            yield text
        else:
            record.leave(text.where, f"{text.entry.kind}, text", "more text than is read of one record")


def _with_text(record: Record, case: Case, text: Text, compiled: Compiled, alone: bool) -> Case:
    from soleus.notes.case import case_of as case_of_note
    from soleus.notes.reading import read

    what = f"{text.entry.kind}, text"
    try:
        reading = read(text.words, compiled)
    except UnreadableInput as error:
        record.leave(text.where, what, f"expected {error.expected}")
        return case
    told = case_of_note(reading, compiled, as_of=case.as_of, setting=case.setting)
    why = _not_of_use(reading, told, case)
    if why:
        record.leave(text.where, what, why)
        return case
    record.use(text.where)
    danger = _danger(told, compiled, text.at)
    told = _dated(record, told, reading, text)
    told = msgspec.structs.replace(told, unused=tuple(_placed(u, text.where) for u in told.unused))
    both = joined(case, told, compiled, source=text.where, danger=danger)
    own = {"answered_by": told.answered_by} if alone else {}
    setting = {"setting": reading.setting} if reading.setting and case.setting == Case().setting else {}
    return msgspec.structs.replace(both, **own, **setting)


def _placed(u: Unused, where: str) -> Unused:
    return msgspec.structs.replace(u, where=f"{where}, {u.where}")


def _not_of_use(reading: Reading, told: Case, case: Case) -> str | None:
    if not reading.of_legs:
        return "no complaint of the legs is told in it"
    sexes = {told.person.sex, case.person.sex} - {None}
    return "it seems to tell of another person: the sex differs" if len(sexes) > 1 else None


def _danger(told: Case, compiled: Compiled, at: Moment | None) -> Danger:
    """What of the text counts whatever the record says: see `Danger`."""
    from soleus.knowledge.schema.safety import RedFlag
    from soleus.notes.lexicon import lexicon
    from soleus.reasoning.facts import PresentationFacts
    from soleus.reasoning.intake import take_in
    from soleus.reasoning.medicines import MedicineIndex
    from soleus.reasoning.red_flags import fired

    (seen,) = take_in(told, compiled, MedicineIndex(compiled.knowledge), empty=True)
    soon = [f for f in compiled.knowledge.all(RedFlag) if f.urgency in ("emergency", "same_day")]
    flagged = {name for result in fired(soon, PresentationFacts(seen)) for name in result.findings}
    return Danger(lexicon(compiled).alarming, frozenset(flagged), at.day if at else None)


def _dated(record: Record, told: Case, reading: Reading, text: Text) -> Case:
    """A tempo of "three weeks" in a text of last month is one of seven weeks on the day of the case."""
    from soleus.reasoning.intake import within

    ago = record.days_ago(text.at.day) if text.at else None
    if reading.tempo_days is None or "tempo" not in told.findings or ago is None:
        return told
    length = reading.tempo_days + ago
    states = record.terms.compiled.findings["tempo"].states
    state = next((s.id for s in states if (s.at_least, s.below) != (None, None) and within(s, length)), None)
    return msgspec.structs.replace(told, findings=told.findings | ({"tempo": state} if state else {}))


def _texts(record: Record, entries: Iterable[Entry]) -> Iterator[Text]:
    """Every text that can be read; what cannot is listed with the reason."""
    for e in entries:
        if role_of(e.body) or e.kind == "FamilyMemberHistory" or not has_text(e):
            continue
        at = record.when(e.where, e.body, *_DATES.get(e.kind, _OTHER_DATES))
        for where, words, own in _words_of(record, e):
            why = _untimely(record, e, own or at)
            if why:
                record.leave(where, f"{e.kind}, text", why)
            elif words.strip():
                yield Text(where, e, words, own or at)


def _untimely(record: Record, e: Entry, at: Moment | None) -> str | None:
    """Why a text tells nothing of now."""
    states = {status_of(e.body.get(n)) for n in ("status", "docStatus", "verificationStatus")}
    if states & _VOID:
        return f"its status is {sorted(states & _VOID)[0]}"
    if record.future(at):
        return "dated after the day of the case"
    ago = record.days_ago(at.day) if at else None
    old = ago is not None and ago > record.terms.compiled.parameter("record_oldest_days")
    return "too old to tell of now" if old else None


def _words_of(record: Record, e: Entry) -> Iterator[tuple[str, str, Moment | None]]:
    """Place, text, and the text's own date."""
    if e.kind == "DocumentReference":
        for n, part in enumerate(items(e.body.get("content"))):
            place = f"{e.where}.content[{n}].attachment"
            yield from _attached(record, e, mapping(part).get("attachment"), place)
    elif e.kind == "DiagnosticReport":
        for n, form in enumerate(items(e.body.get("presentedForm"))):
            yield from _attached(record, e, form, f"{e.where}.presentedForm[{n}]")
    elif e.kind == "Communication":
        for n, part in enumerate(items(e.body.get("payload"))):
            place, body = f"{e.where}.payload[{n}]", mapping(part)
            if word(body.get("contentString")):
                yield f"{place}.contentString", word(body.get("contentString")), None
            else:
                yield from _attached(record, e, body.get("contentAttachment"), f"{place}.contentAttachment")
    for n, note in enumerate(items(e.body.get("note"))):
        body = {"text": note} if isinstance(note, str) else mapping(note)
        yield f"{e.where}.note[{n}].text", word(body.get("text")), record.when(f"{e.where}.note[{n}]", body, "time")


def _attached(record: Record, e: Entry, value: Any, where: str) -> Iterator[tuple[str, str, Moment | None]]:
    """The text of an attachment; nothing is fetched."""
    found = mapping(value)
    kind = word(found.get("contentType")).lower().partition(";")[0].strip()
    data = found.get("data")
    what = f"{e.kind}, attachment"
    if kind not in _PLAIN | _MARKED:
        record.leave(where, what, "its kind is not said" if not kind else "neither plain text nor HTML")
    elif not isinstance(data, str) or not data:
        record.leave(where, what, "the text is not in the record; nothing is fetched")
    elif len(data) > _MOST_ENCODED:
        record.leave(where, what, "too long to be read")
    else:
        words = _decoded(data)
        if words is None:
            record.leave(where, what, "its data cannot be decoded")
        else:
            yield where, _stripped(words) if kind in _MARKED else words, None


def _decoded(data: str) -> str | None:
    try:
        raw = base64.b64decode(re.sub(r"\s", "", data), validate=True)
    except (binascii.Error, ValueError):
        return None
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return raw.decode("latin-1")


_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9]{0,20})|<[!?]")
_APART = frozenset(["p", "div", "br", "li", "tr", "td", "th", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table"])
_SILENT = frozenset(("script", "style", "head", "title"))


def _stripped(page: str) -> str:
    """The words of an HTML page, in one pass whatever the page holds; one that breaks off is read as far as it goes.

    The parser of Python's library takes minutes for some pages of a few hundred kilobytes that are made to that end.
    """
    words, at = [], 0
    while (begin := page.find("<", at)) >= 0:
        words.append(page[at:begin])
        tag = _TAG.match(page, begin)
        if tag is None:  # a sign: "ABI < 0.9"
            words.append("<")
            at = begin + 1
            continue
        name = (tag[1] or "").lower()
        comment = page.startswith("<!--", begin)
        end = page.find("-->", begin) + 2 if comment else page.find(">", begin)
        if name in _SILENT and page[begin + 1] != "/":
            closing = re.compile(f"</{name}", re.I).search(page, begin)
            end = closing.start() - 1 if closing else -1
        if end < begin:
            break
        words.append("\n" if name in _APART else "")
        at = end + 1
    else:
        words.append(page[at:])
    return unescape(_ENDLESS.sub(" ", "".join(words)))


_ENDLESS = re.compile(r"&#\d{8,};?")  # no character has such a number
