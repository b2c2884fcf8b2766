"""The map of the legs: a place touched on it answers ``site``, and with the choice below it ``side``.

Which leg was touched is kept with the page for the reader; the judgement knows only one leg, either or both.
"""

from __future__ import annotations

from dataclasses import dataclass

from soleus.reasoning.compiled import Compiled
from soleus.reasoning.interview import DONT_KNOW, Interview
from soleus.web.catalogue import text
from soleus.web.changing import Said
from soleus.web.form import Form

SITE, SIDE = "site", "side"
LEGS = ("right", "left")  # as they stand in the front view
#: Region of the map -> state of the finding ``site``.
REGIONS = {
    "hip": "buttock_hip",
    "thigh_front": "thigh",
    "thigh_back": "thigh",
    "knee": "knee_joint",
    "shin": "shin",
    "calf": "calf",
    "foot": "foot_toes",
    "sole": "foot_toes",
}
MARKS = tuple(f"{leg}-{region}" for region in REGIONS for leg in LEGS)


@dataclass(frozen=True)
class Told:
    """What the map was told: marks, the place that they mean, the side. None: still to be said."""

    marks: tuple[str, ...]
    site: str | None
    side: str | None

    @property
    def sites(self) -> tuple[str, ...]:
        """The places of the marks, each once."""
        return sites_of(self.marks)


def sites_of(marks: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(REGIONS[m.partition("-")[2]] for m in marks if m in MARKS))


def read(form: Form, compiled: Compiled) -> Told:
    """What the form of the map says. Of several places one is worst: ``site`` is None until it is named."""
    marks = tuple(m for m in MARKS if m in form.all("mark"))
    states = {s.id for s in compiled.findings[SITE].states}
    places, worst = sites_of(marks), form.one("worst")
    site = places[0] if len(places) == 1 else worst if worst in (*states, DONT_KNOW) and len(places) > 1 else None
    sides = {s.id for s in compiled.findings[SIDE].states}
    side = form.one(SIDE) if form.one(SIDE) in sides else None
    return Told(marks, site if places else DONT_KNOW, side)


def said(session: Interview, told: Told) -> list[Said]:
    """The answers that the map gives; a side that was not said stays open."""
    from soleus.web.asking import question_of

    assert told.site is not None
    out = [Said(question_of(session.compiled, SITE), told.site)]
    if told.side is not None:
        out.append(Said(question_of(session.compiled, SIDE), told.side))
    return out


def label(mark: str) -> str:
    """The name of a mark: "left calf"."""
    leg, _, region = mark.partition("-")
    return text("map.named", leg=text(f"map.{leg}"), region=text(f"map.{region}"))
