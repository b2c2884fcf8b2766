"""Numbers of tests and measurements in a text: the name, the number after it, its unit where one is written.

A number without unit is read only where a single unit of the finding can be meant; otherwise it is not used.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from soleus.errors import InvalidValue
from soleus.knowledge.schema.core import Finding
from soleus.notes.text import Token
from soleus.reasoning.intake import observe

_BETWEEN = frozenset({
    ":", "=", "-", "(", ")", ",", "~", ">", "<", "was", "is", "of", "at", "level", "the", "a", "an", "to", "serum", "only", "now", "today",
    "still", "from", "came", "back", "measured", "result", "plasma", "count", "right", "left", "r", "l", "on", "his", "her", "my", "side", "low",
    "high", "raised", "elevated", "normal", "approx", "about", "around", "up", "down", "just", "total", "adjusted", "corrected", "fasting", "reading",
    "temperature", "which", "were", "concentration", "value", "h", "*", "mildly", "slightly", "very", "borderline", "body", "index", "rate", "+", "slight", "me", "says", "it", "read", "reads", "has", "been",
})  # fmt: skip
_UNIT = re.compile(
    r"\s*(?:\(?\s*)(mmol\s*/\s*mol|[munpµμ]mol\s*/\s*l|m[eE]q\s*/\s*l|[munpµμ]?c?g\s*/\s*(?:dl|ml|l|100\s*ml)|u?k?at\s*/\s*l|m?iu\s*/\s*(?:l|ml)|miu/l|u\s*/\s*l|units?\s*/\s*l|"
    r"units? per lit(?:re|er)|[xX×]\s*10\s*[\^*]?\s*9\s*/\s*l|10\s*[\^*]\s*9\s*/\s*l|x\s*10e9/l|ml\s*/\s*min(?:\s*/\s*1[.,]73\s*(?:m2|m²|m\^2))?|mm\s*/\s*h(?:r|our)?|mm\s*hg|kg\s*/\s*m\s*(?:2|²|\^2)|"
    r"(?:°\s*|degrees?\s*)?(?:celsius|c|fahrenheit|f)(?![a-z])|°|%|percent|per cent|times (?:the )?(?:upper limit|normal|uln)(?: of normal)?|x\s*uln|xuln|ms|msec|milliseconds|fl|cm|mm|ml|"
    r"/\s*h(?:r|our)?|per hour|/\s*(?:mm3|ul|µl|μl|cumm)|×\s*10³/µl|k/ul|k/µl)(?![a-z0-9])",
    re.IGNORECASE,
)
_MEANT = {
    "mmol/l": "mmol/L", "umol/l": "umol/L", "nmol/l": "nmol/L", "pmol/l": "pmol/L", "meq/l": "mEq/L", "mg/dl": "mg/dL", "g/dl": "g/dL",
    "g/l": "g/L", "mg/l": "mg/L", "ug/l": "ug/L", "mcg/l": "ug/L", "ng/ml": "ng/mL", "ug/ml": "ug/mL", "pg/ml": "pg/mL", "ng/l": "ng/L",
    "ng/dl": "ng/dL", "u/l": "U/L", "iu/l": "U/L", "units/l": "U/L", "unit/l": "U/L", "unitsperlitre": "U/L", "unitsperliter": "U/L", "miu/l": "mIU/L",
    "miu/ml": "uIU/mL", "ml/min": "mL/min/{1.73_m2}", "mm/h": "mm/h", "mm/hr": "mm/h", "mm/hour": "mm/h", "mmhg": "mm[Hg]",
    "%": "%", "percent": "%", "mmol/mol": "mmol/mol", "ms": "ms", "msec": "ms", "milliseconds": "ms", "fl": "fL", "cm": "cm", "ml": "mL",
    "/h": "/h", "/hr": "/h", "/hour": "/h", "perhour": "/h", "ukat/l": "ukat/L", "k/ul": "10*9/L",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    """A number read for a finding: tokens [first, last], place [start, end), the unit as the knowledge spells it."""

    finding: str
    first: int
    start: int
    end: int
    value: float
    unit: str | None
    state: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A number that cannot be told: no unit, and more than one possible."""

    finding: str
    first: int
    start: int
    end: int
    why: str


def unit_of(found: str) -> str | None:
    """A unit as written, in the spelling of UCUM; None where it is not one that is known."""
    plain = re.sub(r"\s+|degrees?|^\(", "", found.replace("µ", "u").replace("μ", "u").lower())
    if plain in ("°c", "c", "celsius"):
        return "Cel"
    if plain in ("°f", "f", "fahrenheit"):
        return "[degF]"
    if plain.startswith("times") or plain.endswith("uln"):
        return "{xULN}"
    if "10" in plain and plain.endswith("9/l"):
        return "10*9/L"
    if plain.startswith("ml/min"):
        return "mL/min/{1.73_m2}"
    if plain.startswith("kg/m"):
        return "kg/m2"
    if plain in ("/mm3", "/ul", "/cumm"):
        return "/uL"
    return _MEANT.get(plain)


