"""An assessment as a notebook shows it: red flags, the ranking with intervals, the limits. A few kilobytes."""

from __future__ import annotations

from functools import cache

from jinja2 import Template

from soleus.reasoning.assessment import Assessment
from soleus.reports import view, words
from soleus.reports.html import environment

_WIDTH = 200  # of a bar, in pixels


def render(assessment: Assessment) -> str:
    """``assessment`` as a part of a page; text is escaped, colours are those of the surroundings."""
    flags = view.flags_of(assessment)
    return _template().render(
        a=assessment,
        flags=view.pressing(flags),
        waiting=view.can_wait(flags, assessment.audience),
        review=words.review(assessment.review_status, assessment.review_sentence),
        at=_at,
    )


def in_words(assessment: Assessment) -> str:
    """One line for a terminal: who, the answer, red flags before it, and that nobody reviewed it."""
    flags = [f"{words.capital(f.label)}: {f.action}" for f in view.pressing(view.flags_of(assessment))]
    parts = [*flags, f"{words.capital(assessment.person)}.", assessment.summary, assessment.review_sentence]
    return " ".join(words.closed(p) for p in parts)


@cache
def _template() -> Template:
    return environment().get_template("notebook.html.j2")


def _at(chance: float) -> str:
    """The place of a chance on a bar."""
    return f"{min(max(chance, 0.0), 1.0) * _WIDTH:.1f}".removesuffix(".0")
