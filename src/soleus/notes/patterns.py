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
from dataclasses import dataclass, field

from soleus.errors import KnowledgeError
from soleus.notes.text import Token, stem

_MOST_FORMS = 4_000
_GAPS = {"..": 4, "...": 8}
_PIECE = re.compile(r"\.\.\.|\.\.|<[a-z_]+>|[()|?]|=?[^\s()|<>?]+|[<>]")

#: one step of a pattern: a set of stems, one exact word ("=word"), a gap (a number of words), or a number ("#")
Atom = frozenset[str] | str | int


@dataclass(slots=True)
class _Node:
    stems: dict[str, list[_Node]] = field(default_factory=dict)
    exact: dict[str, list[_Node]] = field(default_factory=dict)
    numbers: list[_Node] = field(default_factory=list)
    gaps: list[tuple[int, _Node]] = field(default_factory=list)
    labels: list[object] = field(default_factory=list)
    joins: dict[tuple[tuple[Atom, ...], ...], _Node] = field(default_factory=dict)

    def join(self, options: tuple[tuple[Atom, ...], ...]) -> _Node:
        """The node at which every one of the options arrives; patterns that begin alike share it."""
        if options not in self.joins:
            end = self.joins[options] = _Node()
            for atoms in options:
                node = self
                for n, atom in enumerate(atoms):
                    after = end if n == len(atoms) - 1 else _Node()
                    node._link(atom, after)
                    node = after
        return self.joins[options]

    def _link(self, atom: Atom, node: _Node) -> None:
        if isinstance(atom, int):
            self.gaps.append((atom, node))
        elif isinstance(atom, frozenset):
            for s in atom:
                self.stems.setdefault(s, []).append(node)
        elif atom == "#":
            self.numbers.append(node)
        else:
            self.exact.setdefault(atom[1:], []).append(node)


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
                node.labels.append(label)

    def add_words(self, words: Sequence[str], label: object, *, exact: bool = False) -> None:
        """A plain name, word for word; ``exact``: in no other form."""
        node = self._root
        for w in words:
            self.words.add(w)
            node = node.join(((f"={w}" if exact else frozenset((stem(w),)),),))
        node.labels.append(label)

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
        out: list[Match] = []
        for first in range(len(text)):
            self._walk(self._root, text, first, first, False, out)
        return out

    def _walk(self, node: _Node, text: Sequence[Token], first: int, at: int, gapped: bool, out: list[Match]) -> None:
        if node.labels:
            out.extend(Match(label, first, at - 1, gapped) for label in node.labels)
        if at >= len(text):
            return
        sentence = text[first].sentence
        token = text[at]
        at_word = at
        if token.word in _PASSED and at > first:  # marks inside a phrase: "pins, needles"; "k + 3.1"
            at_word = at + 1
            if at_word >= len(text):
                return
            token = text[at_word]
        if token.sentence == sentence:
            self._step(node, text, first, at_word, gapped, out)
        for most, after in node.gaps:
            self._leap(after, text, first, at, most, out)

    def _step(self, node: _Node, text: Sequence[Token], first: int, at: int, gapped: bool, out: list[Match]) -> None:
        token = text[at]
        for child in node.stems.get(token.stem, ()):
            self._walk(child, text, first, at + 1, gapped, out)
        if node.exact:
            for child in node.exact.get(token.word, ()):
                self._walk(child, text, first, at + 1, gapped, out)
        if node.numbers and token.word[0].isdigit():
            for child in node.numbers:
                self._walk(child, text, first, at + 1, gapped, out)

    def _leap(self, after: _Node, text: Sequence[Token], first: int, at: int, most: int, out: list[Match]) -> None:
        sentence, words, place = text[first].sentence, 0, at
        while place < len(text) and words <= most and text[place].sentence == sentence:
            self._step(after, text, first, place, place > at, out)
            words += text[place].word[0].isalnum()
            place += 1


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
