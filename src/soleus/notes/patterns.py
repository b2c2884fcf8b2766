"""Patterns of words, compiled into one graph that is walked once along a text.

    word          any form of the word (stems are compared): cramp, cramps, cramping
    =word         this form alone
    (a|b c)       one of several; (a|b)? or word? may be missing
    <set>         one word or phrase of a named set
    ..   ...      up to 4, up to 8 words between, in the same sentence
    #             a number

A pattern must begin with a word or a set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from soleus.errors import KnowledgeError
from soleus.notes.text import Token, stem

_MOST_FORMS = 4_000
_MOST_STEPS = 2_000_000  # words after which the steps remembered are forgotten, so that they do not grow for ever
_GAPS = {"..": 4, "...": 8}
_PIECE = re.compile(r"\.\.\.|\.\.|<[a-z_]+>|[()|?]|=?[^\s()|<>?]+|[<>]")

#: one step of a pattern: a set of stems, one exact word ("=word"), a gap (a number of words), or a number ("#")
Atom = frozenset[str] | str | int


class _Node:
    """A place in the graph; what it has none of is None, because there are very many."""

    __slots__ = ("exact", "gaps", "joins", "labels", "numbers", "stems")

    def __init__(self) -> None:
        self.stems: dict[str, list[_Node]] | None = None
        self.exact: dict[str, list[_Node]] | None = None
        self.numbers: list[_Node] | None = None
        self.gaps: list[tuple[int, _Node]] | None = None
        self.labels: list[object] | None = None
        self.joins: dict[tuple[tuple[Atom, ...], ...], _Node] | None = None

    def join(self, options: tuple[tuple[Atom, ...], ...]) -> _Node:
        """The node at which every one of the options arrives; patterns that begin alike share it."""
        if self.joins is None:
            self.joins = {}
        end = self.joins.get(options)
        if end is None:
            end = self.joins[options] = _Node()
            for atoms in options:
                node = self
                for atom in atoms[:-1]:
                    after = _Node()
                    node._link(atom, after)
                    node = after
                node._link(atoms[-1], end)
        return end

    def label(self, label: object) -> None:
        if self.labels is None:
            self.labels = []
        self.labels.append(label)

    def _link(self, atom: Atom, node: _Node) -> None:
        if isinstance(atom, int):
            self.gaps = [*(self.gaps or ()), (atom, node)]
        elif isinstance(atom, frozenset):
            if self.stems is None:
                self.stems = {}
            for s in atom:
                self.stems.setdefault(s, []).append(node)
        elif atom == "#":
            self.numbers = [*(self.numbers or ()), node]
        else:
            if self.exact is None:
                self.exact = {}
            self.exact.setdefault(atom[1:], []).append(node)


class _Places:
    """All nodes at which a walk may stand at once, with what each next word leads to, found when first needed."""

    __slots__ = ("after", "gaps", "labels", "nodes")

    def __init__(self, nodes: tuple[_Node, ...]) -> None:
        self.nodes = nodes
        self.labels = tuple(label for n in nodes if n.labels for label in n.labels)
        leaps: dict[int, list[_Node]] = {}
        for n in nodes:
            for most, node in n.gaps or ():
                leaps.setdefault(most, []).append(node)
        self.gaps = tuple((most, _Places(tuple(dict.fromkeys(found)))) for most, found in leaps.items())
        self.after: dict[str, _Places | None] = {}

    def step(self, token: Token) -> _Places | None:
        """Where the word of ``token`` leads, or None."""
        try:
            return self.after[token.word]
        except KeyError:
            pass
        found: dict[_Node, None] = {}
        for n in self.nodes:
            if n.stems is not None:
                found.update(dict.fromkeys(n.stems.get(token.stem, ())))
            if n.exact is not None:
                found.update(dict.fromkeys(n.exact.get(token.word, ())))
            if n.numbers is not None and token.word[0].isdigit():
                found.update(dict.fromkeys(n.numbers))
        after = self.after[token.word] = _Places(tuple(found)) if found else None
        return after


@dataclass(frozen=True, slots=True)
class Match:
    """A label found at tokens [first, last]; ``gapped`` where other words stand between its own."""

    label: object
    first: int
    last: int
    gapped: bool


class Matcher:
    """Many patterns in one graph."""

    def __init__(self, sets: Mapping[str, Sequence[str]]) -> None:
        self._root = _Node()
        self._sets = sets
        self._named_sets: dict[str, list[tuple[Atom, ...]]] = {}
        self.words: set[str] = set()  # every word that a pattern uses
        self._begin: _Places | None = None
        self._steps = 0

    def add(self, pattern: str, label: object) -> None:
        """Let ``label`` be found where ``pattern`` stands. Raises `KnowledgeError` for a pattern that cannot be read."""
        ends = [self._root]
        for n, options in enumerate(self._slots(pattern)):
            must = tuple(o for o in options if o)
            if n == 0 and (not must or any(isinstance(o[0], int) for o in must)):
                raise KnowledgeError("wordings", repr(pattern), "a word at the beginning", "Begin it with a word.")
            reached = [node.join(must) for node in ends]
            ends = [*reached, *ends] if len(must) < len(options) else reached
        for node in ends:
            if node is not self._root:
                node.label(label)

    def add_words(self, words: Sequence[str], label: object, *, exact: bool = False) -> None:
        """A plain name, word for word; ``exact``: in no other form."""
        node = self._root
        for w in words:
            self.words.add(w)
            node = node.join(((f"={w}" if exact else frozenset((stem(w),)),),))
        node.label(label)

    def _slots(self, pattern: str) -> list[list[tuple[Atom, ...]]]:
        """The steps of a pattern, each a list of options; an empty option may be passed over."""
        pieces = _PIECE.findall(pattern)
        if "".join(pieces) != re.sub(r"\s+", "", pattern):
            raise KnowledgeError("wordings", repr(pattern), "a pattern", "See soleus.notes.patterns.")
        out, at = [], 0
        while at < len(pieces):
            if pieces[at] == "|" or pieces[at] == ")":
                raise KnowledgeError("wordings", repr(pattern), "brackets in pairs", "Mend the brackets.")
            options, at = self._options(pieces, at, pattern)
            if at < len(pieces) and pieces[at] == "?":
                options, at = [*options, ()], at + 1
            out.append(options)
        return out

    def _alternatives(self, pieces: Sequence[str], at: int, pattern: str) -> tuple[list[tuple[Atom, ...]], int]:
        """The sequences of one group, up to its closing bracket, and where it ends."""
        out: list[tuple[Atom, ...]] = []
        current: list[tuple[Atom, ...]] = [()]
        while at < len(pieces) and pieces[at] != ")":
            if pieces[at] == "|":
                out += current
                current, at = [()], at + 1
                continue
            options, at = self._options(pieces, at, pattern)
            if at < len(pieces) and pieces[at] == "?":
                options, at = [*options, ()], at + 1
            if len(current) * len(options) > _MOST_FORMS:
                raise KnowledgeError("wordings", repr(pattern), f"at most {_MOST_FORMS:,} forms", "Split the pattern.")
            current = [(*head, *tail) for head in current for tail in options]
        return _merged([*out, *current]), at

    def _options(self, pieces: Sequence[str], at: int, pattern: str) -> tuple[list[tuple[Atom, ...]], int]:
        piece = pieces[at]
        if piece == "(":
            found, end = self._alternatives(pieces, at + 1, pattern)
            if end >= len(pieces):
                raise KnowledgeError("wordings", repr(pattern), "brackets in pairs", "Mend the brackets.")
            return found, end + 1
        if piece[0] == "<" and len(piece) > 1:
            if piece[1:-1] not in self._sets:
                raise KnowledgeError("wordings", f"set {piece!r}", "a set of sets.yaml", "Define it there.")
            return self._named(piece[1:-1]), at + 1
        return [self._atoms(piece)], at + 1

    def _named(self, name: str) -> list[tuple[Atom, ...]]:
        if name not in self._named_sets:
            self._named_sets[name] = _merged([self._atoms(phrase) for phrase in self._sets[name]])
        return self._named_sets[name]

    def _atoms(self, phrase: str) -> tuple[Atom, ...]:
        words = phrase.split() if phrase.startswith(("=", "-")) else phrase.replace("-", " ").split()
        return tuple(self._atom(w) for w in words)

    def _atom(self, word: str) -> Atom:
        if word == "#":
            return "#"
        if word in _GAPS:
            return _GAPS[word]
        plain = word.lower().replace("'", "")
        if plain.startswith("="):
            self.words.add(plain[1:])
            return plain
        self.words.add(plain)
        return frozenset((stem(plain),))

    def find(self, text: Sequence[Token]) -> list[Match]:
        """Every pattern that stands anywhere in the text."""
        if self._begin is None or self._steps > _MOST_STEPS:
            self._begin, self._steps = _Places((self._root,)), 0
        self._steps += len(text)
        out: list[Match] = []
        for first in range(len(text)):
            after = self._begin.step(text[first])
            if after is not None:
                self._walk(after, text, first, out)
        return out

    def _walk(self, begin: _Places, text: Sequence[Token], first: int, out: list[Match]) -> None:
        sentence, end = text[first].sentence, len(text)
        found: dict[tuple[int, int], Match] = {}
        seen: set[tuple[int, int, bool]] = set()
        stack = [(begin, first + 1, False)]
        while stack:
            places, at, gapped = stack.pop()
            key = (id(places), at, gapped)
            if key in seen:
                continue
            seen.add(key)
            for label in places.labels:
                known = found.get((id(label), at))
                if known is None or (known.gapped and not gapped):
                    found[(id(label), at)] = Match(label, first, at - 1, gapped)
            if at >= end:
                continue
            here = at + 1 if text[at].word in _PASSED else at  # marks inside a phrase: "pins, needles"
            if here < end and text[here].sentence == sentence:
                after = places.step(text[here])
                if after is not None:
                    stack.append((after, here + 1, gapped))
            for most, leap in places.gaps:
                words, place = 0, at
                while place < end and words <= most and text[place].sentence == sentence:
                    after = leap.step(text[place])
                    if after is not None:
                        stack.append((after, place + 1, gapped or place > at))
                    words += text[place].word[0].isalnum()
                    place += 1
        out.extend(found.values())


_PASSED = frozenset({"-", "/", "'", '"', ",", "*", "&"})


def _merged(forms: Iterable[tuple[Atom, ...]]) -> list[tuple[Atom, ...]]:
    """The same forms with those of a single word made one step."""
    single: set[str] = set()
    longer: dict[tuple[Atom, ...], None] = {}
    for form in forms:
        if len(form) == 1 and isinstance(form[0], frozenset):
            single |= form[0]
        else:
            longer[form] = None
    return [*([(frozenset(single),)] if single else []), *longer]
