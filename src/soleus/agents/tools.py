"""The tools: what each takes and gives, and the words that keep an agent from filling in what nobody said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from soleus.agents import telling, vocabulary
from soleus.agents.brief import AssessAnswer, brief
from soleus.agents.vocabulary import EntryOrNames
from soleus.clinical.case import Case, Date, Medicine
from soleus.clinical.reading import MOST_BYTES, case_from
from soleus.errors import CannotAssess, InvalidValue, SoleusError, UnknownName, UnreadableInput, near_names
from soleus.knowledge.schema.core import Setting
from soleus.notes.case import case_of
from soleus.notes.judging import read_note
from soleus.reasoning import answers
from soleus.reasoning.answers import Answer
from soleus.reasoning.assess import assess
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled

_MOST_TEXT = 200  # characters of a name

Told = Annotated[
    dict[str, Any],
    Meta(description="What was told of the person, in the form that the tool assess takes. Leave out the rest."),
]
Name = Annotated[str, Meta(min_length=1, max_length=_MOST_TEXT)]
Wording = Annotated[Audience, Meta(description="Whose words the answer uses.")]
Concise = Literal["concise", "full"]


class _Arguments(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Assess(_Arguments, frozen=True):
    case: Told | None = None
    note: Annotated[str, Meta(description="A text about the person, word for word, instead of a case.")] | None = None
    audience: Wording = "clinician"
    setting: Annotated[Setting, Meta(description="Where the person is seen; overrides the case's.")] | None = None
    as_of: (
        Annotated[Date, Meta(description="The day of the assessment, today as a rule; needed where dates are told.")]
        | None
    ) = None
    detail: Annotated[
        Concise, Meta(description="full adds the assessment at length (tens of kilobytes): ask for it only if needed.")
    ] = "concise"


class NextQuestion(_Arguments, frozen=True):
    case: Told = {}
    skip: Annotated[
        tuple[Name, ...], Meta(max_length=500, description="The skip of every reply so far: ids of questions asked.")
    ] = ()
    audience: Annotated[Audience, Meta(description="Who answers the question.")] = "patient"


class Compare(_Arguments, frozen=True):
    first: Annotated[str, Meta(min_length=1, max_length=_MOST_TEXT, description="An explanation: id, name, synonym.")]
    second: Annotated[str, Meta(min_length=1, max_length=_MOST_TEXT, description="Another one.")]
    most: Annotated[int, Meta(ge=1, le=50, description="How many rows, the most telling first.")] = 10


class Explain(_Arguments, frozen=True):
    case: Told
    explanation: Annotated[Name, Meta(description="Default: the first explanation.")] | None = None
    against: Annotated[Name, Meta(description="Default: the next one.")] | None = None


class Entry(_Arguments, frozen=True):
    name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=_MOST_TEXT,
            description=(
                "An id, name, former name, synonym or code of an explanation, finding, contributor, medicine or rule; "
                "or findings, explanations, contributors or medicines for a list of names."
            ),
        ),
    ]
    matching: Annotated[Name, Meta(description="With a list: words that the names must hold.")] | None = None


class MedicationReview(_Arguments, frozen=True):
    medicines: Annotated[
        tuple[Name | Medicine, ...], Meta(min_length=1, max_length=60, description="What is taken, as it was told.")
    ]
    case: Told = {}
    audience: Wording = "clinician"


class Tool(Struct, frozen=True):
    """``run`` gives the structured answer, ``tell`` the lines of text beside it."""

    name: str
    title: str
    description: str
    takes: type[Struct]
    gives: type[Answer]
    run: Callable[[Any, Compiled], Answer]
    tell: Callable[[Any], str]

    def call(self, arguments: dict[str, Any], compiled: Compiled) -> tuple[Answer, str]:
        """The answer and its text. Raises errors of `soleus.errors`, in words of this interface."""
        try:
            answer = self.run(_read(self.takes, arguments), compiled)
        except SoleusError as error:
            raise _mended(error) from None
        return answer, self.tell(answer)

    def input_schema(self, compiled: Compiled) -> dict[str, Any]:
        schema = _schema(self.takes)
        if self.takes is Assess:
            case = vocabulary.case_schema(compiled)
            schema["$defs"] = schema.get("$defs", {}) | case.pop("$defs")
            schema["properties"]["case"] = case
        return schema

    def output_schema(self) -> dict[str, Any]:
        return _schema(self.gives)


def _schema(kind: type[Struct]) -> dict[str, Any]:
    """The JSON Schema of a Struct with an object at its root."""
    schema: dict[str, Any] = msgspec.json.schema(kind)
    definitions = schema.pop("$defs")
    root: dict[str, Any] = definitions.pop(schema["$ref"].rsplit("/", 1)[-1])
    return root | ({"$defs": definitions} if definitions else {})


def _read(kind: type[Struct], given: dict[str, Any]) -> Struct:
    """The arguments of a tool. Values are not repeated in a message."""
    _check(given)
    fields = msgspec.structs.fields(kind)
    known = [f.name for f in fields]
    for name in given:
        if name not in known:
            raise UnknownName("arguments", f"{name[:60]!r}", f"one of {', '.join(known)}", near_names(name[:60], known))
    for f in fields:
        if f.required and f.name not in given:
            raise InvalidValue("arguments", f"no {f.name}", f"{', '.join(known)}", f"Give {f.name}.")
    try:
        return msgspec.convert(given, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        place = str(error).partition(" - at ")[2].strip("`").removeprefix("$.") or "arguments"
        raise InvalidValue(
            place[:60], "a value of another form", "what the input schema of the tool says", "See its input schema."
        ) from None


def _check(given: dict[str, Any]) -> None:
    """Refuse what is too large, too deep or no text before anything is made of it."""
    try:
        size = len(msgspec.json.encode(given))
    except (RecursionError, UnicodeEncodeError, TypeError):
        raise UnreadableInput("arguments", "what JSON cannot hold", "plain values", "Send text, numbers.") from None
    if size > MOST_BYTES:
        found = f"{size:,} bytes"
        raise UnreadableInput("arguments", found, f"at most {MOST_BYTES:,}", "Hand over one person at a time.")


_HERE = {
    "`soleus show findings` lists the names that are known.": (
        "The tool entry with the name findings and the argument matching lists names."
    ),
    "See `soleus knowledge schema case`.": "See the input schema of the tool assess.",
}


def _mended(error: SoleusError) -> SoleusError:
    """The error with a repair that an agent can carry out."""
    repair = error.repair
    for command, tool in _HERE.items():
        repair = repair.replace(command, tool)
    return type(error)(error.where, error.found, error.expected, repair)


def _assess(a: Assess, compiled: Compiled) -> AssessAnswer:
    if (a.case is None) == (a.note is None):
        found = "both" if a.case is not None else "neither"
        raise InvalidValue("case, note", found, "a case or a note", "Hand over one of them.")
    case = _noted(a, compiled) if a.note is not None else case_from(a.case or {})
    case = msgspec.structs.replace(case, setting=a.setting or case.setting)
    found_ = assess(case, knowledge=compiled, as_of=a.as_of, audience=a.audience)
    read = msgspec.to_builtins(case) if a.note is not None else None
    return brief(found_, full=a.detail == "full", case=read)


def _noted(a: Assess, compiled: Compiled) -> Case:
    reading = read_note(a.note or "", knowledge=compiled)
    if not reading.of_legs:
        raise CannotAssess("note", "no complaint of the legs", "a text that tells of one", "Ask what is felt.")
    return case_of(reading, compiled, as_of=a.as_of)


def _next(a: NextQuestion, compiled: Compiled) -> Answer:
    return answers.next_question(a.case, knowledge=compiled, audience=a.audience, skip=a.skip)


def _compare(a: Compare, compiled: Compiled) -> Answer:
    return answers.compare(a.first, a.second, knowledge=compiled, most=a.most)


def _explain(a: Explain, compiled: Compiled) -> Answer:
    return answers.explain(a.case, explanation=a.explanation, against=a.against, knowledge=compiled)


def _entry(a: Entry, compiled: Compiled) -> Answer:
    return vocabulary.names(compiled, a.name, a.matching)


def _review(a: MedicationReview, compiled: Compiled) -> Answer:
    return answers.medication_review(a.case, medicines=a.medicines, knowledge=compiled, audience=a.audience)


_ONLY_TOLD = (
    "Put in only what the person or the record said. Leave out what was not told; never fill in, never turn silence "
    "into no, none or normal. Where something was asked and is not known, write not_assessed."
)

TOOLS: tuple[Tool, ...] = (
    Tool(
        "assess",
        "Judge a leg complaint",
        "Legs that cramp, hurt, swell or will not keep still: red flags, a ranked differential with 95 % intervals, "
        f"causes, tests, treatment and citations, from a case or from a note. {_ONLY_TOLD} "
        "Hand a text over as note, word for word, rather than turn it into findings yourself; the answer then holds "
        "the case that was read: check it against the text. Tell red flags first, give the intervals, and say that no "
        "clinician has reviewed the content.",
        Assess,
        AssessAnswer,
        _assess,
        telling.assessed,
    ),
    Tool(
        "next_question",
        "What to ask next",
        "The question worth asking next: the screen for red flags, the bedside questions, then by expected loss "
        "avoided. Ask the person; do not answer it yourself. Merge the findings and conditions of the chosen reply "
        "into the case, add its skip to skip, and call again until id is null. After yes to an item of the screen ask "
        f"its details. Every question may stay unanswered: not_assessed. {_ONLY_TOLD}",
        NextQuestion,
        answers.NextQuestionAnswer,
        _next,
        telling.asked,
    ),
    Tool(
        "compare",
        "Compare two explanations",
        "Which findings tell two explanations apart, with both probabilities, weight in decibans, basis and sources. "
        "Rows hang together: do not add them up.",
        Compare,
        answers.ComparisonAnswer,
        _compare,
        telling.compared,
    ),
    Tool(
        "explain",
        "Account for an answer",
        "The chain from a case to the odds of one explanation against another: prior, each finding and contributor "
        f"with its weight, basis and sources; the weights add up. {_ONLY_TOLD}",
        Explain,
        answers.ExplanationAnswer,
        _explain,
        telling.explained,
    ),
    Tool(
        "entry",
        "Look a name up",
        "What the knowledge base says of an explanation, finding, contributor, medicine or rule, with its answers, "
        "codes and sources; or a list of names to choose from.",
        Entry,
        EntryOrNames,
        _entry,
        telling.entered,
    ),
    Tool(
        "medication_review",
        "Review medicines",
        "Whether each medicine may bear on the leg complaint, how sure that is, what to discuss and what not to do. "
        "A name that is not recognised is said to be so; that says nothing about the medicine. Never tell anyone to "
        f"stop a medicine on this answer alone. {_ONLY_TOLD}",
        MedicationReview,
        answers.MedicationAnswer,
        _review,
        telling.reviewed,
    ),
)
BY_NAME = {t.name: t for t in TOOLS}
