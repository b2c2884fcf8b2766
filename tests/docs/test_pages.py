"""Generated pages equal what would be generated; links in the documents lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
from typer import Context
from typer.core import TyperGroup as Group
from typer.main import get_command

from soleus.cli.app import app
from soleus.cli.knowledge import app as knowledge
from soleus.knowledge.loader import kinds, shipped
from soleus.knowledge.schema.core import Explanation
from soleus.reasoning.assessment import Assessment, ComplaintAssessment, Tiers


@pytest.fixture(scope="module")
def maker(program: Callable[[str], ModuleType]) -> ModuleType:
    return program("make_docs")


def test_generated_pages_are_up_to_date(maker: ModuleType, root: Path) -> None:
    stale = [path for path, page in maker.PAGES.items() if (root / path).read_text(encoding="utf-8") != page()]
    assert stale == [], "run `make docs`"


def test_every_error_class_stands_on_the_error_page(maker: ModuleType, root: Path) -> None:
    page = (root / "docs/errors.md").read_text(encoding="utf-8")
    assert [kind.__name__ for kind in maker.leaves() if f"## {kind.__name__}\n" not in page] == []


def test_every_kind_of_record_stands_in_the_glossary(root: Path) -> None:
    glossary = (root / "GLOSSARY.md").read_text(encoding="utf-8").lower().replace("-", " ")
    assert [kind for kind in kinds() if f"| {kind.replace('_', ' ')}" not in glossary] == []


def words(root: Path) -> set[str]:
    """The first column of the glossary, without marks; several words of one row apart."""
    rows = re.findall(r"^\| (.+?) \|", (root / "GLOSSARY.md").read_text(encoding="utf-8"), re.MULTILINE)
    plain = [re.sub(r"[`(].*?[`)]|,.*", lambda m: m[0].strip("`") if m[0][0] == "`" else "", row) for row in rows]
    return {row.strip().lower() for row in plain}


def test_every_command_stands_in_the_glossary(root: Path) -> None:
    commands = [c.name or c.callback.__name__ for group in (app, knowledge) for c in group.registered_commands]  # type: ignore[union-attr]
    assert {"assess", "check"} <= set(commands)
    assert set(commands) - words(root) == set()


@pytest.mark.parametrize(
    "structure", [Assessment, ComplaintAssessment, Tiers], ids=["assessment", "complaint", "tiers"]
)
def test_every_list_of_an_assessment_stands_in_the_glossary(root: Path, structure: type) -> None:
    """A reader of the JSON finds the word of each section; plain words of English are left out."""
    plain = {"id", "label", "person", "references", "review_sentence", "stop_reason", "summary"}
    text = (root / "GLOSSARY.md").read_text(encoding="utf-8").lower()
    fields = [f.name for f in msgspec.structs.fields(structure) if f.name not in plain]
    missing = [name for name in fields if not any(form in text for form in forms(name))]
    assert missing == []


def forms(name: str) -> set[str]:
    """A field as it may stand in prose: cases -> case, next_questions -> next question."""
    spaced = name.replace("_", " ")
    return {name, spaced, spaced.removesuffix("s"), spaced.replace(" ", "-")}


def test_the_glossary_is_in_order(root: Path) -> None:
    rows = re.findall(r"^\| (.+?) \|", (root / "GLOSSARY.md").read_text(encoding="utf-8"), re.MULTILINE)[1:]
    plain = [row.replace("`", "").lower() for row in rows if set(row) != {"-"}]
    assert plain == sorted(plain)
    assert len(plain) == len(set(plain))


def test_the_readme_counts_the_explanations_that_there_are(root: Path) -> None:
    told = re.search(r"(\d+) explanations", (root / "README.md").read_text(encoding="utf-8"))
    assert told is not None
    assert int(told[1]) == len(shipped().by_id(Explanation))


def documents(root: Path) -> list[Path]:
    return [*root.glob("*.md"), *root.glob("docs/**/*.md")]


def test_links_within_the_documents_lead_somewhere(root: Path) -> None:
    broken = {
        f"{page.relative_to(root)}: {target}"
        for page in documents(root)
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:", target) and not (page.parent / target).exists()
    }
    assert broken == set()


def test_the_pictures_are_light(root: Path) -> None:
    heavy = {p.name: p.stat().st_size for p in root.glob("docs/images/*") if p.stat().st_size > 300_000}
    assert heavy == {}


def test_each_decision_has_a_number_of_its_own_and_stands_in_the_list(root: Path) -> None:
    pages = sorted(p for p in root.glob("docs/adr/0*.md") if p.stem != "0000-template")
    listed = (root / "docs/adr/README.md").read_text(encoding="utf-8")
    assert [p.stem[:4] for p in pages] == [f"{n:04}" for n in range(1, len(pages) + 1)]
    for page in pages:
        number, title = page.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ").split(": ", 1)
        assert f"| [{number}]({page.name}) | {title} |" in listed


def test_no_tracked_text_names_a_path_of_a_machine(root: Path) -> None:
    places = re.compile(r"(?<![\w.])/(?:work|root|home/\w+|tmp/\w+)/")
    texts = [*documents(root), root / "Makefile", *root.glob("requirements/*.txt"), *root.glob("src/**/*.py")]
    assert [str(p.relative_to(root)) for p in texts if places.search(p.read_text(encoding="utf-8"))] == []


def shown_commands(root: Path) -> set[str]:
    """Every call of soleus in a shell block of a document."""
    texts = [page.read_text(encoding="utf-8") for page in documents(root)]
    blocks = [block for text in texts for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)]
    calls = re.findall(r"^(?:\.venv/bin/)?soleus ([^#\n]+)", "\n".join(blocks), re.MULTILINE)
    return {call.strip() for call in calls}


def test_every_call_in_the_documents_has_the_command_and_its_options(root: Path) -> None:
    calls = shown_commands(root)
    assert len(calls) > 20
    assert [call for call in sorted(calls) if not understood(call)] == []


def understood(call: str) -> bool:
    command = get_command(app)
    words = call.split()
    while words and isinstance(command, Group):
        found = command.get_command(Context(command), words.pop(0))
        if found is None:
            return False
        command = found
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    return all(word in known for word in words if word.startswith("--"))
