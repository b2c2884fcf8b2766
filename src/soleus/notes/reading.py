"""From a text to what it says of one person: each statement with its place, its source, and how it is to be taken."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import msgspec
from msgspec import Struct

from soleus.errors import UnknownName, UnreadableInput
from soleus.knowledge.schema.core import Finding
from soleus.notes import people, places, times, weighing
from soleus.notes.context import Context, Hold
from soleus.notes.lexicon import Lexicon, Means, lexicon
from soleus.notes.patterns import Match
from soleus.notes.results import Result, Unread, read_number
from soleus.notes.text import Token, folded, tokens
from soleus.reasoning.compiled import Compiled

MOST_CHARACTERS = 60_000
LEAST_SURE = 0.3  # F1 by folds is flat from 0.3 to 0.45; texts unlike those it learnt from are read better with the lower (`tools/train_notes.py`)
#: things told of a leg or of how it is felt that make a leg complaint: where a place stands beside a complaint, where the text
#: has both words, and where it has not (chosen on the open texts)
_ENOUGH_BESIDE, _ENOUGH_CRAMP, _ENOUGH_WITH_BOTH, _ENOUGH_ALONE = 0, 1, 3, 4
_FELT = frozenset({
    "site", "side", "quality", "timing", "pattern", "on_exertion", "at_rest", "weakness", "tenderness", "swelling", "visible_movement", "urge_to_move",
})  # fmt: skip
#: below this share of English words a text of so many words is of another language (open texts: 0.83 and more; others: 0.54 and less)
_LEAST_ENGLISH, _FEWEST_WORDS = 0.65, 6
_NOT_SAID = Hold.SUPPOSED | Hold.OTHER
_NOT_LEG = frozenset({None, "body", "arm", "back", "head", "hand", "chest", "neck", "abdomen", "face", "trunk"})
#: findings of a leg complaint that are told in the same words of any other complaint
_ANYWHERE = frozenset({
    "tempo", "pattern", "quality", "severity", "timing", "attack_duration", "attack_onset", "disturbs_sleep", "new_medicine", "at_rest", "on_exertion",
    "recent_injury_or_new_exercise", "recent_immobility_surgery_travel", "tenderness", "skin_lesion", "colour_temperature", "relief_stopping", "side",
})  # fmt: skip

Kind = Literal["finding", "contributor", "medicine", "person", "explanation"]
State = Literal["present", "absent", "uncertain", "conflict", "stopped"]


class Understood(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One thing that a text says of the person.

    ``span`` is [start, end) in code points of the text as given, ``text`` what stands there. ``value`` is a state of
    the finding, a number, or None. ``source`` names the rule; ``confidence`` (0 to 1) is how often statements that
    were read in this way were right on the open half of the annotated texts. ``used`` is False for what is
    shown but does not enter the judgement, ``why`` says why not.
    """

    finding: str
    kind: Kind
    state: State
    value: str | float | None = None
    unit: str | None = None
    span: tuple[int, int]
    text: str
    source: str
    confidence: float = 1.0
    used: bool = True
    why: str | None = None


@dataclass(frozen=True)
class Reading:
    """A text and what was understood of it; ``unread`` are results that cannot be told."""

    text: str
    understood: tuple[Understood, ...]
    unread: tuple[tuple[str, tuple[int, int], str], ...] = ()
    answered_by: str = "self"
    setting: str | None = None
    of_legs: bool = True  # a complaint of the legs is told; otherwise there is nothing to assess
    tempo_days: float | None = None

    def without(self, *numbers: int) -> Reading:
        """The reading with statements struck out, by their number in ``understood`` from 1. Raises `UnknownName`."""
        return replace(
            self, understood=tuple(u for n, u in enumerate(self.understood, 1) if n not in self._known(numbers))
        )

    def changed(self, number: int, state: State, value: str | float | None = None) -> Reading:
        """The reading with one statement changed, by its number from 1. Raises `UnknownName`."""
        self._known((number,))
        if state not in get_args(State):
            raise UnknownName("correction", repr(state), f"one of {', '.join(get_args(State))}", "Name one of these.")
        new = [
            msgspec.structs.replace(
                u,
                state=state,
                value=u.value if value is None else value,
                used=True,
                why=None,
                source="corrected",
                confidence=1.0,
            )
            if n == number
            else u
            for n, u in enumerate(self.understood, 1)
        ]
        return replace(self, understood=tuple(new))

    def _known(self, numbers: Sequence[int]) -> Sequence[int]:
        for n in numbers:
            if not 1 <= n <= len(self.understood):
                raise UnknownName(
                    "correction",
                    f"number {n}",
                    f"a number from 1 to {len(self.understood)}",
                    "`soleus read` lists what was understood, with numbers.",
                )
        return numbers