def read_number(
    finding: Finding, last: int, tokens: Sequence[Token], plain: str, places: Sequence[int]
) -> Result | Unread | None:
    """The number that follows the name of a finding which ends at token ``last``; None where there is none."""
    sentence, line = tokens[last].sentence, tokens[last].line
    place, passed = last + 1, 0
    while place < len(tokens) and passed < 7:
        token = tokens[place]
        if token.sentence != sentence and token.line != line:
            return None
        if token.word[0].isdigit():
            if tokens[place - 1].word == "on":  # potassium measured on 10 May
                return None
            return _taken(finding, last, place, tokens, plain, places)
        if token.word not in _BETWEEN:
            return None
        passed += 1
        place += 1
    return None


def _taken(
    finding: Finding, name: int, place: int, tokens: Sequence[Token], plain: str, places: Sequence[int]
) -> Result | Unread | None:
    token = tokens[place]
    number = _float(token.word)
    if number is None:
        return None
    after = _at(places, token.end)
    if plain[after : after + 1] == "/" and plain[after + 1 : after + 2].isdigit():
        return None  # 120/80, 3/12
    unit_match = _UNIT.match(plain, after)
    tail = plain[after : after + 12]
    if unit_match is None and re.match(
        r"\s*(?:-|years?|yrs?|months?|mths?|weeks?|days?|wks?|mg|mcg|tablets?|times)\b", tail
    ):
        return None
    unit = unit_of(unit_match.group(1)) if unit_match else None
    end = token.end if unit_match is None else places[unit_match.end(1) - 1] + 1
    limit = _upper_limit(plain, after) if finding.unit == "{xULN}" else None
    if limit and unit in (None, "U/L"):
        number, unit = number / limit, "{xULN}"
    if unit is not None:
        return _with_unit(finding, name, place, token.start, end, number, unit)
    if unit_match is not None:
        return Unread(finding.id, name, token.start, end, "the unit is not one of this test")
    return _without_unit(finding, name, place, token.start, end, number)


def _with_unit(
    finding: Finding, name: int, _place: int, start: int, end: int, number: float, unit: str
) -> Result | Unread:
    try:
        seen = observe(finding, {"value": number, "unit": _known_unit(unit)}, finding.id)
    except InvalidValue:
        return Unread(finding.id, name, start, end, "number and unit do not fit this test")
    return Result(finding.id, name, start, end, number, _known_unit(unit), seen.state)


def _known_unit(unit: str) -> str:
    same = {"mIU/L": "m[IU]/L", "mm[Hg]": "mm[Hg]"}
    return same.get(unit, unit)


def _without_unit(finding: Finding, name: int, _place: int, start: int, end: int, number: float) -> Result | Unread:
    """Read only where every unit that gives a possible value gives the same state."""
    fits: dict[str, str] = {}
    for unit in {finding.unit or "1": 1.0, **finding.other_units}:
        if finding.unit == "{xULN}" and unit != "{xULN}" and number < 20:
            continue
        try:
            fits[unit] = observe(finding, {"value": number, "unit": unit}, finding.id).state
        except InvalidValue:
            continue
    if not fits:
        return Unread(finding.id, name, start, end, "no unit, and no unit makes it possible")
    if len(set(fits.values())) > 1:
        return Unread(finding.id, name, start, end, "no unit, and several are possible")
    unit = next(iter(fits))
    return Result(finding.id, name, start, end, number, unit, fits[unit])


def _upper_limit(plain: str, after: int) -> float | None:
    """The upper limit of a range beside the result: (normal < 200), [ref 30-200], (0-190)."""
    m = re.match(
        r"[^.;\n]{0,16}[(\[][^)\]]{0,24}?(?:<|up to|under|below|limit|uln|max)\s*:?\s*(\d+(?:\.\d+)?)|[^.;\n]{0,16}[(\[][^)\]]{0,20}?\d+\s*-\s*(\d+)",
        plain[after : after + 60],
    )
    return float(m.group(1) or m.group(2)) if m else None


def _float(word: str) -> float | None:
    if re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", word):
        return float(word.replace(",", ""))
    return float(word.replace(",", ".")) if re.fullmatch(r"[0-9]+([.,][0-9]+)?", word) else None


def _at(places: Sequence[int], place: int) -> int:
    """The index in the folded text of a place in the text as given."""
    if isinstance(places, range):
        return place
    from bisect import bisect_left

    return bisect_left(places, place)
