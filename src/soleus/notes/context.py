"""What surrounds a statement: denied, uncertain, supposed, past, somebody else's; and the section it stands in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Flag, auto

from soleus.notes.patterns import Match, Matcher
from soleus.notes.text import Token

_FARTHEST = 14  # words that a cue reaches over
_CHUNK = 9  # words between two commas that may still be a member of a list
_JOINS = frozenset({",", "and", "or", "nor", "/", "&"})
_FORWARD = ("negation", "uncertainty", "hypothetical", "past")
_BACKWARD = ("negation_after", "uncertainty_after", "past_after")


class Hold(Flag):
    """How a place in the text is to be taken; nothing of this: said of the person, as holding now."""

    PLAIN = 0
    NEGATED = auto()
    UNCERTAIN = auto()
    SUPPOSED = auto()  # advice, fears, conditions, questions
    PAST = auto()
    OTHER = auto()  # somebody else's


_MEANS = {
    "negation": Hold.NEGATED,
    "negation_after": Hold.NEGATED,
    "uncertainty": Hold.UNCERTAIN,
    "uncertainty_after": Hold.UNCERTAIN,
    "hypothetical": Hold.SUPPOSED,
    "past": Hold.PAST,
    "past_after": Hold.PAST,
}


@dataclass(frozen=True, slots=True)
class Context:
    """Cues of a text. ``hold`` says of each token how it is to be taken; ``section`` where it stands."""

    tokens: Sequence[Token]
    hold: Sequence[Hold]
    after: Mapping[int, tuple[int, Hold]]  # first token of a cue that looks back -> (its last token, what it does)
    negations: frozenset[int]  # tokens that are words of negation
    section: Sequence[str]
    ends: frozenset[int]

    def of(self, match: Match) -> Hold:
        """How a match is to be taken."""
        tokens = self.tokens
        hold = self.hold[match.first]
        inside = range(match.first + 1, match.last + 1)
        if match.gapped and any(n in self.negations for n in inside):
            hold |= Hold.NEGATED
        hold |= self._looking_back(match)
        if tokens[match.first].sentence != tokens[match.last].sentence:
            return hold
        return hold

    def denied_at_once(self, match: Match) -> bool:
        """Whether a word of negation stands right before a match; one that reaches it over a list does not deny a normal."""
        return any(n in self.negations for n in range(max(match.first - 2, 0), match.first))

    def _looking_back(self, match: Match) -> Hold:
        """Cues that follow a match in its clause: "swelling: nil", "Homans negative"."""
        tokens, sentence = self.tokens, self.tokens[match.last].sentence
        place, passed = match.last + 1, 0
        while place < len(tokens) and tokens[place].sentence == sentence and passed < 4:
            if place in self.after:
                return self.after[place][1]
            if place in self.ends or tokens[place].word in (",", "and", "or", "with", "but"):
                return Hold.PLAIN
            passed += 1
            place += 1
        return Hold.PLAIN


class Cues:
    """The cues as patterns, compiled once."""

    def __init__(
        self,
        cues: Mapping[str, Sequence[str]],
        sections: Mapping[str, Sequence[str]],
        sets: Mapping[str, Sequence[str]],
    ) -> None:
        self._matcher = Matcher(sets)
        for kind, patterns in cues.items():
            for pattern in patterns:
                self._matcher.add(pattern, kind)
        self._sections = Matcher(sets)
        for kind, names in sections.items():
            for name in names:
                self._sections.add_words(name.split(), kind)

    @property
    def words(self) -> set[str]:
        return self._matcher.words | self._sections.words

    def read(self, tokens: Sequence[Token]) -> Context:
        """The context of each token of a text."""
        found: dict[str, list[Match]] = {}
        for match in self._matcher.find(tokens):
            found.setdefault(str(match.label), []).append(match)
        shadow = {n for m in found.get("not_negation", ()) for n in range(m.first, m.last + 1)}
        ends = frozenset(m.first for m in found.get("ends", ()))
        clause = frozenset(m.first for m in found.get("clause", ()))
        section = self._section_of(tokens)
        hold = [_of_section(s) for s in section]
        self._tell_others(tokens, found.get("relatives", ()), hold, section)
        negations = [m for m in found.get("negation", ()) if m.first not in shadow]
        for kind in _FORWARD:
            for match in negations if kind == "negation" else found.get(kind, ()):
                _spread(tokens, match, ends, clause, _MEANS[kind], hold)
        for match in _query_marks(tokens):
            _spread(tokens, match, ends, clause, Hold.UNCERTAIN, hold)
        _boxes(tokens, hold)
        _questions(tokens, hold)
        after = {
            m.first: (m.last, _MEANS[kind])
            for kind in _BACKWARD
            for m in sorted(found.get(kind, ()), key=lambda m: m.last)
            if m.first not in shadow
        }
        return Context(
            tokens, hold, after, frozenset(n for m in negations for n in range(m.first, m.last + 1)), section, ends
        )

    def _section_of(self, tokens: Sequence[Token]) -> list[str]:
        """The section of each token: a heading begins a line or a sentence and ends with a colon or with its line."""
        heads: dict[int, tuple[int, str]] = {}
        for match in self._sections.find(tokens):
            if _is_heading(tokens, match):
                old = heads.get(match.first)
                if old is None or match.last > old[0]:
                    heads[match.first] = (match.last, str(match.label))
        out, current, line = [], "", -1
        for n, token in enumerate(tokens):
            if n in heads:
                current, line = heads[n][1], token.line
            elif current in ("family", "allergies") and token.line > line + 1:
                current = ""
            out.append(current)
        return out

    def _tell_others(
        self,
        tokens: Sequence[Token],
        relatives: Sequence[Match],
        hold: list[Hold],
        section: Sequence[str],
    ) -> None:
        """Mark what is said of relatives and friends; the one the text is about is not one of them."""
        subject = subject_of(tokens)
        for match in relatives:
            if subject is not None and tokens[match.first].stem in subject:
                continue
            if not _is_subject(tokens, match, section):
                continue
            place = match.first
            while place < len(tokens) and tokens[place].sentence == tokens[match.first].sentence:
                if place > match.first + _FARTHEST + 4 or (place > match.last + 1 and _turns_back(tokens, place)):
                    break
                hold[place] |= Hold.OTHER
                place += 1


def _turns_back(tokens: Sequence[Token], place: int) -> bool:
    """Whether a sentence about a relative comes back to the person; "he" after "and" or "says" is still the relative."""
    word, before = tokens[place].word, tokens[place - 1].word
    if word in ("he", "she"):
        return before not in ("and", "that", "says", "said", "thinks", "when")
    return word in ("i", "patient", "pt", "my", "me", "but")


#: what is said of a relative: "mother has", "his father, who had", "wife: cramps too"
_OF_THEM = frozenset({
    "has", "had", "have", "having", "gets", "get", "got", "suffers", "suffered", "suffer", "is", "was", "were", "are", "with", "also", "died", "who",
    "takes", "took", "uses", "used", "needed", "developed", "both", "too", "on", "diagnosed", "lost", "does", "did", "can", "could", "whose",
    "always", "never", "once", "swears", ":", "(", "in", "at", "aged", "after", "from", "of", "kept", "ended", "went", "walked", "broke", "'", "-",
})  # fmt: skip
_SAYS = frozenset(
    {
        "say",
        "said",
        "report",
        "think",
        "thought",
        "tell",
        "told",
        "notic",
        "notice",
        "saw",
        "see",
        "complain",
        "describ",
        "type",
        "bring",
        "brought",
        "drive",
        "drove",
        "worri",
        "wake",
        "woke",
        "find",
        "found",
        "call",
        "rang",
        "feel",
        "write",
        "wrote",
        "hear",
        "heard",
        "interpret",
        "translat",
        "help",
    }
)


def _is_subject(tokens: Sequence[Token], match: Match, section: Sequence[str]) -> bool:
    """Whether something is said of the relative: "mother has RLS", "his father had a clot", "wife: cramps too"."""
    if section[match.first] == "family":
        return False  # the section says so already
    n, sentence = match.last + 1, tokens[match.last].sentence
    before = tokens[match.first - 1].word if match.first and tokens[match.first - 1].sentence == sentence else ""
    if before == "your":
        return True  # a letter to the person: what else is told of the relative is not of the reader
    if before in ("by", "from", "for", "per", "at", "via", "to", "and"):
        return False
    ahead = [t for t in tokens[n : n + 3] if t.sentence == sentence]
    if any(t.stem in _SAYS or (t.word.endswith("ing") and k == 1) for k, t in enumerate(ahead[:2])):
        return False
    return any(t.word in _OF_THEM for t in ahead)


#: words that name the person a text is about, where somebody else writes
_KIN = {
    "son": "son", "daughter": "daughter", "child": "child", "boy": "boy", "girl": "girl", "baby": "babi", "toddler": "toddler",
    "mother": "mother", "mum": "mum", "mom": "mom", "mam": "mam", "father": "father", "dad": "dad", "husband": "husband",
    "wife": "wife", "nan": "nan", "gran": "gran", "grandmother": "grandmoth", "grandma": "grandma", "grandad": "grandad",
    "grandfather": "grandfath", "kid": "kid", "partner": "partner", "brother": "brother", "sister": "sister", "uncle": "uncl",
    "aunt": "aunt", "grandson": "grandson", "granddaughter": "granddaught",
}  # fmt: skip
_YOUNG = frozenset({"son", "daughter", "child", "boy", "girl", "babi", "toddler", "kid", "lad", "children"})


def subject_of(tokens: Sequence[Token]) -> frozenset[str] | None:
    """The stems that name the person the text is about, where it tells of "my son", "a girl of 4", "my husband".

    None where the writer, or a patient who is not named by kinship, is that person.
    """
    for n, token in enumerate(tokens[:45]):
        if token.word not in _KIN:
            continue
        before = [t.word for t in tokens[max(n - 6, 0) : n]]
        told = any(w in ("my", "our", "behalf") for w in before)
        child = token.stem in _YOUNG
        first_i = next((k for k, t in enumerate(tokens) if t.word == "i"), 10**6)
        later = [t.word for t in tokens[n + 1 : n + 40]]
        of_him = sum(w in ("he", "she", "his", "her", "him") for w in later)
        if child and n < 12 and any(w in ("my", "our") for w in before):
            return frozenset({token.stem}) | _YOUNG
        if told and (n < first_i or of_him >= 3) and of_him >= (1 if child else 3):
            return frozenset({token.stem}) | (_YOUNG if child else frozenset())
        if child and not told and any(w in ("a", "an", "old", "year", "month") for w in before):
            return _YOUNG
    return None


def _is_heading(tokens: Sequence[Token], match: Match) -> bool:
    first, last = tokens[match.first], tokens[match.last]
    if any(t.corrected for t in tokens[match.first : match.last + 1]):
        return False
    begins = (
        match.first == 0
        or tokens[match.first - 1].line != first.line
        or tokens[match.first - 1].sentence != first.sentence
        or tokens[match.first - 1].word in ("-", "*", "#", ")")
    )
    follows = tokens[match.last + 1] if match.last + 1 < len(tokens) else None
    short = match.last - match.first == 0 and len(first.word) <= 1
    if follows is None or follows.line != last.line:
        return begins and not short and (match.first == 0 or tokens[match.first - 1].line != first.line)
    if follows.word == ":":
        return begins
    return begins and follows.word == "-" and (match.first == 0 or tokens[match.first - 1].line != first.line)


def _of_section(section: str) -> Hold:
    if section == "family":
        return Hold.OTHER
    if section in ("plan", "allergies"):
        return Hold.SUPPOSED
    if section in ("past_resolved", "copied", "past_medicines"):
        return Hold.PAST
    return Hold.PLAIN


def _spread(
    tokens: Sequence[Token], cue: Match, ends: frozenset[int], clause: frozenset[int], means: Hold, hold: list[Hold]
) -> None:
    """Mark the words that a cue reaches: to the end of its clause, over the members of a list."""
    sentence = tokens[cue.last].sentence
    words = 0
    place = cue.last + 1
    while place < len(tokens) and tokens[place].sentence == sentence and words < _FARTHEST:
        token = tokens[place]
        if place in ends and place > cue.last + 1:
            return
        if token.word in (":",) and place > cue.last + 1:
            return
        if token.word in _JOINS:
            if not _still_listing(tokens, place, ends, clause):
                return
            words = min(words, _FARTHEST - _CHUNK)
        hold[place] |= means
        words += token.word[0].isalnum()
        place += 1


def _still_listing(tokens: Sequence[Token], join: int, ends: frozenset[int], clause: frozenset[int]) -> bool:
    """Whether what follows a comma, "and" or "or" is one more member of the list, not a clause of its own."""
    sentence = tokens[join].sentence
    place, words = join + 1, 0
    while place < len(tokens) and tokens[place].sentence == sentence:
        word = tokens[place].word
        if word in _JOINS and words:
            return True
        if place in clause or word in ("no", "not", "without", "normal", "intact"):
            return tokens[join].word in ("or", "nor") and word not in ("i", "he", "she", "it", "they")
        if place in ends:
            return True
        words += word[0].isalnum()
        if words > _CHUNK:
            return False
        place += 1
    return True


def _query_marks(tokens: Sequence[Token]) -> list[Match]:
    """The question mark of clinicians before a word: ?DVT, ? neuropathy."""
    return [
        Match("uncertainty", n, n, False)
        for n, t in enumerate(tokens[:-1])
        if t.word == "?"
        and tokens[n + 1].line == t.line
        and (n == 0 or tokens[n - 1].end < t.start or tokens[n - 1].word in "(,:;-/")
    ]


def _boxes(tokens: Sequence[Token], hold: list[Hold]) -> None:
    """An empty box takes what follows it on its line back; a ticked one stands for yes."""
    for n, token in enumerate(tokens):
        if token.word[0] not in "[☐" or "x" in token.word or "☑" in token.word:
            continue
        for place in range(n + 1, len(tokens)):
            if tokens[place].line != token.line or tokens[place].word[0] in "[☐☑":
                break
            hold[place] |= Hold.SUPPOSED


_ASKING = frozenset(
    {
        "could",
        "can",
        "is",
        "are",
        "do",
        "does",
        "should",
        "would",
        "what",
        "why",
        "how",
        "will",
        "has",
        "have",
        "which",
        "who",
        "may",
        "or",
        "am",
        "did",
        "was",
        "any",
        "shall",
        "might",
    }
)


def _questions(tokens: Sequence[Token], hold: list[Hold]) -> None:
    """A sentence that asks says nothing of what it asks about."""
    begin = 0
    for n in range(1, len(tokens) + 1):
        if n < len(tokens) and tokens[n].sentence == tokens[begin].sentence:
            continue
        asks = tokens[n - 1].word == "?" and n - begin > 2
        if asks:
            opening = next(
                (
                    k
                    for k in range(begin, n)
                    if tokens[k].word in _ASKING
                    and (k == begin or tokens[k - 1].word in (",", "-", "so", "and", "but", "please", ":"))
                ),
                None,
            )
            if opening is not None:
                for k in range(opening, n):
                    hold[k] |= Hold.SUPPOSED
        begin = n