@dataclass
class _Work:
    """A text on its way through the reading."""

    text: str
    plain: str
    at: Sequence[int]
    tokens: list[Token]
    context: Context
    lexicon: Lexicon
    found: list[Understood] = field(default_factory=list)
    unread: list[tuple[str, tuple[int, int], str]] = field(default_factory=list)

    def place(self, first: int, last: int) -> tuple[int, int]:
        return self.tokens[first].start, max(t.end for t in self.tokens[first : last + 1])

    def add(
        self,
        finding: str,
        kind: Kind,
        state: State,
        value: str | float | None,
        span: tuple[int, int],
        source: str,
        unit: str | None = None,
        used: bool = True,
        why: str | None = None,
    ) -> None:
        self.found.append(
            Understood(
                finding=finding,
                kind=kind,
                state=state,
                value=value,
                span=span,
                text=self.text[span[0] : span[1]],
                source=source,
                unit=unit,
                used=used,
                why=why,
            )
        )


@dataclass(frozen=True)
class Gathered:
    """A text and everything that the wordings read in it, before it is weighed and settled."""

    work: _Work
    complaint_of_leg: bool  # a place on a leg and a complaint stand side by side
    words_of_both: bool  # or at least both are there
    person: people.Person
    tempo: Sequence[tuple[str, float, int, int]]

    @property
    def found(self) -> list[Understood]:
        return self.work.found

    @property
    def context(self) -> Context:
        return self.work.context


def gather(text: str, compiled: Compiled) -> Gathered:
    """Read a text by the wordings alone. Raises `UnreadableInput` for a text that is too long."""
    if not isinstance(text, str):
        raise UnreadableInput("note", type(text).__name__, "a text", "Hand over the words themselves.")
    if len(text) > MOST_CHARACTERS:
        raise UnreadableInput(
            "note",
            f"{len(text):,} characters",
            f"at most {MOST_CHARACTERS:,}",
            "Hand over the notes of one person, in parts.",
        )
    words = lexicon(compiled)
    plain, at = folded(text)
    english, looked_at = words.corrections.english_share(plain)
    if looked_at >= _FEWEST_WORDS and english < _LEAST_ENGLISH:
        return _foreign(text, plain, at, words)
    found = tokens(text, words.short_forms, words.corrections)
    work = _Work(text, plain, at, found, words.cues.read(found), words)
    matches = _kept(words.matcher.find(found))
    _take_statements(work, matches)
    _take_numbers(work, matches)
    complaints = [m for m in matches if m.label.kind == "complaint"]  # type: ignore[attr-defined]
    told = [m for m in matches if m.label.kind == "place"]  # type: ignore[attr-defined]
    for p in places.read(work.context, complaints, told, words.not_places):
        work.add(p.what, "finding", "present", p.state, work.place(p.first, p.last), "places")
    person = people.read(found, plain, at)
    for name, value, first, last in person.facts:
        work.add(name, "person", "present", value, (first, last), "people")
    named = [m for m in matches if m.label.kind in ("contributor", "medicine")]  # type: ignore[attr-defined]
    tempo = times.read(work.context, complaints, named)
    for name, days, first, last in tempo:
        state = times.state_of(compiled.findings[name], days)
        if state is not None:
            work.add(name, "finding", "present", state, work.place(first, last), "times")
    of_legs = places.told_of_legs(work.context, complaints, told)
    work.found = [
        msgspec.structs.replace(u, confidence=round(words.reliability.of(*weighing.source_of(u)), 3))
        if weighing.is_weighed(u, compiled)
        else u
        for u in work.found
    ]
    return Gathered(work, of_legs, bool(complaints and told), person, tempo)


def _foreign(text: str, plain: str, at: Sequence[int], words: Lexicon) -> Gathered:
    """Nothing is read of a text in another language: words that look alike would be taken for English."""
    work = _Work(text, plain, at, [], words.cues.read([]), words)
    work.unread.append(("language", (0, len(text)), "the text does not seem to be English"))
    return Gathered(work, False, False, people.Person((), "self"), ())


def read(text: str, compiled: Compiled, least: float = LEAST_SURE) -> Reading:
    """What a text says, by statements that are right with at least the probability ``least``.

    Raises `UnreadableInput` for a text that is too long.
    """
    gathered = gather(text, compiled)
    understood = tuple(settle(weigh(gathered, compiled, least), compiled))
    return Reading(
        text=text,
        understood=understood,
        unread=tuple(gathered.work.unread),
        answered_by=gathered.person.answered_by,
        setting=people.setting_of(gathered.work.plain),
        of_legs=_of_legs(gathered, understood, compiled),
        tempo_days=next((days for name, days, *_ in gathered.tempo if name == "tempo"), None),
    )


