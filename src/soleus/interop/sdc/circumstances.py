"""Whose response it is, when and by whom: what is carried over from a response to what is made of it."""

from __future__ import annotations

import re
from typing import Any

from soleus.interop.fhir.shapes import items, mapping, moment, number_of, word
from soleus.interop.fhir.writing.elements import clean, present

Resource = dict[str, Any]
_ID = re.compile(r"^[A-Za-z0-9\-.]{1,64}$")
_LANGUAGE = re.compile(r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}$")
_DAY_TIME = re.compile(r"^\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2}))?)?)?$")
_SINGLE = ("subject", "encounter", "author", "source")
_SEVERAL = ("basedOn", "partOf")


def circumstances(response: Resource) -> Resource:
    """Id, language, identifier, references and date, as far as they have the form that FHIR gives them."""
    return present(
        id=identity(response),
        language=_matching(_LANGUAGE, response.get("language")),
        identifier=_identifier(response.get("identifier")),
        **{name: [r for v in items(response.get(name)) if (r := reference(v))] for name in _SEVERAL},
        **{name: reference(response.get(name)) for name in _SINGLE},
        authored=authored(response),
    )


def identity(response: Resource) -> str | None:
    """The id of the response; None where it has none that may stand in an address."""
    return _matching(_ID, response.get("id"))


def authored(response: Resource) -> str | None:
    """When the answers were given; None where that is no date of FHIR's."""
    found = _matching(_DAY_TIME, response.get("authored"))
    return found if found and moment(found) else None


def reference(value: Any) -> Resource:
    """A reference with its words; an empty one for anything else."""
    found = mapping(value)
    told = {name: clean(word(found.get(name))) for name in ("reference", "type", "display")}
    return present(**told, identifier=_identifier(found.get("identifier")))


def _identifier(value: Any) -> Resource:
    found = mapping(value)
    return present(**{name: clean(word(found.get(name))) for name in ("system", "value")})


def _matching(form: re.Pattern[str], value: Any) -> str | None:
    found = word(value)
    return found if form.match(found) else None


def coding(value: Any) -> Resource:
    """System, code and display of a Coding."""
    found = mapping(value)
    return present(**{name: clean(word(found.get(name))) for name in ("system", "code", "display")})


def quantity(value: Any) -> Resource:
    """A Quantity with its number; an empty one without."""
    found = mapping(value)
    number = found.get("value")
    if number_of(number) is None or isinstance(number, str):
        return {}
    told = {name: clean(word(found.get(name))) for name in ("comparator", "unit", "system", "code")}
    return present(value=number, **told)


def date(value: Any) -> str | None:
    """A date with or without day and month."""
    found = word(value)
    return found if len(found) <= _DAY and _matching(_DAY_TIME, found) and moment(found) else None


_DAY = len("2026-11-21")
