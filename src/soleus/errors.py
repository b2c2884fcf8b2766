"""Every error a user can meet, in one tree.

    SoleusError
    ├── InputError            exit 3   what was handed over: a case, a bundle, a file
    │   ├── UnreadableInput            not text, wrong encoding, too large, too deep, not YAML or JSON
    │   ├── UnknownName                a finding, medicine, condition or setting that is not known
    │   ├── InvalidValue               a state, number, date or unit that cannot be
    │   ├── Contradiction              two statements that cannot both hold
    │   └── ChangedMeanwhile           somebody else changed it since it was read
    ├── KnowledgeError        exit 4   the knowledge base breaks one of its own rules
    ├── CannotAssess          exit 5   nothing to assess, or every explanation is impossible
    ├── StorageError          exit 6   what is kept on disk cannot be read or written
    ├── ServiceError          exit 7   another program that was asked did not answer as it should
    ├── AccessError           exit 8   an account is needed, or the account may not do this
    │   ├── NotSignedIn                nobody is signed in, or the session has ended
    │   ├── NotAllowed                 the account lacks the role, is locked, or its licence has ended
    │   └── TooManyAttempts            signing in failed too often; the next try has to wait
    └── UsageError            exit 2   the command was called wrongly

A message says where, what was found, what was expected and how to mend it. It never holds a detail of the
patient beyond the name of the field and the word that could not be read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import ClassVar, Self


class SoleusError(Exception):
    """An error with a place, a finding, an expectation and a repair.

    ``code`` is a stable machine word; ``exit_code`` is what the command line returns.
    """

    code = "error"
    exit_code = 70

    def __init__(self, where: str, found: str, expected: str, repair: str) -> None:
        super().__init__(where, found, expected, repair)
        self.where, self.found, self.expected, self.repair = where, found, expected, repair

    def __str__(self) -> str:
        return f"{self.where}: found {self.found}; expected {self.expected}. {self.repair}"

    def to_dict(self) -> dict[str, str]:
        """The error as the object that ``--format json`` prints on standard error."""
        return {
            "code": self.code,
            "where": self.where,
            "found": self.found,
            "expected": self.expected,
            "repair": self.repair,
        }

    def within(self, name: str) -> Self:
        """The same error with the name of the file before its place."""
        named = self.where == name or self.where.startswith((f"{name}:", f"{name} "))
        return self if named else type(self)(f"{name}: {self.where}", self.found, self.expected, self.repair)

    def without_words(self) -> Self:
        """The same error without what stood in quotation marks: a word of whoever asked."""
        found, expected = (_QUOTED.sub("…", t) for t in (self.found, self.expected))
        told = type(self)(self.where, found, expected, self.repair)
        told.code = self.code
        return told


_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


class UsageError(SoleusError):
    code = "usage"
    exit_code = 2


class InputError(SoleusError):
    code = "input"
    exit_code = 3
    MOST_TOLD: ClassVar[int] = 12

    @classmethod
    def together(cls, faults: Sequence[InputError]) -> InputError:
        """Several faults of one input as one error, each with its place; at `MOST_TOLD` there may be more."""
        shown = faults[: cls.MOST_TOLD]
        full = len(shown) == cls.MOST_TOLD
        return cls(
            f"{'at least ' if full else ''}{len(shown)} places",
            "; ".join(f"{f.where}: {f.found}" for f in shown),
            "; ".join(f"{f.where}: {f.expected}" for f in shown),
            " ".join(f"{f.where}: {f.repair}" for f in shown),
        )


class UnreadableInput(InputError):
    code = "unreadable_input"


class UnknownName(InputError):
    code = "unknown_name"


class InvalidValue(InputError):
    code = "invalid_value"


class Contradiction(InputError):
    code = "contradiction"


class ChangedMeanwhile(InputError):
    code = "changed_meanwhile"


class KnowledgeError(SoleusError):
    code = "knowledge"
    exit_code = 4


class CannotAssess(SoleusError):
    code = "cannot_assess"
    exit_code = 5


class StorageError(SoleusError):
    code = "storage"
    exit_code = 6


class ServiceError(SoleusError):
    code = "service"
    exit_code = 7


class AccessError(SoleusError):
    code = "access"
    exit_code = 8


class NotSignedIn(AccessError):
    code = "not_signed_in"


class NotAllowed(AccessError):
    code = "not_allowed"


class TooManyAttempts(AccessError):
    code = "too_many_attempts"


def near_names(word: str, known: Sequence[str], most: int = 3) -> str:
    """A sentence naming the known words nearest to ``word``, or where to look if none is near."""
    near = get_close_matches(word.lower(), known, n=most, cutoff=0.6)
    return f"Did you mean {', '.join(near)}?" if near else "`soleus show findings` lists the names that are known."