def weigh(gathered: Gathered, compiled: Compiled, least: float) -> list[Understood]:
    """The statements that are right with at least the probability ``least``, each with that probability."""
    words = gathered.work.lexicon
    models = words.models
    if models is None:
        return [u for u in gathered.found if u.confidence >= max(least, weighing.LEAST_OF_WORDINGS)]
    weighed = weighing.weigh(gathered.found, gathered.context, models, words.learnt, compiled, settle)
    kept = [
        msgspec.structs.replace(u, confidence=round(p, 3))
        for u in gathered.found
        if (p := weighing.of(weighed, u, compiled, words.alarming)) >= least
    ]
    known = {weighing.key(u, compiled) for u in gathered.found}
    for (name, polarity), w in weighed.items():
        if w.probability >= least and (name, polarity) not in known:
            kept += _learnt(gathered, name, w, compiled)
    return kept


def _learnt(gathered: Gathered, name: str, weighed: weighing.Weighed, compiled: Compiled) -> list[Understood]:
    """A statement that no wording tells, but the clauses of the text do."""
    if weighed.words is None or any(
        gathered.context.hold[n] & _NOT_SAID for n in range(weighed.words[0], weighed.words[1] + 1)
    ):
        return []
    kind: Kind = (
        "medicine" if name.startswith("medicine:") else "contributor" if name in compiled.contributors else "finding"
    )
    span = gathered.work.place(*weighed.words)
    state: State = "absent" if weighed.polarity == "absent" else "stopped" if weighed.value == "stopped" else "present"
    value = weighed.value if kind != "contributor" else None
    return [
        Understood(
            finding=name, kind=kind, state=state, value=value, span=span, text=gathered.work.text[span[0] : span[1]],
            source="learnt from annotated texts", confidence=round(weighed.probability, 3),
        )
    ]  # fmt: skip


def _of_legs(gathered: Gathered, understood: Sequence[Understood], compiled: Compiled) -> bool:
    """Whether a complaint of the legs is told: enough that concerns a leg, less where a place stands beside a complaint.

    Muscle cramps without a place count as cramps of the legs, where most of them are.
    """
    told = {u.finding: u for u in understood if u.kind == "finding" and u.state in ("present", "conflict") and u.used}
    signs = (
        sum(_concerns_a_leg(compiled.findings[name]) for name in told)
        + len(_FELT & told.keys())
        + ("urge_to_move" in told)
    )
    cramp = "quality" in told and told["quality"].value == "cramp"
    enough = (
        _ENOUGH_BESIDE if gathered.complaint_of_leg
        else _ENOUGH_CRAMP if cramp
        else _ENOUGH_WITH_BOTH if gathered.words_of_both
        else _ENOUGH_ALONE
    )  # fmt: skip
    return signs >= enough


def _concerns_a_leg(finding: Finding) -> bool:
    return finding.body_site not in _NOT_LEG and finding.group != "test" and finding.id not in _ANYWHERE


def _kept(matches: Iterable[Match]) -> list[Match]:
    """Matches that no longer name hides: inside "restless legs clinic" no restless legs are told."""
    every = list(matches)
    names = [
        m for m in every
        if not m.gapped and m.label.kind in ("hidden", "contributor", "medicine", "explanation", "number", "finding")  # type: ignore[attr-defined]
        and (m.last > m.first or m.label.kind == "medicine")  # type: ignore[attr-defined]
    ]  # fmt: skip
    cover: dict[int, list[Match]] = {}
    for m in names:
        for n in range(m.first, m.last + 1):
            cover.setdefault(n, []).append(m)
    return [m for m in every if not any(_hides(name, m) for name in cover.get(m.first, ()))]


def _hides(name: Match, inner: Match) -> bool:
    if name is inner or not (name.first <= inner.first and inner.last <= name.last):
        return False
    outer, told = name.label, inner.label
    if told.kind in ("place", "complaint") and outer.kind != "hidden":  # type: ignore[attr-defined]
        return False
    longer = (name.last - name.first) > (inner.last - inner.first)
    if outer.kind == told.kind and outer.id == told.id:  # type: ignore[attr-defined]
        return longer and outer.state != told.state  # type: ignore[attr-defined]
    if outer.kind == "hidden":  # type: ignore[attr-defined]
        return longer and told.kind != "hidden"  # type: ignore[attr-defined]
    if told.kind in ("finding", "contributor", "number") and outer.kind in ("explanation", "contributor"):  # type: ignore[attr-defined]
        return longer and outer.id != told.id  # type: ignore[attr-defined]
    return longer and outer.kind == told.kind != "finding" and outer.id != told.id  # type: ignore[attr-defined]


