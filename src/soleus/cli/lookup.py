"""`soleus explain`, `compare`, `causes`, `sources` and `show`: from an answer, or a word, to the sources."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from soleus.cli.overlaid import compiled_with
from soleus.errors import UnknownName, near_names
from soleus.evidence.record import Source
from soleus.interop.reading import read_any
from soleus.knowledge.schema.core import Effect
from soleus.knowledge.schema.medicines import Belief, Cause, Medicine
from soleus.reasoning.answers import explanation_named
from soleus.reasoning.chain import Chain, Step, chain
from soleus.reasoning.citing import Citer, address
from soleus.reasoning.compare import compare
from soleus.reasoning.compiled import Compiled, normal_form, shipped_compiled
from soleus.reasoning.entry import Entry, find, uses_of
from soleus.reasoning.intake import take_in
from soleus.reasoning.judging import Judged
from soleus.reasoning.medicines import MedicineIndex
from soleus.reasoning.words import local_figures
from soleus.reports import tables


def _console() -> Console:
    return Console(highlight=False)


def explain_case(
    case: Path, target: str | None, against: str | None, as_of: str | None, overlay: Path | None = None
) -> None:
    """The chain from the answer to the citations."""
    import msgspec

    compiled = compiled_with(overlay)
    read = read_any(case, compiled)
    if as_of:
        read = msgspec.structs.replace(read, as_of=as_of)
    judged = Judged(take_in(read, compiled, MedicineIndex(compiled.knowledge))[0])
    s = explanation_named(compiled, target).id if target else judged.first.id
    t = explanation_named(compiled, against).id if against else None
    citer = Citer(compiled.knowledge)
    _print_chain(_console(), chain(judged, s, t, citer), citer)
    _print_overlay(_console(), compiled)


def _print_overlay(console: Console, compiled: Compiled) -> None:
    if compiled.knowledge.overlay is not None:
        console.print(local_figures(compiled.knowledge.overlay, "clinician"), markup=False)


def _print_chain(console: Console, found: Chain, citer: Citer) -> None:
    prior, *steps = found.steps
    links = [tables.Link(_marked(s), s.decibans, s.basis, f"{s.value} against {s.other}") for s in steps]
    console.print(found.heading, markup=False)
    tables.explain(console, found.caption, prior.decibans, links, sum(s.decibans for s in found.steps))
    console.print(f"{_marked(prior)}: {prior.value} against {prior.other} per 100,000 a year", markup=False)
    console.print(found.footing, markup=False)
    _print_references(console, citer)


def _marked(step: Step) -> str:
    return f"{step.label} {_marks(step.cites)}".rstrip()


def _marks(cites: tuple[int, ...]) -> str:
    return "".join(f"[{n}]" for n in cites)


def _print_references(console: Console, citer: Citer) -> None:
    for r in citer.references():
        console.print(f"[{r.number}] {r.text} {r.url or ''}".rstrip(), markup=False)


def compare_two(first: str, second: str, most: int) -> None:
    """The discriminating table."""
    compiled = shipped_compiled()
    a, b = explanation_named(compiled, first), explanation_named(compiled, second)
    citer = Citer(compiled.knowledge)
    console = _console()
    rows = compare(compiled, a.id, b.id)[:most]
    tables.compare(
        console,
        a.name,
        b.name,
        [
            tables.Contrast(
                f"{row.label} {_marks(citer.cite(row.sources))}".rstrip(),
                f"{row.p_first:.0%}",
                f"{row.p_second:.0%}",
                row.decibans,
                row.basis,
            )
            for row in rows
        ],
    )
    console.print("Findings hang together: do not add rows up.", markup=False)
    _print_references(console, citer)


def causes_of(name: str, overlay: Path | None = None) -> None:
    """Ratios of every contributor to an explanation, the strongest first."""
    compiled = compiled_with(overlay)
    explanation = explanation_named(compiled, name)
    citer = Citer(compiled.knowledge)
    effects = [e for (_, s), e in compiled.effects.items() if s == explanation.id]
    rows = []
    for e in sorted(effects, key=lambda e: (not e.necessary, -(e.rho or 0))):
        name = compiled.contributors[e.contributor].name
        rows.append((f"{name} {_marks(citer.cite(e.source))}".rstrip(), *_effect_cells(e)))
    console = _console()
    columns = ("Cause", "Ratio", "95 %", "Causal", "Design", "Basis")
    tables.listing(console, f"What brings about {explanation.name}", columns, rows)
    if explanation.family == "cramp":
        for belief in compiled.knowledge.all(Belief):
            mark = _marks(citer.cite(belief.source))
            console.print(
                f"Belief: {belief.belief} — {belief.verdict}. {belief.statement} {mark}".rstrip(), markup=False
            )
        for cause in compiled.knowledge.all(Cause):
            console.print(f"{cause.name}: {cause.verdict}. {cause.statement}", markup=False)
    _print_overlay(console, compiled)
    _print_references(console, citer)


def _effect_cells(e: Effect) -> tuple[str, ...]:
    ratio = "necessary" if e.necessary else f"{e.rho:g}"
    interval = f"{e.low:g} to {e.high:g}" if e.low and e.high else ""
    return ratio, interval, f"{e.causal_rho:g}" if e.causal_rho else "", (e.design or "").replace("_", " "), e.basis


def list_sources(words: str) -> None:
    """Sources that match, with what rests on each."""
    knowledge = shipped_compiled().knowledge
    used = uses_of(knowledge)
    wanted = normal_form(words).split()
    console = _console()
    shown = 0
    for source in knowledge.all(Source):
        text = normal_form(f"{source.id} {source.title} {source.authors} {source.journal} {source.doi} {source.year}")
        if all(w in text for w in wanted):
            _print_source(console, source, used.get(source.id, ()), bool(wanted))
            shown += 1
    if not shown:
        raise UnknownName("sources", repr(words), "words of a source", "Use fewer or other words.")


def _print_source(console: Console, source: Source, uses: tuple[str, ...], full: bool) -> None:
    line = f"{source.id}: {source.authors or ''} {source.title} ({source.year or 'no year'}). {address(source) or ''}"
    console.print(f"{line} — {len(uses)} records, read: {source.read}", markup=False)
    if full:
        for use in uses:
            console.print(f"    {use}", markup=False)


def show_entry(name: str) -> None:
    """The entry of whatever answers to a name, code or former name; a plural such as "findings" lists the names."""
    compiled = shipped_compiled()
    if name in _LISTS:
        _print_names(_console(), compiled, name)
        return
    found = find(compiled, name)
    if not found:
        known = sorted({*compiled.names.explanations, *compiled.names.findings, *compiled.names.contributors})
        raise UnknownName("show", repr(name), "something the knowledge base knows", near_names(name, known))
    console = _console()
    citer = Citer(compiled.knowledge)
    for entry in found:
        _print_entry(console, entry, citer)
    _print_references(console, citer)


_LISTS = ("explanations", "findings", "contributors", "medicines")


def _print_names(console: Console, compiled: Compiled, kind: str) -> None:
    """Every id of a kind with its name, and for findings the answers."""
    if kind == "findings":
        for f in compiled.findings.values():
            unit = f" in {f.unit}" if f.unit else ""
            console.print(f"{f.id}: {f.name}; {', '.join(s.id for s in f.states)}{unit}", markup=False)
        return
    names = {
        "explanations": {e.id: e.name for e in compiled.explanations.values()},
        "contributors": {c.id: c.name for c in compiled.contributors.values()},
        "medicines": {m.id: m.name for m in compiled.knowledge.all(Medicine)},
    }
    for target, name in names[kind].items():
        console.print(f"{target}: {name}", markup=False)


def _print_entry(console: Console, entry: Entry, citer: Citer) -> None:
    console.print(f"{entry.kind}: {entry.title} ({entry.id})", style="bold", markup=False)
    for heading, value in entry.fields:
        console.print(f"  {heading}: {value}", markup=False)
    marks = _marks(citer.cite(entry.sources))
    if marks:
        console.print(f"  sources: {marks}", markup=False)
