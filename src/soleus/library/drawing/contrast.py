"""What is found in a condition: against other leg complaints, and against one other condition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from soleus.knowledge.schema.core import Likelihood
from soleus.library.drawing import chart
from soleus.library.drawing.chart import Mark
from soleus.library.drawing.sheet import MARGIN, Drawn, Look, Sheet, titled
from soleus.library.model import Row as TableRow
from soleus.library.tables import features_table, observed, share
from soleus.library.titles import inside, name_of
from soleus.reasoning.citing import Citer
from soleus.reasoning.compare import Row, compare
from soleus.reasoning.compiled import Compiled
from soleus.reports.drawing import lettering
from soleus.reports.words import capital

MOST = 12  # rows of a comparison
_BAR, _FIGURE = 9.0, 12.0


def told_apart(compiled: Compiled, explanation: str, look: Look) -> tuple[TableRow, ...]:
    """The rows of the entry's table of features; none where nothing speaks for the explanation."""
    return features_table(compiled, explanation, look.audience, Citer(compiled.knowledge)).rows


def features(compiled: Compiled, explanation: str, look: Look, address: str = "") -> Drawn:
    """Dots: the share in the condition, with a tick for the share among other leg complaints."""
    rows = told_apart(compiled, explanation, look)
    marks = [Mark(r.label, r.figure, r.value, basis=r.basis or "expert", other=r.other) for r in rows]
    title = titled("What sets it apart", compiled.explanations[explanation], look)
    told = "; ".join(f"{m.label}: {m.figure}" for m in marks)
    sheet = Sheet(f"features-{explanation}", look, title, f"{title}. {told}.")
    sheet.lead("How many of those who have it say so, against people with any other leg complaint.")
    sheet.y += 6
    chart.rows(sheet, marks, chart.SHARES)
    chart.legend(sheet, marks, [("tick", "other leg complaints")])
    records = compiled.knowledge.by_id(Likelihood)
    return sheet.signed(compiled, [records[r.record.id] for r in rows if r.record], address)


def comparison(compiled: Compiled, first: str, second: str, look: Look, address: str = "") -> Drawn:
    """Pairs of bars: the findings that tell two conditions apart best."""
    found = compare(compiled, first, second)[:MOST]
    names = [capital(name_of(compiled.explanations[s], look.audience)) for s in (first, second)]
    labels = [_label(compiled, r, look) for r in found]
    title = f"{names[0]} or {inside(names[1])}?"
    told = "; ".join(f"{label}: {_both(r, look)}" for label, r in zip(labels, found, strict=True))
    sheet = Sheet(f"compare-{first}-{second}", look, title, f"{title} {told}.")
    sheet.lead("The answers that tell them apart best, with the share of people who give each.")
    _key(sheet, names)
    for label, row in zip(labels, found, strict=True):
        _pair(sheet, label, row)
    sheet.y += 12
    if guessed := sum(row.basis == "expert" for row in found):
        sheet.remark(
            f"Grey figures, in {guessed} of {len(found)} rows, rest on estimates of the editors, or on one alone."
        )
    return sheet.signed(compiled, _records(compiled, first, second, found), address)


def _label(compiled: Compiled, row: Row, look: Look) -> str:
    finding = compiled.findings[row.finding]
    return observed(finding, [s.id for s in finding.states].index(row.state), look.audience)


def _both(row: Row, look: Look) -> str:
    return f"{share(row.p_first, look.audience)} against {share(row.p_second, look.audience)}"


def _records(compiled: Compiled, first: str, second: str, found: Sequence[Row]) -> list[Any]:
    pairs = ((s, row.finding) for row in found for s in (first, second))
    return [compiled.likelihoods[pair] for pair in pairs if pair in compiled.likelihoods]


def _key(sheet: Sheet, names: Sequence[str]) -> None:
    sheet.y += 6
    for kind, name in zip(("one", "two"), names, strict=True):
        sheet.shape("rect", kind, x=MARGIN + 0.7, y=sheet.y - 8.5, width=9, height=9)
        for line in lettering.lines(name, sheet.room - 20, 12.5):
            sheet.text(MARGIN + 18, sheet.y, line, 12.5)
            sheet.y += 17


def _pair(sheet: Sheet, label: str, row: Row) -> None:
    """A finding with its two bars; the words stand beside them on a wide sheet, above them on a narrow one."""
    narrow, audience = sheet.look.narrow, sheet.look.audience
    room = sheet.room if narrow else 268
    figures = max(lettering.width(share(p, audience), _FIGURE) for p in (row.p_first, row.p_second, 1)) + 8
    left = MARGIN if narrow else MARGIN + 284
    full = sheet.width - MARGIN - figures - left
    sheet.line("grid", MARGIN, sheet.y - 4, sheet.width - MARGIN, sheet.y - 4)
    y = sheet.y + 12
    for line in lettering.lines(label, room, 13, most=3):
        sheet.text(MARGIN, y, line, 13)
        y += 16
    top = y - 6 if narrow else sheet.y + 4
    kind = "soft" if row.basis == "expert" else "ink"
    for n, (bar, p) in enumerate((("one", row.p_first), ("two", row.p_second))):
        at = top + n * (_BAR + 4)
        sheet.shape("rect", bar, x=left + 0.7, y=at, width=max(full * p, 1.0), height=_BAR)
        sheet.text(left + full * p + 6, at + 8.6, share(p, audience), _FIGURE, kind)
    sheet.y = max(y, top + 2 * (_BAR + 4) + 10)
