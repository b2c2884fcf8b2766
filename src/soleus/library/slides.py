"""Slides of an entry, or of two side by side: key points, figures as native tables and shapes, references, standing.

Sentences are those of the entry (`soleus.library.slide_lines`). What does not fit on a slide is named in its notes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from soleus.errors import UnknownName
from soleus.library import addresses
from soleus.library.citing import LICENCE, citation
from soleus.library.deck import BOTTOM, BROAD, LEFT, RIGHT, TOP, Line, Shape, Slide
from soleus.library.deck.forest import forest
from soleus.library.drawing import anatomy, pain_map
from soleus.library.drawing.chart import Mark, ratios
from soleus.library.drawing.curves import flattened
from soleus.library.drawing.forest import Panel, cause_marks, trial_panels
from soleus.library.model import Entry, Row, Section, Table
from soleus.library.slide_lines import Numbers, lines_of, reference_text, whole
from soleus.library.slide_making import Built, Making
from soleus.library.tables import apart_table
from soleus.library.titles import inside
from soleus.library.treatment_tables import PLACES
from soleus.reasoning.citing import Citer
from soleus.reasoning.compiled import Compiled
from soleus.reports.words import capital, closed, date_words

PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_MOST_CAUSES, _ENOUGH_CAUSES = 18, 8  # rows of a forest plot; so many that were measured need no estimates beside them
_MOST_TRIALS, _TRIAL = 2, 0.36  # slides; inches of a row
_MOST_APART = 10
_DO = ("first_step", "first_line", "may_try", "specialist_only")
_DO_NOT = ("not_recommended", "avoid", "popular_not_supported", "last_resort", "not_standard", "uncertain")
_BASES = {"measured": "measured", "derived": "computed", "guideline": "guideline", "qualitative": "put on a scale"}
_RATIO = {
    "clinician": "How often it occurs with each against without: ratio of rates with its 95% interval",
    "patient": "How many times as often it is found in people with each",
}


def slides(compiled: Compiled, entry: Entry, address: str = "") -> bytes:
    """The slides of an explanation's entry as a .pptx file.

    ``address`` is where the library is, such as https://soleus.example. Raises `UnknownName` for another kind of entry,
    `UsageError` where python-pptx is not installed.
    """
    return _Deck(compiled, (_explanation(entry),), address, entry.title).one(entry)


def comparison_slides(compiled: Compiled, first: Entry, second: Entry, address: str = "") -> bytes:
    """The slides of two explanations side by side. Raises as `slides` does."""
    if first.id == second.id:
        raise UnknownName("second", repr(second.id), "another explanation", "Choose two that differ.")
    pair = (_explanation(first), _explanation(second))
    return _Deck(compiled, pair, address, f"{first.title} or {inside(second.title)}?").two(*pair)


def _explanation(entry: Entry) -> Entry:
    if entry.kind != "explanation":
        raise UnknownName("slides", f"an entry of the kind {entry.kind}", "an explanation", "Choose one.")
    return entry


class _Deck(Making):
    """What stands on the slides, one after the other."""

    def one(self, entry: Entry) -> bytes:
        """The deck of one entry."""
        self._opening()
        self._points("Key points", entry)
        self._who(entry)
        self._features(entry)
        self._exclusion(entry)
        self._causes("Causes", entry)
        self._work_up(entry)
        self._treatment(entry)
        self._trials(entry)
        self._beside([(s.title, entry, s) for s in map(entry_part(entry), ("prevention", "prognosis")) if s])
        self._not_known()
        return self._closed()

    def two(self, first: Entry, second: Entry) -> bytes:
        """The deck of two entries."""
        self._opening()
        self._pair("definition", "What each is")
        self._apart(first, second)
        for entry in (first, second):
            self._points(f"Key points: {inside(entry.title)}", entry)
        self._pair("who", "Who gets it")
        for entry in (first, second):
            self._causes(f"Causes: {inside(entry.title)}", entry)
        self._pair("work_up", "Work-up")
        self._pair("treatment", "Treatment")
        self._not_known()
        return self._closed()

    # ------------------------------------------------------------------------------------------------ slides

    def _opening(self) -> None:
        """Name, definition, codes; the leg with the places where it hurts."""
        slide = self.slide(self.title, 40)
        room = 7.5
        lines = [Line(closed(e.definition.text), bullet=False) for e in self.entries]
        slide.bullets(lines, wide=room, tall=3.3, sizes=(22, 13))
        codes = [f"{c.system} {c.code}" for e in self.entries for c in e.codes][:6]
        foot = [Line(" · ".join(codes), bullet=False, kind="soft")] if codes else []
        foot.append(
            Line("From the Soleus library, on legs that cramp, hurt or will not keep still at night", bullet=False)
        )
        first = self.entries[0]
        standing = f"Soleus knowledge {first.knowledge_version}. {first.standing.sentence}"
        slide.bullets([*foot, Line(standing, bullet=False, kind="warn")], y=5.3, wide=room, tall=1.5, sizes=(14, 11))
        wide = 4.2 / len(self.entries)
        for n, entry in enumerate(self.entries):
            self._legs(slide, entry, RIGHT - 4.2 + n * wide, wide)
        self.noted(slide, more="Where it hurts: the darker a place, the more people name it as the worst.")

    def _legs(self, slide: Slide, entry: Entry, x: float, wide: float) -> None:
        """Both views of the leg, shaded by where it hurts, with the places in words."""
        shares = pain_map.shares_of(self.compiled, entry.id)
        if not shares:
            return
        words = pain_map.places(self.compiled, entry.id, self.look, 3)
        scale = min((wide - 0.2) / 2 / 200, 3.9 / 700)
        drawn = []
        for n, view in enumerate(pain_map.VIEWS):
            left, top = x + n * 200 * scale, TOP + 0.1 + 90 * scale
            for part in anatomy.parts(view):
                points = [(left + px * scale, top + py * scale) for px, py in flattened(part.outline)]
                drawn.append(slide.polygon(points, pain_map.kind_of(shares.get(part.id, 0.0)), "limb"))
        slide.group(drawn, f"{entry.title}: {words}")
        head = Line(entry.title if len(self.entries) > 1 else "Where it hurts", bullet=False, bold=True)
        told = [Line(capital(w), bullet=False) for w in words.split(", ")]
        slide.bullets([head, *told], x, TOP + 0.2 + 700 * scale, wide - 0.15, 1.1, (13, 9))

    def _points(self, title: str, entry: Entry) -> None:
        slide = self.slide(title)

        def build(numbers: Numbers) -> list[Line]:
            return [Line(s.text, numbers.of(entry, s.cites)) for s in map(whole, entry.key_points)]

        self.noted(slide, self.bulleted(slide, build))

    def _who(self, entry: Entry) -> None:
        """Words on the left, new presentations by age and sex on the right."""
        section = entry_part(entry)("who")
        rates = _table(section, "rates")
        slide = self.slide("Who gets it")
        wide = BROAD * (0.5 if rates else 1)
        left_out = self.bulleted(slide, lambda numbers: lines_of(entry, section, numbers), wide=wide, most=18)
        if rates:
            x = LEFT + BROAD * 0.54
            cites = self.numbers.of(entry, [n for r in rates.rows for n in r.cites])
            slide.bullets([Line(rates.title, cites, bullet=False, bold=True)], x, TOP, RIGHT - x, 0.6, (13, 11))
            slide.columns(*_by_sex(rates.rows), x, TOP + 0.55, RIGHT - x, BOTTOM - TOP - 0.55)
        self.noted(slide, left_out, rates.note if rates else "")

    def _features(self, entry: Entry) -> None:
        table = _table(entry_part(entry)("features"), "features")
        if table and table.rows:
            slide = self.slide("What speaks for it")
            columns = ("Finding", "With it, against other leg complaints", "How it is known")
            build = self.row(entry, lambda r: _BASES.get(r.basis or "", "estimated"))
            self.noted(slide, self.tabled(slide, columns, table.rows, build, (0.5, 0.31, 0.19), 14))

    def _exclusion(self, entry: Entry) -> None:
        """What it is confused with, and the findings that separate best."""
        slide = self.slide("What else it may be")
        others = [o for o in entry.confused_with if o.entry]
        citer = Citer(self.compiled.knowledge)
        found = [self._apart_rows(entry.id, o.entry.id, citer, 2) for o in others if o.entry]
        rows = [
            Row(
                label=o.label,
                figure="; ".join(f"{r.label} ({r.figure})" for r in rs),
                cites=tuple(n for r in rs for n in r.cites),
            )
            for o, rs in zip(others, found, strict=True)
        ]
        by_number = {r.number: r for r in citer.references()}

        def build(numbers: Numbers, rows: Sequence[Row]) -> list[tuple[Line, ...]]:
            return [
                (
                    Line(r.label, bullet=False, bold=True),
                    Line(r.figure, numbers.cite(by_number[n] for n in r.cites), bullet=False),
                )
                for r in rows
            ]

        columns = ("It may be", "What separates best (here, against there)")
        left_out = self.tabled(slide, columns, rows, build, (0.34, 0.66), 13) if rows else []
        if not rows:
            slide.bullets([Line("Nothing is on record with which it is often confused.", bullet=False)])
        self.noted(slide, left_out)

    def _apart_rows(self, first: str, second: str, citer: Citer, most: int) -> tuple[Row, ...]:
        return apart_table(self.compiled, first, second, self.audience, citer, most).rows

    def _causes(self, title: str, entry: Entry) -> None:
        """A forest plot of what was measured; of all where little was. The others are named in the notes."""
        marks = cause_marks(self.compiled, entry.id, self.look)
        if not marks:
            return
        measured = [m for m in marks if m.measured]
        shown = _strongest(measured if len(measured) >= _ENOUGH_CAUSES else marks)
        slide = self.slide(title)
        rows = {r.label: r for s in entry.sections for t in s.tables if t.id == "causes" for r in t.rows}
        cites = [self.numbers.of(entry, rows[m.label].cites) if m.label in rows else () for m in shown]
        lead = (
            "Measured, or computed from what was."
            if all(m.measured for m in shown)
            else "Hollow: estimated by the editors."
        )
        slide.bullets(
            [Line(f"{_RATIO[self.audience]}. {lead}", bullet=False, kind="soft")], y=TOP, tall=0.3, sizes=(12, 9)
        )
        forest(slide, shown, ratios(shown), ("less often", "more often"), TOP + 0.38, row=0.235, size=11, cites=cites)
        self.noted(
            slide, [f"{m.label}: {m.figure}" + ("" if m.measured else " (estimated)") for m in marks if m not in shown]
        )

    def _work_up(self, entry: Entry) -> None:
        section = entry_part(entry)("work_up")
        table = _table(section, "work_up")
        slide = self.slide("Work-up")
        if table and table.rows:
            build = self.row(entry, lambda r: r.note)
            columns = ("Test", "Worth it?", "When")
            self.noted(slide, self.tabled(slide, columns, _spread(table.rows), build, (0.3, 0.17, 0.53), 13))
        else:
            self.noted(slide, self.bulleted(slide, lambda numbers: lines_of(entry, section, numbers)))

    def _treatment(self, entry: Entry) -> None:
        section = entry_part(entry)("treatment")
        table = _table(section, "treatments")
        if not table or not table.rows:
            slide = self.slide("Treatment")
            self.noted(slide, self.bulleted(slide, lambda numbers: lines_of(entry, section, numbers)))
            return
        columns = (
            "Measure",
            "Where it stands",
            "Effect, certainty, warnings" if self.audience == "clinician" else "What to know",
        )
        for title, places in (("Treatment: what to do", _DO), ("Treatment: what not to rely on", _DO_NOT)):
            words = [w for p in places for w in PLACES[p]]  # type: ignore[index]
            rows = sorted((r for r in table.rows if r.figure in words), key=lambda r: words.index(r.figure))
            if rows:
                slide = self.slide(title)
                build = self.row(entry, lambda r: r.note)
                self.noted(slide, self.tabled(slide, columns, rows, build, (0.25, 0.17, 0.58), 12))

    def _trials(self, entry: Entry) -> None:
        """Results with intervals, panel under panel; those that find no room are named in the notes."""
        slide, y, made = None, TOP, 0
        left_out: list[str] = []
        for panel in trial_panels(self.compiled, entry.id, self.look):
            tall = 0.32 + _TRIAL * len(panel.marks) + 0.52
            if slide is None or y + tall > BOTTOM + 0.1:
                if made == _MOST_TRIALS:
                    left_out += [f"{panel.heading}: {m.label} {m.figure} ({m.note})" for m in panel.marks]
                    continue
                if slide:
                    self.noted(slide)
                slide, y, made = (
                    self.slide("What trials found" if not made else "What trials found, continued"),
                    TOP,
                    made + 1,
                )
            self._panel(slide, entry, panel, y)
            y += tall
        if slide:
            self.noted(slide, left_out)

    def _panel(self, slide: Slide, entry: Entry, panel: Panel, y: float) -> None:
        rows = {r.label: r for s in entry.sections for t in s.tables if t.id == "treatments" for r in t.rows}
        cites = [self.numbers.of(entry, rows[m.label].cites) if m.label in rows else () for m in panel.marks]
        slide.text([Line(panel.heading, bullet=False, bold=True)], LEFT, y, BROAD, 0.28, 13)
        marks = [Mark(f"{m.label}: {m.note}", m.figure, m.value, m.low, m.high, m.basis) for m in panel.marks]
        forest(slide, marks, panel.axis, panel.below, y + 0.32, row=_TRIAL, size=10.5, cites=cites)

    def _beside(self, told: Sequence[tuple[str, Entry, Section | None]], title: str = "") -> None:
        """Sections side by side, each under its heading; one alone takes the whole breadth."""
        if not told:
            return
        slide = self.slide(title or " · ".join(heading for heading, _, _ in told))
        gap = 0.6
        wide = (BROAD - gap * (len(told) - 1)) / len(told)
        y = TOP + (0.45 if len(told) > 1 else 0)
        builds = [self._section(entry, section) for _, entry, section in told]
        tried = [build(self.numbers.tried()) for build in builds]
        size = min(slide.size(lines, wide, BOTTOM - y, (18, 13)) for lines in tried)  # one for all
        left_out: list[str] = []
        for n, ((heading, _, _), build) in enumerate(zip(told, builds, strict=True)):
            x = LEFT + n * (wide + gap)
            if len(told) > 1:
                slide.bullets([Line(heading, bullet=False, bold=True, kind="accent")], x, TOP, wide, 0.5, (16, 11))
            left_out += self.bulleted(slide, build, x=x, y=y, wide=wide, tall=BOTTOM - y, most=size, least=size)
        self.noted(slide, left_out)

    def _section(self, entry: Entry, section: Section | None) -> Built:
        return lambda numbers: lines_of(entry, section, numbers)

    def _pair(self, part: str, title: str) -> None:
        self._beside([(e.title, e, entry_part(e)(part)) for e in self.entries], title)

    def _apart(self, first: Entry, second: Entry) -> None:
        """The findings that tell the two apart: words, and the share of each as bars."""
        citer = Citer(self.compiled.knowledge)
        slide = self.slide("What tells them apart")
        rows = self._apart_rows(first.id, second.id, citer, _MOST_APART)
        by_number = {r.number: r for r in citer.references()}
        for n, (kind, entry) in enumerate((("one", first), ("two", second))):
            x = LEFT + n * BROAD / 2
            slide.bar(x, TOP + 0.02, 0.16, 0.16, kind)
            slide.bullets([Line(entry.title, bullet=False)], x + 0.26, TOP - 0.02, BROAD / 2 - 0.4, 0.3, (13, 9))
        bars = []
        for n, r in enumerate(rows):
            y = TOP + 0.4 + n * 0.48
            cites = self.numbers.cite(by_number[n] for n in r.cites)
            slide.bullets([Line(r.label, cites, bullet=False)], LEFT, y, 5.4, 0.45, (13, 9))
            bars += self._pair_of_bars(slide, r, y)
        slide.group(bars, "; ".join(f"{r.label}: {r.figure}" for r in rows))
        guessed = "; ".join(r.label for r in rows if r.basis == "expert")
        self.noted(slide, more=f"Rows that rest on an estimate of the editors in part or wholly: {guessed or 'none'}.")

    def _pair_of_bars(self, slide: Slide, row: Row, y: float) -> list[Shape]:
        left, full = LEFT + 5.6, BROAD - 5.6 - 1.4
        bars = []
        shares = zip(("one", "two"), (row.value or 0, row.other or 0), row.figure.split(" against "), strict=True)
        for n, (kind, p, told) in enumerate(shares):
            at = y + 0.01 + n * 0.19
            bars.append(slide.bar(left, at, max(full * p, 0.02), 0.15, kind))
            slide.text([Line(told, bullet=False, kind="soft")], left + full * p + 0.08, at - 0.02, 1.3, 0.19, 10)
        return bars

    def _not_known(self) -> None:
        self._pair("not_known", "What is not known")

    # ------------------------------------------------------------------------------------------------ the end

    def _closed(self) -> bytes:
        self._references()
        self._about()
        return self.deck.saved()

    def _references(self) -> None:
        """Every source that a slide names, in two columns, on as many slides as they need."""
        lines = [Line(f"{n}. {r.text}", bullet=False) for n, r in enumerate(self.numbers.all(), start=1)]
        title, gap = "References", 0.4
        wide = (BROAD - gap) / 2
        while lines:
            slide = self.deck.slide(title)
            for n in range(2):
                kept = slide.bullets(
                    lines, LEFT + n * (wide + gap), TOP - 0.05, wide, BOTTOM - TOP + 0.15, (7.5, 7.5), 0.2
                )
                lines = lines[kept:]
            slide.notes("\n".join(f"{n}. {reference_text(r)}" for n, r in enumerate(self.numbers.all(), start=1)))
            title = "References, continued"

    def _about(self) -> None:
        """Version, standing and how to cite."""
        slide = self.slide("About these slides")
        lines = [line for entry in self.entries for line in self._about_entry(entry)]
        lines.append(Line(f"Licence: CC BY 4.0 ({LICENCE}). Change them as you like, and say where they come from."))
        lines.append(Line("What is called estimated is an estimate of the editors, without a located source."))
        lines.append(Line("Made for teaching and talking things over; they do not replace judgement."))
        slide.bullets(lines, sizes=(16, 10))
        self.noted(slide)

    def _about_entry(self, entry: Entry) -> list[Line]:
        s = entry.standing
        place = f"{self.address}{addresses.entry(entry.kind, entry.id)}?version={entry.knowledge_version}"
        dates = [f"last looked at {date_words(s.last_reviewed)}"] if s.last_reviewed else []
        dates += [f"to be looked at again by {date_words(s.review_by)}"] if s.review_by else []
        people = (
            f"Author: {s.author}. Editor: {s.editor or 'none yet'}. Reviewer: {s.reviewer or 'none yet'}. "
            f"Conflict of interest: {(s.conflict_of_interest or 'not declared').rstrip('.')}."
        )
        return [
            Line(f"{entry.title}: {', '.join(dates) or 'not dated'}. {closed(s.sentence)}"),
            Line(people),
            Line(f"To cite: {citation(entry, 'text', place)}"),
        ]


def entry_part(entry: Entry) -> Callable[[str], Section | None]:
    """Finds a section of an entry."""
    parts = {s.part: s for s in entry.sections}
    return parts.get


def _table(section: Section | None, id: str) -> Table | None:
    return next((t for t in section.tables if t.id == id), None) if section else None


def _by_sex(rows: Sequence[Row]) -> tuple[list[str], list[tuple[str, list[float]]]]:
    """Ages, and the rates of women and of men; the rows of the table are those of women, then those of men."""
    half = len(rows) // 2
    ages = [capital(r.label.split(" ", 1)[1]) for r in rows[:half]]
    return ages, [("Women", [r.value or 0 for r in rows[:half]]), ("Men", [r.value or 0 for r in rows[half:]])]


def _strongest(marks: Sequence[Mark]) -> list[Mark]:
    """As many as a slide holds, in their order: what was read in a source before what was computed, then the ratio."""
    ranked = sorted(marks, key=lambda m: m.basis != "measured")
    kept = ranked[:_MOST_CAUSES]
    return [m for m in marks if m in kept]


def _spread(rows: Sequence[Row], most: int = 10) -> list[Row]:
    """Some of each kind of advice, in the order of the table; the others after them."""
    kinds: dict[str, list[Row]] = {}
    for row in rows:
        kinds.setdefault(row.figure, []).append(row)
    dealt = [members[n] for n in range(len(rows)) for members in kinds.values() if n < len(members)]
    return [r for r in rows if r in dealt[:most]] + [r for r in rows if r not in dealt[:most]]