def _take_statements(work: _Work, matches: Sequence[Match]) -> None:
    for match in matches:
        means: Means = match.label  # type: ignore[assignment]
        if means.kind == "finding":
            _take_finding(work, match, means)
        elif means.kind == "contributor":
            _take_contributor(work, match, means)
        elif means.kind == "medicine":
            _take_medicine(work, match, means)
        elif means.kind == "explanation":
            _take_explanation(work, match, means)


def _take_finding(work: _Work, match: Match, means: Means) -> None:
    finding = work.lexicon.compiled.findings[means.id]
    hold = work.context.of(match)
    if hold & (Hold.OTHER | Hold.SUPPOSED) and not means.id.startswith("family_history"):
        return
    if hold & Hold.PAST:
        return
    state = means.state
    if hold & Hold.NEGATED and not (state == finding.absent and not work.context.denied_at_once(match)):
        opposite = _opposite(finding, state)
        if opposite is None:
            return
        state = opposite
    holds: State = "uncertain" if hold & Hold.UNCERTAIN else "absent" if state == finding.absent else "present"
    work.add(
        means.id,
        "finding",
        holds,
        state,
        work.place(match.first, match.last),
        means.told,
    )


def _opposite(finding: object, state: str) -> str | None:
    """The state that a denial of ``state`` leaves: the absent one, or the other of two; None where several remain."""
    absent = finding.absent  # type: ignore[attr-defined]
    ids = [s.id for s in finding.states]  # type: ignore[attr-defined]
    if absent is not None and state != absent:
        return str(absent)
    return next((s for s in ids if s != state), None) if len(ids) == 2 else None


def _take_contributor(work: _Work, match: Match, means: Means) -> None:
    hold = work.context.of(match)
    record = work.lexicon.compiled.contributors[means.id]
    if hold & Hold.SUPPOSED or (hold & Hold.OTHER and record.kind != "family"):
        return
    denied = bool(hold & Hold.NEGATED) != (means.state == "absent")
    lasting = record.kind in ("disease", "family", "event")
    section = work.context.section[match.first]
    state: State = "uncertain" if hold & Hold.UNCERTAIN else "absent" if denied else "present"
    if hold & Hold.PAST and not denied and (section == "past_resolved" or not lasting):
        return
    work.add(
        means.id,
        "contributor",
        state,
        None,
        work.place(match.first, match.last),
        means.told,
    )


_STOPPED = re.compile(
    r"\b(stop(?:ped|s|ping)?|discontinued?|came off|come off|off|no longer|held|ceased|withdrawn|quit|switched from|changed from|gave up|finished|ran out|used to (?:take|be on)|previously|until|completed|paused|weaned|tapered|took for|tried)\b[^.;,\n]{0,30}$"
)
_STOPPED_AFTER = re.compile(
    r"^[^.;,\n]{0,25}\b(?:was |were |has been |been |is |had been )?(stopped|discontinued|withdrawn|ceased|held|switched|changed to|replaced|paused|finished|stopped last|tapered off|completed|d/c|until)\b"
)


def _take_medicine(work: _Work, match: Match, means: Means) -> None:
    hold = work.context.of(match)
    if hold & Hold.OTHER or work.context.section[match.first] == "allergies":
        return
    span = work.place(match.first, match.last)
    begin = max(span[0] - 90, 0)
    before = folded(work.text[begin : span[0]])[0]
    after = folded(work.text[span[1] : span[1] + 60])[0]
    if re.search(r"\b(allerg\w+|intoleran\w+|reaction) (?:to|with)[^.;\n]{0,20}$", before):
        return
    own = re.search(r"\b(my|his|her|your|the)\s+(?:\w+\s+){0,2}$", before) is not None
    if hold & Hold.SUPPOSED and not own:
        return
    stopped = bool(_STOPPED.search(before)) or bool(_STOPPED_AFTER.search(after)) or bool(hold & Hold.PAST)
    not_taken = re.match(r"\W*(?:was |were |is |being )?(?:not|never) (?:taken|taking|started|given|used)\b", after)
    state: State = (
        "uncertain"
        if hold & Hold.UNCERTAIN
        else "absent"
        if hold & Hold.NEGATED or not_taken
        else "stopped"
        if stopped
        else "present"
    )
    value = {"present": "current", "stopped": "stopped", "absent": "absent", "uncertain": None}[state]
    work.add(f"medicine:{means.id}", "medicine", state, value, span, means.source)


