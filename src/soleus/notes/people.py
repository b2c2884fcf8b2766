"""Who the text is about, who tells it, and where it was told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from soleus.notes.context import subject_of
from soleus.notes.quantities import ages
from soleus.notes.text import Token

Fact = tuple[str, str | float, int, int]  # what, value, start, end

_FEMALE = frozenset(
    {
        "she",
        "her",
        "hers",
        "herself",
        "woman",
        "female",
        "lady",
        "girl",
        "daughter",
        "mother",
        "mum",
        "mom",
        "wife",
        "nan",
        "gran",
        "grandmother",
        "grandma",
        "mrs",
        "ms",
        "miss",
        "housewife",
        "waitress",
        "aunt",
        "sister",
        "primigravida",
        "multigravida",
        "midwife",
        "pregnant",
        "granddaughter",
        "gravid",
        "menopause",
        "postmenopausal",
        "granny",
    }
)
_MALE = frozenset(
    {
        "he",
        "him",
        "his",
        "himself",
        "man",
        "male",
        "gentleman",
        "boy",
        "son",
        "father",
        "dad",
        "husband",
        "grandfather",
        "grandad",
        "grandpa",
        "mr",
        "brother",
        "uncle",
        "lad",
        "prostate",
        "grandson",
        "bloke",
        "guy",
        "chap",
    }
)
_KIN_WORDS = frozenset(
    {
        "daughter",
        "mother",
        "mum",
        "mom",
        "wife",
        "nan",
        "gran",
        "grandmother",
        "grandma",
        "aunt",
        "sister",
        "son",
        "father",
        "dad",
        "husband",
        "grandfather",
        "grandad",
        "grandpa",
        "brother",
        "uncle",
        "granddaughter",
        "grandson",
        "midwife",
        "granny",
        "girl",
        "boy",
        "lad",
        "waitress",
    }
)
_OWN = re.compile(
    r"\b\d{2}\s*(?:-?\s*(?:yo|y/o|yrs?|years?)[- ]*(?:olds?)?)?[\s,]*\(?\s*(?:[a-z]+\s)?(woman|man|guy|bloke|lady|male|female|girl|lad|chap)\b|\b\d{2}\s*(?:yo|y/o|yrs?(?: old)?|years? old)?\s*(?:[a-z]+\s)?\(\s*(m|f|male|female|guy)\s*\)|\b(lady|bloke|lad|woman|man|guy) of \d{2}\b|(?<![a-z0-9'])(m|f)\d{2}\b|\bi am (man|woman|girl|boy)\b|\b(?:i am|i'm|im|i m)\b[^.!?\n]{0,60}?(?:\ba|\ban|,)\s+(?:\w+[- ]){0,3}?(man|woman|bloke|lad|girl|boy|lady|gentleman|father|mother|dad|mum|mom|guy|chap|male|female|housewife|grandmother|grandfather|widow|widower)\b(?!'s| and (?:dad|mum|mom|mother|father))|\ba (man|woman|girl|bloke|lad|lady|gentleman) (?:of|my age|like me)\b|\b(?:i am|i'm|im|i m|me|myself|as|being)\s*(?:,|:)?\s*(?:a|an|the)?\s*(?:\w+[- ]){0,6}?(woman|man|female|male|lady|lad|girl|boy|guy|mother|mum|mom|father|dad|housewife|bloke|gentleman|chap)\b|\b(\d{2})\s*[/,-]?\s*(f|m|female|male)\b|(?<!['a-z])(f|m|female|male)\s*[/,-]?\s*(\d{2})\b"
)
_AGE_AND_SEX = re.compile(
    r"\b\d{1,2}\s*(?:yo|y/o|yr|yrs|y|year old|years old|years?)?\s*[-/]?\s*([mf])\b(?!\s*/)|(?<!['a-z0-9.])([mf])\s*[/,]?\s*\d{2}\b"
)
_DISTANCE = re.compile(
    r"\b(?:walk\w*|runs?|running|than|after|about|every|at|over|only|distance|to|from|within|some|around|of|or|,)\s*(?:about|only|a|some|the)?\s*\d*\s*-?\s*$"
)
_PREGNANT = re.compile(
    r"\b(pregnan\w+|my (?:last |monthly )?periods?|my menopause|menopausal|gave birth|breastfeed\w*|my womb|my smear|i'?m on the (?:combined )?(?:pill|mini ?pill)|im on the (?:combined )?pill|i take is the pill|my coil|smear test|mammogram|hysterectomy|expecting (?:my|our|a))\b"
)
_MALE_ONLY = re.compile(r"\bmy (?:prostate|erections?|testic\w+|vasectomy)\b|\bman(?:age)? an erection\b")
_TITLE = re.compile(
    r"\b(?:it's|its|it is|this is|i am|i'm|im|my name is|from|yours,?|regards,?|thanks,?|thank you,?)\s+(mrs|mr|miss|ms)\b|(?:^|\n|[.!?]\s+)(mrs|mr|miss|ms)\.? [a-z]+(?: [a-z]+)?\.?\s*$"
)
_BOX = re.compile(
    r"\b(?:sex|gender)\s*:?\s*(?:"
    r"(?:\[\s*\]\s*[mf]\w*\s*)?\[\s*x\s*\]\s*([mf])"  # [ ] M [x] F
    r"|(?:[mf]\w*\s*\[\s*\]\s*)?([mf])\w*\s*\[\s*x\s*\]"  # M [x] F [ ]
    r"|(?<=:)\s*([mf])(?:ale|emale)?\b(?!\s*\[))"
)
_WEEKS = re.compile(
    r"\b(\d{1,2})\s*(?:\+\s*\d\s*)?(?:weeks?|wks?|/40)(?:['’]?\s*(?:and \w+ days? )?(?:pregnant|pregnent|gestation|gestational|into (?:my|her) pregnancy|gravid|of (?:pregnancy|gestation)|along|g\b))|\b(\d{1,2})\s*/\s*40\b|(?:pregnant|gestation|pregnancy)[^.\n]{0,20}?\b(\d{1,2})\s*(?:weeks|wks)"
)
_AFTER_BIRTH = re.compile(
    r"\b(\w+)\s*(weeks?|days?|months?)\s*(?:after|since|post|following)\s*[- ]?\s*(?:the |her |my |a |giving |an )?(?:\w+ )?(?:birth|delivery|childbirth|partum|caesarean|cesarean|c-section|baby|delivering)"
)
_SETTINGS = (
    ("emergency_department", re.compile(r"\b(?:(?:to|in|at|into) (?:the |an? )?(?:emergency (?:department|room|ward)|accident and emergency|a\s?&\s?e|casualty|ed|er)\b|emergency department|emergency room|brought in by ambulance|by ambulance|brought (?:in )?to (?:the )?(?:ed|er|emergency))")),
    ("sleep_clinic", re.compile(r"\bsleep (?:clinic|centre|center|laborator\w+|medicine clinic)\b")),
    ("vascular_clinic", re.compile(r"\bvascular (?:clinic|surgery clinic|outpatient)\b")),
    ("neurology_clinic", re.compile(r"\b(?:neurology|neuromuscular|movement disorders?) (?:clinic|outpatient|department|service)\b|\bto the neurologist\b")),
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    facts: tuple[Fact, ...]
    answered_by: str  # self, parent, carer or clinician


def read(tokens: Sequence[Token], plain: str, at: Sequence[int]) -> Person:
    """Age, sex, weeks of a pregnancy, weeks since a birth; and who tells."""
    subject = subject_of(tokens)
    first_person = sum(t.word in ("i", "my", "me", "im", "ive") for t in tokens)
    others = sum(t.word in ("he", "she", "his") for t in tokens)
    own = subject is None and first_person >= max(2, len(tokens) // 60) and first_person >= others
    facts: list[Fact] = []
    age = _age(plain, at, subject is not None, own)
    if age:
        facts.append(("age", age[0], age[1], age[2]))
    sex = _sex(tokens, plain, at, subject, own)
    if sex:
        facts.append(sex)
    facts += _weeks(plain, at)
    return Person(tuple(facts), _teller(subject, own, age[0] if age else None))


def _teller(subject: frozenset[str] | None, own: bool, age: float | None) -> str:
    if own:
        return "self"
    if subject is None:
        return "clinician"
    young = "son" in subject and (age is None or age < 18)
    return "parent" if young else "carer"


_NOT_OWN = re.compile(
    r"(?:mother|father|mum|mom|dad|husband|wife|brother|sister|uncle|aunt|grand\w+|son|daughter|neighbou?r|friend|he|she)\b[^.;,\n]{0,25}$"
)
_PAST_AGE = re.compile(
    r"(?:since|when|until|from|at|before|died|onset|started|began|diagnosed|around|surgery|menopause)\s+(?:i was|he was|she was|the age of|age|aged|about|around|about age|at)?\s*$"
)


def _age(plain: str, at: Sequence[int], told: bool, own: bool) -> tuple[float, int, int] | None:
    best: tuple[int, int, tuple[float, int, int]] | None = None
    for value, start, end in ages(plain):
        before = plain[max(start - 45, 0) : start]
        worth = 10
        if _PAST_AGE.search(before):
            worth -= 8
        if not told and own and _NOT_OWN.search(before):
            worth -= 6
        if re.search(r"year|yr|yo\b|y/o|m|f", plain[start:end]):
            worth += 1
        if best is None or worth > best[0]:
            best = (worth, start, (value, at[start], at[end - 1] + 1))
    return best[2] if best and best[0] > 2 else None


def _sex(
    tokens: Sequence[Token], plain: str, at: Sequence[int], subject: frozenset[str] | None, own: bool
) -> Fact | None:
    if box := _BOX.search(plain):
        value = "female" if "f" in box.groups() else "male"
        return ("sex", value, at[box.start()], at[box.end() - 1] + 1)
    if own:
        m = _OWN.search(plain)
        if m:
            word = next(g for g in m.groups() if g and not g.isdigit())
            value = "female" if word in _FEMALE or word == "f" else "male"
            return ("sex", value, at[m.start()], at[m.end() - 1] + 1)
        for value, pattern in (("female", _PREGNANT), ("male", _MALE_ONLY)):
            if m := pattern.search(plain):
                return ("sex", value, at[m.start()], at[m.end() - 1] + 1)
        if m := _TITLE.search(plain):
            return ("sex", "male" if "mr" in m.groups() else "female", at[m.start()], at[m.end() - 1] + 1)
    for short in _AGE_AND_SEX.finditer(plain):
        if not _DISTANCE.search(plain[max(short.start() - 25, 0) : short.start()]):
            value = "female" if "f" in short.groups() else "male"
            return "sex", value, at[short.start()], at[short.end() - 1] + 1
    if own:
        return None
    count = {"female": 0, "male": 0}
    where: dict[str, Token] = {}
    for token in tokens:
        word = token.word
        if (
            word in _KIN_WORDS
            and not (subject is not None and token.stem in subject)
            and word not in ("girl", "boy", "lad")
        ):
            continue
        sex = "female" if word in _FEMALE else "male" if word in _MALE else None
        if sex:
            count[sex] += (
                3 if word in ("woman", "man", "female", "male", "girl", "boy", "mr", "mrs") and not where else 1
            )
            where.setdefault(sex, token)
    if count["female"] == count["male"]:
        return None
    sex = max(count, key=lambda s: count[s])
    return ("sex", sex, where[sex].start, where[sex].end)


def _weeks(plain: str, at: Sequence[int]) -> list[Fact]:
    out: list[Fact] = []
    m = _WEEKS.search(plain)
    if m and (value := next(g for g in m.groups() if g)) and 3 <= int(value) <= 43:
        out.append(("weeks_pregnant", float(value), at[m.start()], at[m.end() - 1] + 1))
    m = _AFTER_BIRTH.search(plain)
    if m:
        number = _number(m.group(1))
        if number is not None:
            unit = m.group(2)[:4]
            weeks = number / 7 if unit.startswith("day") else number * 4.345 if unit.startswith("mont") else number
            out.append(("weeks_since_birth", float(round(weeks)), at[m.start()], at[m.end() - 1] + 1))
    return out


_SMALL = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def _number(word: str) -> float | None:
    if word.isdigit():
        return float(word)
    if word in ("a", "an"):
        return 1.0
    return float(_SMALL.index(word) + 1) if word in _SMALL else None


def setting_of(plain: str) -> str | None:
    """Where the person is seen, if the text says so."""
    return next((name for name, pattern in _SETTINGS if pattern.search(plain)), None)
