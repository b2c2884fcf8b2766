"""An assessment as one self-contained HTML page.

No script, no outside resource: the page carries a content security policy that allows only its own style
sheet. All text of the assessment is escaped; figures pass `soleus.reports.figures`. It prints on two A4 or
Letter pages (`soleus.reports.paper`).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from soleus.reasoning.assessment import Assessment, ComplaintAssessment, ExplanationResult
from soleus.reports import paper, view, words
from soleus.reports.answer import answer, answers, tier_size
from soleus.reports.figures import figure

ANSWERED = {"self": "the person", "parent": "a parent", "carer": "a carer", "clinician": "a clinician"}
READ = {
    "full": "read in full",
    "abstract": "abstract read",
    "summary": "summary read",
    "page": "page read",
    "secondary": "second-hand",
    "unknown": "not known how much was read",
}
_SYSTEMS = {
    "icd-10-cm": "ICD-10-CM",
    "icd-10": "ICD-10",
    "icd/release/11": "ICD-11",
    "snomed": "SNOMED CT",
    "loinc": "LOINC",
}
#: A grade longer than this is a sentence and stands on a line of its own.
LONG_WORD = 24


def _position(chance: float) -> str:
    return f"{min(max(chance, 0.0), 1.0) * 100:.1f}"


def _short_url(url: str) -> str:
    return re.sub(r"^https?://(www\.)?|/$", "", url)


def _system_name(system: str) -> str:
    return next((name for part, name in _SYSTEMS.items() if part in system.lower()), system)


def _sort_by(items: Iterable[Any], field: str, order: Sequence[str]) -> list[Any]:
    return sorted(items, key=lambda item: order.index(getattr(item, field)))


def _who(text: str) -> str:
    """First author and year of a reference, for paper: ``Hawke F, Chuter V. Factors … 2013`` gives ``Hawke F 2013``."""
    author = re.split(r"[,.:;]", text, maxsplit=1)[0]
    years = re.findall(r"\b(?:19|20)\d\d\b", text)
    return " ".join([author[:40], *years[-1:]])


def _draw(svg: str, prefix: str, label: str) -> Markup:
    return Markup(figure(svg, prefix, label))  # cleaned by `figure`


def _mark(_: ExplanationResult) -> str:
    """Attributes of an explanation's entry; pages of other rooms put some there."""
    return ""


def _origin(_c: ComplaintAssessment, _e: ExplanationResult, text: str) -> str:
    """A chance as it is said; pages of other rooms make a way to its origin of it."""
    return text


_TABLES = (
    *("URGENCY", "TIERS", "TRUTH", "SET_STATE", "VERDICT", "PATIENT_VERDICT", "WORK_UP", "MANAGEMENT"),
    *("PATIENT_MANAGEMENT", "STATUS", "REVIEW", "OPEN_SIGNS", "FLAGS", "CAN_WAIT"),
)
_WORDS = (
    *("percent", "interval", "frequency", "size", "tenths", "between", "decibans", "date_words", "join", "duration"),
    *("telephone", "ranges"),
)
_VIEW = (
    *("ranking", "tiers", "bars", "longest", "name_of", "first", "count_met", "some", "causes", "place", "left_out"),
    *("because", "says_without_cause", "MOST_NOT_ASSESSED", "OPTIONAL", "MOST_CAUSES"),
)


@cache
def templates() -> Environment:
    """The templates of the reports, made once."""
    return environment()


def environment(*loaders: BaseLoader) -> Environment:
    """The templates of the reports with their words and figures; ``loaders`` bring templates of other rooms."""
    environment = Environment(
        loader=ChoiceLoader([*loaders, PackageLoader("soleus.reports")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {name: getattr(words, name) for name in (*_TABLES, *_WORDS)}
    environment.globals |= {name: getattr(view, name) for name in _VIEW}
    environment.globals |= {"answer": answer, "answers": answers, "tier_size": tier_size}
    environment.globals |= {"mark": _mark, "origin": _origin}
    environment.globals |= {"pos": _position, "draw": _draw, "ANSWERED": ANSWERED, "READ": READ}
    environment.filters |= {
        "bare": lambda text: text.strip().rstrip("."),
        "capital": words.capital,
        "closed": words.closed,
        "long": lambda text: len(text) > LONG_WORD,
        "who": _who,
        "lower_first": words.lower_first,
        "sentence": words.sentence,
        "short_url": _short_url,
        "sort_by": _sort_by,
        "system_name": _system_name,
        "words": words.setting_words,
    }
    return environment


@cache
def _style() -> tuple[str, str]:
    """The style sheet and its hash as a content security policy wants it."""
    css = files("soleus.reports").joinpath("templates/report.css").read_text(encoding="utf-8").strip()
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return css, f"sha256-{digest}"


def _meta(a: Assessment) -> str:
    parts = [words.setting_words(a.setting), f"answered by {ANSWERED.get(a.answered_by, a.answered_by)}"]
    return words.capital(" · ".join([*parts, *filter(None, [words.date_words(a.as_of)])]))


def render(assessment: Assessment, extra: Markup | None = None) -> str:
    """The page for ``assessment.audience``: dense for clinicians; plain, with a part to take to the doctor, for
    patients. ``extra`` stands below it (the note that was read).
    """
    style, style_hash = _style()
    return _filled(templates(), assessment, style=Markup(style), style_hash=style_hash, extra=extra)


def render_within(templates: Environment, layout: str, assessment: Assessment, **more: Any) -> str:
    """The same report in the ``layout`` of another room, a template with a block ``body``; ``tools`` among ``more``
    stands below the answer.
    """
    return _filled(templates, assessment, layout=layout, **more)


def _filled(templates: Environment, a: Assessment, **more: Any) -> str:
    patient = a.audience == "patient"
    page = templates.get_template("patient.html.j2" if patient else "clinician.html.j2").render(
        a=a,
        flags=view.pressing(view.flags_of(a)),
        waiting=view.can_wait(view.flags_of(a), a.audience),
        warned=view.warned(a),
        review=words.review(a.review_status, a.review_sentence),
        title="Your legs: what it could be" if patient else f"Leg complaint, {a.person}",
        meta=words.capital(a.person) + " · " + _meta(a) if patient else _meta(a),
        pill="Not checked by a doctor yet" if patient else "No clinician has reviewed this",
        level="LEVEL",
        **more,
    )
    return page.replace("LEVEL", f"l{paper.level_for(page, patient)}", 1)


def note_page(part: Markup) -> str:
    """A page that holds nothing but a text and what was understood of it."""
    style, style_hash = _style()
    return templates().get_template("note.html.j2").render(part=part, style=Markup(style), style_hash=style_hash)
