"""The page: alone, or within the pages of a service."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from soleus.population.reporting.form import Report
from soleus.reasoning.words import REVIEW
from soleus.reports.html import templates
from soleus.reports.population.beside import beside, reasons
from soleus.reports.population.counted import bars, by_age, by_year
from soleus.reports.population.scores import scored
from soleus.reports.population.signals import markers
from soleus.reports.population.words import concepts, count, interval, lead, meta, method
from soleus.reports.population_plots import STYLE
from soleus.reports.words import join

RESEARCH = (
    "Of records that were made for other ends: what goes together need not be cause and effect. For research; not a "
    "medical device."
)
#: (id, heading) of the parts.
CONTENTS = (
    ("quality", "Quality"),
    ("cohorts", "Cohorts"),
    ("frequencies", "How common"),
    ("signals", "Signals of medicines"),
    ("scoring", "Everybody judged"),
    ("knowledge", "Beside the knowledge base"),
    ("method", "How it was made"),
)


def page(report: Report) -> str:
    """One self-contained page: no script, nothing from outside."""
    style, style_hash = style_sheet()
    return filled(templates(), report, layout="population_page.html.j2", style=Markup(style), style_hash=style_hash)


def filled(environment: Environment, report: Report, layout: str, **more: Any) -> str:
    """The report in a ``layout``, a template with a block ``body``."""
    return environment.get_template("population.html.j2").render(
        layout=layout, r=report, title=report.title, lead=lead(report), meta=meta(report), method=method(report),
        contents=CONTENTS, bars=bars, by_age=by_age, by_year=by_year, beside=beside, reasons=reasons,
        markers=markers, scored=scored, count=count, concepts=concepts, interval=interval,
        join=join, review=REVIEW["clinician"], intended=RESEARCH, **more,
    )  # fmt: skip


@cache
def style_sheet() -> tuple[str, str]:
    """The style sheet and its hash as a content security policy wants it."""
    css = rules()
    return css, f"sha256-{base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()}"


def rules() -> str:
    """The rules of the page and of its plots."""
    return (
        files("soleus.reports").joinpath("templates/population.css").read_text(encoding="utf-8").strip() + "\n" + STYLE
    )
