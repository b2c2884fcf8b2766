"""How long the complaint has been there, and how long one attack lasts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from soleus.knowledge.schema.core import Finding
from soleus.notes.context import Context, Hold
from soleus.notes.patterns import Match
from soleus.notes.quantities import Span, spans

_MINUTES = 24 * 60

Time = tuple[str, float, int, int]  # finding, days, first token, last token

_SINCE = re.compile(
    r"(?:\b(?:for|over|past|last|since|x|during|about|around|nearly|almost|approximately|some|within|the|than|of|a|well|in|roughly|by|these|say|approx|previous|preceding|prior|maybe|like)\s*)+$"
)
_AFTER = re.compile(
    r"^\s*(?:ago|now|history|hx|h/o|of|'s?\s*history|back|earlier|long|duration|in duration|-?\s*history|prior|before|previously|'|since|worth|or so)\b"
)
_ATTACK = re.compile(
    r"\b(?:last\w*|each|every time|at a time|per|episodes?|attacks?|spasms?|go(?:es)? (?:away|off)|ease\w*|resolve\w*|subside\w*|settle\w*|pass\w*|wear\w* off|lets? go|release\w*|persist\w*|hold\w*|continu\w*|before it|takes?|grips?|stay\w*|duration|durn|linger\w*|done in|over in|gone in)\b"
)
_NOT_SINCE = re.compile(
    r"\b(?:every|per|age|aged|old|each|within|after|take|takes|after about|walk\w*|another|next|in|return|review|follow up|later|weekly|until|at)\s*(?:the|about|only|around|a)?\s*$"
)
_WALKING = re.compile(r"\b(?:walk\w*|stand\w*|rest\w*|sit\w*|run\w*|exercis\w*|stop\w*|lying|elevat\w*|stretch\w*)\b")
_FIXED = (
    (re.compile(r"\b(?:since (?:childhood|birth|school|my teens|adolescence|(?:i was|he was|she was) (?:a|little|young|\d+|about|at|in)\b|(?:19|20)\d\d)|as long as (?:i|he|she) can remember|all (?:my|his|her) life|lifelong|donkeys years|long[- ]?standing|longstanding|for ages|chronic(?:ally)? (?:history|cramp\w*|pain))"), 3652.5),
    (re.compile(r"\b(?:this morning|since this morning|earlier today|today|tonight|an hour ago|this afternoon|this evening|overnight)\b"), 0.4),
    (re.compile(r"\b(?:since yesterday|yesterday|last night|the day before)\b"), 1.1),
    (re.compile(r"\b(?:since (?:last )?(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|the weekend))\b"), 4.0),
    (re.compile(r"\b(?:since last (?:week)|this (?:past )?week|last week)\b"), 7.0),
    (re.compile(r"\b(?:since last month|last month)\b"), 30.0),
    (re.compile(r"\b(?:since last year|last year)\b"), 400.0),
    (re.compile(r"\b(?:since last (?:summer|winter|spring|autumn|christmas)|since (?:the )?(?:summer|winter|spring|autumn|christmas|january|february|march|april|may|june|july|august|september|october|november|december))\b"), 200.0),
)  # fmt: skip
_ONSET = re.compile(
    r"\b(?:start\w*|began|begun|onset|develop\w*|notic\w*|first|came on|history|hx|complain\w*|present\w*|having|suffer\w*|experienc\w*|bother\w*|woke|trouble\w*|been|get(?:ting)?|had|has|have|progressive\w*|worsening|sudden\w*|gradual\w*|episod\w*)\b"
)


def read(context: Context, complaints: Sequence[Match], named: Sequence[Match]) -> list[Time]:
    """The time since the first symptom and the length of an attack, in days, where the text tells them."""
    tokens = context.tokens
    felt = {tokens[m.first].sentence for m in complaints if not context.hold[m.first] & (Hold.OTHER | Hold.SUPPOSED)}
    other = list(named)
    tempo: list[tuple[float, float, int, int]] = []
    attack: list[tuple[float, float, int, int]] = []
    for span in spans(tokens):
        if context.hold[span.first] & (Hold.OTHER | Hold.SUPPOSED) or context.section[span.first] in (
            "plan",
            "medicines",
            "family",
        ):
            continue
        before, after, sentence = _around(context, span)
        in_complaint = tokens[span.first].sentence in felt
        as_attack = _attack_worth(span, before, after, in_complaint)
        if as_attack:
            attack.append((as_attack, span.days, span.first, span.last))
            continue
        worth = _tempo_worth(span, before, after, sentence, in_complaint, context, other)
        if worth > 0:
            tempo.append((worth, span.days, span.first, span.last))
    tempo += _fixed(context, felt)
    tempo += _since_then(context, felt)
    out: list[Time] = []
    if tempo:
        best = max(w for w, *_ in tempo)
        near = [t for t in tempo if t[0] >= best - 1.0]
        _, days, first, last = max(near, key=lambda t: (t[1], -t[2]))
        out.append(("tempo", days, first, last))
    if attack:
        _, days, first, last = max(attack, key=lambda t: (t[0], -t[2]))
        out.append(("attack_duration", days, first, last))
    return out


def _around(context: Context, span: Span) -> tuple[str, str, str]:
    tokens = context.tokens
    sentence = tokens[span.first].sentence
    before = " ".join(t.word for t in tokens[max(span.first - 6, 0) : span.first] if t.sentence == sentence)
    after = " ".join(t.word for t in tokens[span.last + 1 : span.last + 7] if t.sentence == sentence)
    whole = " ".join(t.word for t in tokens[max(span.first - 30, 0) : span.last + 30] if t.sentence == sentence)
    return before, after, whole


def _attack_worth(span: Span, before: str, after: str, in_complaint: bool) -> float:
    if span.days > 0.9 or re.match(r"\s*ago\b", after):
        return 0.0
    if (
        re.search(r"\b(?:over|past|last|previous) (?:the )?(?:past |last |previous )?$", before)
        and "last " + after[:0] not in before
    ):
        return 0.0
    close = _ATTACK.search(" ".join(before.split()[-4:])) or _ATTACK.search(" ".join(after.split()[:5]))
    if (
        _WALKING.search(" ".join(before.split()[-3:]))
        or re.search(r"\b(?:after|every)\s*(?:about|around|only|the first|a)?\s*$", before)
        or _WALKING.match(after.removeprefix("of ").strip())
    ):
        return 0.0
    said = in_complaint and re.search(
        r"(?:\b(?:for|up to|of|about|some|over in)\s*(?:about|a|the)?|[,(:]|^)\s*$", before
    )
    worth = 3.0 if close else 1.0 if said else 0.0
    return worth + (0.5 if in_complaint and worth else 0.0)


def _tempo_worth(
    span: Span, before: str, after: str, sentence: str, in_complaint: bool, context: Context, other: Sequence[Match]
) -> float:
    since, following = bool(_SINCE.search(before)), bool(_AFTER.search(after))
    if not since and not following and not re.search(r"(?:^|[,:;(-]|x|hx|history|duration)\s*$", before):
        return 0.0
    if _NOT_SINCE.search(before) and not following:
        return 0.0
    if (
        span.days < 0.9
        and not re.match(r"\s*(?:ago|history|hx|h/o|duration|now|earlier)", after)
        and not re.search(r"\b(?:past|last|since)\b", before)
    ):
        return 0.0
    worth = 1.0 + 2.0 * in_complaint + 1.0 * bool(_ONSET.search(sentence)) + 1.0 * (since or following)
    worth += 1.5 if re.match(r"\s*(?:history|hx|h/o|'s? history|- ?history|of)", after) else 0.0
    sentence_no = context.tokens[span.first].sentence
    near = [
        m
        for m in other
        if context.tokens[m.first].sentence == sentence_no
        and min(abs(m.last - span.first), abs(m.first - span.last)) <= 5
    ]
    worth -= 3.0 if near else 0.0
    worth -= 3.0 if context.section[span.first] in ("past", "tests") else 0.0
    worth -= (
        2.5
        if re.search(
            r"\b(?:smok\w+|pack|tak(?:e|es|ing|en)|married|retired|work\w*|diagnosed|surgery|operation|delivery|birth|moved|quit|drinks?|divorced|discharg\w+|admitted|underwent|resection|tests?|scan\w*|mri|x-?ray\w*|showed|biops\w+|transplant\w*|vaccin\w+|jab|course of)\b",
            sentence,
        )
        and not re.search(r"\bpain|cramp|leg|ache", before + after)
        else 0.0
    )
    worth += 1.0 if span.first < len(context.tokens) / 3 else 0.0
    return worth


def _since_then(context: Context, felt: set[int]) -> list[tuple[float, float, int, int]]:
    """ "An operation a month ago. Since then she has had pain": the time told last before counts."""
    tokens = context.tokens
    told = [
        s
        for s in spans(tokens)
        if s.last + 1 < len(tokens) and tokens[s.last + 1].word in ("ago", "earlier", "before", "previously")
    ]
    out = []
    for n, t in enumerate(tokens[:-1]):
        if t.word != "since" or t.sentence not in felt or tokens[n + 1].word not in ("then", ",", "that", "this", "it"):
            continue
        before = [s for s in told if s.last < n and tokens[n].sentence - tokens[s.last].sentence <= 1]
        if before:
            out.append((6.0, before[-1].days, before[-1].first, before[-1].last))
    return out


def _fixed(context: Context, felt: set[int]) -> list[tuple[float, float, int, int]]:
    """Times without a number: since childhood, this morning, since last summer."""
    tokens = context.tokens
    out = []
    words = " ".join(t.word for t in tokens)
    starts, at = [], 0
    for t in tokens:
        starts.append(at)
        at += len(t.word) + 1
    from bisect import bisect_right

    for pattern, days in _FIXED:
        for m in pattern.finditer(words):
            first = bisect_right(starts, m.start()) - 1
            last = bisect_right(starts, m.end() - 1) - 1
            if context.hold[first] & (Hold.OTHER | Hold.SUPPOSED) or tokens[first].sentence not in felt:
                continue
            onset = (
                days >= 3000
                or "since" in m.group()
                or bool(_ONSET.search(" ".join(t.word for t in tokens[max(first - 12, 0) : first])))
            )
            out.append((3.0 + 1.0 * onset if days >= 1 else 2.5 + 1.0 * onset, days, first, last))
    return out


def state_of(finding: Finding, days: float) -> str | None:
    """The state of an ordered finding whose states give intervals in minutes (``unit`` min) or days."""
    days = days * _MINUTES if finding.unit == "min" else days
    for state in finding.states:
        if (
            (state.at_least is None or days >= state.at_least)
            and (state.below is None or days < state.below)
            and (state.at_least, state.below) != (None, None)
        ):
            return state.id
    return None
