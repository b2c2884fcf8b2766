"""Where things of the library are found: one rule for the service and for the static site."""

from __future__ import annotations

HOME = "/library"


def entry(kind: str, id: str) -> str:
    """The page of an entry, such as ``/library/explanation/nocturnal_leg_cramp``."""
    return f"{HOME}/{kind}/{id}"


def record(kind: str, id: str) -> str:
    """The page of a record: its figure, how it was come by, its sources, and what rests on it."""
    return f"{HOME}/record/{kind}/{id}"


def source(id: str) -> str:
    """The page of a source: what it is, and which facts rest on it."""
    return f"{HOME}/source/{id}"


FIGURES = f"{HOME}/figures"


def figure(name: str) -> str:
    """The file of a drawing."""
    return f"{HOME}/figure/{name}.svg"


SEARCH = f"{HOME}/search"
QUESTIONS = f"{HOME}/questions"
CHANGES = f"{HOME}/changes"
FEED = f"{HOME}/feed.atom"


def browse(way: str) -> str:
    """A list to browse by: code, family, symptom, region, medicine."""
    return f"{HOME}/browse/{way}"


#: The ways to browse, in the order in which they are offered, with the address of each.
WAYS = {
    **{way: browse(way) for way in ("symptom", "region", "family", "medicine", "code")},
    "questions": QUESTIONS,
    "all": browse("all"),
    "sources": browse("sources"),
}