def _take_explanation(work: _Work, match: Match, means: Means) -> None:
    """A name of a condition is shown, and enters only where it is a contributor; the judgement is not told the answer."""
    hold = work.context.of(match)
    if hold & (Hold.OTHER | Hold.SUPPOSED):
        return
    state: State = "uncertain" if hold & Hold.UNCERTAIN else "absent" if hold & Hold.NEGATED else "present"
    work.add(
        means.id, "explanation", state, None, work.place(match.first, match.last), means.source,
        used=False, why="a name of a condition, which is judged and not taken over",
    )  # fmt: skip


def _take_numbers(work: _Work, matches: Sequence[Match]) -> None:
    taken: dict[tuple[str, int], tuple[Match, Result | Unread]] = {}
    for match in matches:
        means: Means = match.label  # type: ignore[assignment]
        if means.kind != "number":
            continue
        hold = work.context.hold[match.first]
        if hold & (Hold.OTHER | Hold.PAST) or work.context.section[match.first] in ("plan",):
            continue
        finding = work.lexicon.compiled.findings[means.id]
        result = read_number(finding, match.last, work.tokens, work.plain, work.at)
        if result is not None:
            taken[(means.id, result.start)] = (match, result)
    for (name, _), (match, result) in taken.items():
        start = work.tokens[match.first].start
        if isinstance(result, Unread):
            work.unread.append((name, (start, result.end), result.why))
        else:
            work.add(name, "finding", "present", result.value, (start, result.end), "results", unit=result.unit)


def settle(found: Sequence[Understood], compiled: Compiled) -> list[Understood]:
    """One statement for each thing said; what is said both ways is a conflict, and both stay."""
    by_name: dict[str, list[Understood]] = {}
    for u in found:
        by_name.setdefault(u.finding, []).append(u)
    out: list[Understood] = []
    for name, told in by_name.items():
        out.extend(_settled(name, told, compiled))
    return sorted(out, key=lambda u: (u.span, u.finding))


def _settled(name: str, told: list[Understood], compiled: Compiled) -> list[Understood]:
    sure = [u for u in told if u.state != "uncertain"]
    if not sure:
        return [_longest(told)]
    values: dict[object, list[Understood]] = {}
    for u in sure:
        values.setdefault((u.state, u.value), []).append(u)
    first = {key: _longest(group) for key, group in values.items()}
    if len(first) == 1:
        return list(first.values())
    record = compiled.findings.get(name)
    if record is not None and record.kind != "numeric":
        return _of_states(record.absent, values, first)
    if name.startswith("medicine:"):
        return _one_of(first, ("stopped", "present", "absent"))
    if record is not None:
        return [min(first.values(), key=lambda u: u.span)]
    states = {u.state for u in sure}
    if states == {"present", "absent"}:
        return [replace_state(u, "conflict") for u in first.values()]
    return list(first.values())


def _of_states(
    absent: str | None, values: dict[object, list[Understood]], first: dict[object, Understood]
) -> list[Understood]:
    """The state that is told most; the absent state beside another is a conflict where both are told alike."""
    ranked = sorted(first, key=lambda key: (-len(values[key]), first[key].span))
    denied = [k for k in ranked if first[k].value == absent]
    told = [k for k in ranked if first[k].value != absent]
    if denied and told:
        n, m = len(values[denied[0]]), len(values[told[0]])
        if absent in ("none", "normal"):  # "no swelling of the right" beside "the left is swollen"
            return [first[told[0]]]
        if n != m and max(n, m) > 2 * min(n, m):
            return [first[denied[0] if n > m else told[0]]]
        return [replace_state(first[told[0]], "conflict"), replace_state(first[denied[0]], "conflict")]
    kept = [first[told[0]]]
    kept += [_unused(first[k]) for k in told[1:]]
    return kept


def _unused(u: Understood) -> Understood:
    return msgspec.structs.replace(u, used=False, why="told less than another state")


def _one_of(first: dict[object, Understood], order: tuple[str, ...]) -> list[Understood]:
    for state in order:
        for u in first.values():
            if u.state == state:
                return [u]
    return list(first.values())[:1]


def replace_state(u: Understood, state: State) -> Understood:
    """The same statement in another state."""
    return msgspec.structs.replace(u, state=state)


def _longest(told: Sequence[Understood]) -> Understood:
    return max(told, key=lambda u: (u.span[1] - u.span[0] if u.span[1] - u.span[0] < 60 else 0, -u.span[0]))


__all__ = ["Gathered", "Reading", "Understood", "gather", "read", "settle"]
