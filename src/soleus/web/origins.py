"""What a page of the site adds to the chances of a report: their exact value, and a way to where they come from."""

from __future__ import annotations

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from soleus.reasoning.assessment import ComplaintAssessment, ExplanationResult
from soleus.web import catalogue

_BUTTON = (
    '<button class="origin" form="case" formaction="/result/chain" name="of" value="{}/{}" aria-label="{}">{}</button>'
)


def mark(e: ExplanationResult) -> Markup:
    """Attributes that name the explanation and its exact chance, for programs that read the page."""
    return Markup(' data-explanation="{}" data-probability="{}"').format(e.id, repr(e.probability))


@pass_context
def origin(context: Context, c: ComplaintAssessment, e: ExplanationResult, text: str) -> str:
    """A chance as a button to where it comes from, on pages that hold the case in a form of the name ``case``."""
    if not context.get("with_origins"):
        return text
    return Markup(_BUTTON).format(c.id, e.id, catalogue.text("result.where_from", chance=text), text)
