"""What an entry is written with: the small language becomes runs, sources become numbers, records are noted.

Prose of records is read by `Writer.prose`; sentences that are composed are put together by `Writer.say`, with a run of
its own for every figure, name and quotation, so that a figure in them leads to its record as one in an article does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from msgspec.structs import replace

from soleus.knowledge import prose as language
from soleus.knowledge.loader import kinds
from soleus.library.figures import said
from soleus.library.model import Paragraph, RecordRef, Run, Table
from soleus.library.titles import inside, name_of, record_named, target
from soleus.reasoning.assessment import Audience, Cites
from soleus.reasoning.citing import Citer
from soleus.reasoning.compiled import Compiled
from soleus.reports.words import capital, sentence


@cache
def _kind_names() -> dict[type[Any], str]:
    return {structure: kind for kind, structure in kinds().items()}


def ref_of(record: Any) -> RecordRef:
    """The kind and id of a record."""
    return RecordRef(kind=_kind_names()[type(record)], id=record.id)


class Writer:
    """Writes one entry for one audience, numbering its sources and noting the records that it uses."""

    def __init__(self, compiled: Compiled, audience: Audience) -> None:
        self.compiled, self.knowledge, self.audience = compiled, compiled.knowledge, audience
        self.citer = Citer(compiled.knowledge)
        self.used: dict[RecordRef, None] = {}

    @property
    def patient(self) -> bool:
        return self.audience == "patient"

    def use(self, record: Any) -> RecordRef:
        """Note that the entry rests on a record."""
        ref = ref_of(record)
        self.used[ref] = None
        return ref

    def note(self, *tables: Table) -> tuple[Table, ...]:
        """The tables that have rows, after their records were noted as used."""
        shown = tuple(t for t in tables if t.rows)
        self.used |= {r.record: None for t in shown for r in t.rows if r.record}
        return shown

    def cites(self, *records: Any) -> Cites:
        """The numbers of the records' sources."""
        return self.citer.cite(key for r in records for key in r.source)

    def name(self, record: Any) -> str:
        """A record's name for this audience, as it stands inside a sentence."""
        return inside(name_of(record, self.audience))

    def figure(self, record: Any, *fields: object, form: str = "plain") -> Run:
        """A figure of a record in words. Raises `KnowledgeError` where it has none in that form."""
        path = ".".join([record.id, *(str(f) for f in fields)])
        return self._figure(language.Figure(ref_of(record).kind, path, form), begins=False)

    def entry(self, record: Any, words: str | None = None) -> Run:
        """A link to the entry of a record, by its name or by other words."""
        return Run(text=words or self.name(record), entry=ref_of(record))

    def own(self, text: str, record: Any) -> Run:
        """Words of a record inside a sentence of ours."""
        return Run(text=text.strip().rstrip("."), record=self.use(record), quoted=True)

    def quote(self, text: str, record: Any, lead: str = "", name: str = "", item: bool = False) -> Paragraph:
        """A sentence of a record in its own words, after words of ours (``lead``) and of the record (``name``)."""
        words = f"{name} {sentence(text)}" if name else sentence(text)
        told = Run(text=words, record=self.use(record), cites=self.cites(record), quoted=True)
        return Paragraph(runs=(Run(text=lead), told) if lead else (told,), item=item)

    def list(self, lead: str, runs: Iterable[Run]) -> Iterator[Paragraph]:
        """A line of ours and what it announces: for clinicians in one sentence, for patients one by one."""
        if self.patient:
            yield self.say(f"{lead}:")
            yield from (Paragraph(runs=(replace(run, text=capital(run.text)),), item=True) for run in runs)
        else:
            yield self.say(f"{lead}: {{}}.", runs)

    def say(self, pattern: str, *parts: Run | Iterable[Run], cite: Iterable[Any] = (), item: bool = False) -> Paragraph:
        """A sentence of ours: each ``{}`` is filled with a run, or with several as "a, b and c".

        The sources of the records ``cite`` stand before its last mark.
        """
        given, out = iter(parts), []  # type: tuple[Any, list[Run]]
        for n, words in enumerate(pattern.split("{}")):
            if n:
                part = next(given)
                out += (part,) if isinstance(part, Run) else joined(part)
            if words:
                out.append(Run(text=words))
        if cites := self.cites(*cite):
            out = _cited(out, cites)
        first = out[0]
        return Paragraph(runs=(replace(first, text=capital(first.text)), *out[1:]), item=item)

    def prose(self, text: str) -> tuple[Paragraph, ...]:
        """A text of the small language. Raises `KnowledgeError` for a figure that is not there."""
        return tuple(Paragraph(runs=self._runs(p.pieces), item=p.item) for p in language.paragraphs(text))

    def _runs(self, pieces: Iterable[language.Piece]) -> tuple[Run, ...]:
        out: list[Run] = []
        for piece in pieces:
            match piece:
                case language.Words():
                    out.append(Run(text=piece.text))
                case language.Figure():
                    out.append(self._figure(piece, begins=_begins(out)))
                case language.Link():
                    out.append(self._link(piece, begins=_begins(out)))
                case language.Cite():
                    _attach(out, self.citer.cite(piece.sources))
        return tuple(out)

    def _figure(self, piece: language.Figure, begins: bool) -> Run:
        told = said(self.knowledge, piece)
        ref = RecordRef(kind=told.kind, id=told.id)
        self.used[ref] = None
        return Run(text=capital(told.text) if begins else told.text, record=ref)

    def _link(self, piece: language.Link, begins: bool) -> Run:
        entry = target(self.knowledge, piece.target)
        words = piece.words
        if words is None:
            words = piece.target.replace("_", " ") if entry is None else self._name(entry)
        return Run(text=capital(words) if begins else words, entry=entry)

    def _name(self, entry: RecordRef) -> str:
        return self.name(record_named(self.knowledge, entry.kind, entry.id))


def joined(runs: Iterable[Run]) -> list[Run]:
    """Runs as "a, b and c"."""
    told = list(runs)
    out: list[Run] = []
    for n, run in enumerate(told):
        if n:
            out.append(Run(text=" and " if n == len(told) - 1 else ", "))
        out.append(run)
    return out


def _cited(runs: list[Run], cites: Cites) -> list[Run]:
    """The runs with numbers of sources before the full stop."""
    last = runs[-1]
    if last.text == "." and len(runs) > 1:
        return [*runs[:-2], replace(runs[-2], cites=cites), last]
    if last.text.endswith(".") and not last.record:
        return [*runs[:-1], replace(last, text=last.text[:-1], cites=cites), Run(text=".")]
    return [*runs[:-1], replace(last, cites=cites)]


def _begins(before: list[Run]) -> bool:
    """Whether what comes next begins a sentence."""
    told = "".join(r.text for r in before).rstrip()
    return not told or told.endswith((".", "?", "!"))


def _attach(runs: list[Run], cites: Cites) -> None:
    """Put numbers of sources after the last word, before the mark that may follow."""
    while runs and not runs[-1].text.strip() and not runs[-1].cites:
        runs.pop()
    if not runs:
        return
    last = runs[-1]
    runs[-1] = replace(last, text=last.text.rstrip(), cites=tuple(sorted({*last.cites, *cites})))
