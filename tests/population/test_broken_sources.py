"""A wrong, partial, damaged or empty source ends with what is wrong and what to do, whatever is asked of it."""

from __future__ import annotations

import copy
import csv
import gzip
import json
import random
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soleus.cli import main
from soleus.errors import InputError, SoleusError, UnreadableInput, UsageError
from soleus.population.cohorts.circe import cohort_from_circe
from soleus.population.cohorts.cohort import read_cohorts_file
from soleus.population.databases.engine import Engine, open_engine
from soleus.population.databases.quality import quality
from soleus.population.databases.source import open_source, peopled
from soleus.population.results.manifest import Manifest

from .test_cohort_words import circe
from .test_sources import OMOP, write_omop

pytest.importorskip("ibis")
Make = Callable[[Path], Path]
PERSON, PERIOD = OMOP["PERSON"], OMOP["observation_period"]


def tables(**changes: Any) -> Make:
    return lambda folder: write_omop(folder, **changes)


def bytes_of(name: str, content: bytes, rest: bool = True) -> Make:
    """A file with this content, beside the tables of a whole source."""

    def make(folder: Path) -> Path:
        if rest:
            write_omop(folder, PERSON=None)
        (folder / name).write_bytes(content)
        return folder if rest else folder / name

    return make


def database(*statements: str) -> Make:
    def make(folder: Path) -> Path:
        duckdb = pytest.importorskip("duckdb")
        with duckdb.connect(str(folder / "cdm.duckdb")) as con:
            for statement in statements:
                con.execute(statement)
        return folder / "cdm.duckdb"

    return make


def fhir(text: str, name: str = "a.ndjson") -> Make:
    return bytes_of(name, text.encode(), rest=False)


def of_people_alone(folder: Path) -> Path:
    (folder / "person.csv").write_text("person_id,birth_date,sex\n1,1950-01-01,male\n")
    return folder


NOISE = random.Random(1).randbytes(3000)
CONDITION = '{"resourceType": "Condition", "subject": {"reference": "Patient/1"}, "onsetDateTime": "2010-01-01"}'
BROKEN: dict[str, tuple[Make, str]] = {
    "nothing there": (lambda folder: folder / "nowhere", "no such file or folder"),
    "an empty folder": (lambda folder: folder, "nothing that is read"),
    "no people": (tables(PERSON=PERSON[:1]), "no people"),
    "nobody is observed": (tables(observation_period=PERIOD[:1]), "no periods of observation"),
    "no table of people": (tables(PERSON=None), "no person"),
    "other tables": (tables(PERSON=None, observation_period=None), "drug_exposure"),
    "people without a number": (tables(PERSON=[PERSON[0], ["a", 8507, 1950, 3, 9]]), "whole number as person_id"),
    "noise as CSV": (bytes_of("person.csv", NOISE), "person.csv"),
    "nothing as CSV": (bytes_of("person.csv", b""), "first line"),
    "Latin-1": (bytes_of("person.csv", b"person_id,gender_concept_id,year_of_birth\n\xfc,1,1"), "not UTF-8"),
    "uneven lines": (bytes_of("person.csv", b"person_id,gender_concept_id,year_of_birth\n1\n2,3,4,5\n"), "do not fit"),
    "noise as Parquet": (bytes_of("person.parquet", b"PAR1" + NOISE), "person.parquet"),
    "nothing as Parquet": (bytes_of("person.parquet", b""), "person.parquet"),
    "noise as a database": (bytes_of("cdm.duckdb", NOISE, rest=False), "cdm.duckdb"),
    "a database of sales": (database("CREATE TABLE sales (a int)"), "sales"),
    "a view on what is gone": (
        database("CREATE TABLE t (person_id int)", "CREATE VIEW person AS FROM t", "DROP TABLE t",
                 "CREATE TABLE observation_period (person_id int)"),
        "table person",
    ),
    "people in two schemas": (
        database("CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.person (x int); CREATE TABLE b.person (x int)"),
        "a, b",
    ),
    "our shape without periods": (of_people_alone, "no period"),
    "no JSON": (fhir("{{{"), "a.ndjson line 1"),
    "no FHIR": (fhir('{"name": "x"}', "a.json"), "no people"),
    "no resource": (fhir("\n"), "no people"),
    "no patient": (fhir(CONDITION), "no people"),
    "half a gzip": (bytes_of("a.json.gz", gzip.compress(CONDITION.encode())[:40], rest=False), "a.json.gz"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("command", [("init",), ("quality",), ("cohort", "--value-set", "cramp"), ("prevalence",)])
def test_a_broken_source_is_an_error_of_the_input_for_every_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, command: tuple[str, ...]
) -> None:
    make, said = BROKEN[name]
    with pytest.raises(SystemExit) as end:
        main(["population", command[0], str(make(tmp_path)), *command[1:]])
    out, err = capsys.readouterr()
    assert (end.value.code, out) == (3, "")
    assert said in err
    assert err.count("\n") <= 3


def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> Iterator[Path]:
        raise PermissionError

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(UnreadableInput, match="PermissionError"):
        open_source(tmp_path)


@pytest.mark.parametrize(("mark", "quoted"), [(",", True), (";", True), ("\t", False), ("|", True)])
def test_tables_of_text_may_be_parted_by_another_mark(tmp_path: Path, mark: str, quoted: bool) -> None:
    marked(tmp_path, mark, quoted)
    source = open_source(tmp_path)
    assert len(source.engine.rows(source.concept)) == 2


def test_spark_reads_the_same_values_of_tables_of_text(tmp_path: Path, spark: Engine) -> None:
    for name, mark, quoted in (("comma", ",", True), ("tab", "\t", False)):
        folder = tmp_path / name
        folder.mkdir()
        marked(folder, mark, quoted)
        told = [sorted(map(repr, e.rows(open_source(folder, engine=e).concept))) for e in (open_engine(), spark)]
        assert told[0] == told[1]


def marked(folder: Path, mark: str, quoted: bool) -> None:
    """OMOP with a name that holds a quote, and where values are quoted a mark and a new line."""
    name = f'5" tube{mark} long\nand wide' if quoted else '"5 tube'
    head = ["concept_id", "vocabulary_id", "concept_code", "concept_name"]
    concept: list[list[Any]] = [head, [4, "SNOMED", "1", name], [5, "LOINC", "2", ""]]
    whole: dict[str, list[list[Any]]] = OMOP | {"concept": concept}
    for table, content in whole.items():
        with (folder / f"{table}.csv").open("w", newline="") as file:
            if quoted:
                csv.writer(file, delimiter=mark).writerows(content)
            else:
                file.writelines(mark.join(map(str, row)) + "\n" for row in content)


def test_a_schema_that_alone_has_people_is_found(tmp_path: Path) -> None:
    write_omop(tmp_path)
    read = [f"CREATE TABLE cdm.cdm.{n} AS FROM read_csv('{tmp_path / n}.csv', all_varchar=true)" for n in OMOP]
    source = open_source(database("CREATE SCHEMA cdm.cdm", *read)(tmp_path))
    assert len(source.engine.rows(source.person)) == 3


def test_a_supply_without_end_is_cut(tmp_path: Path) -> None:
    head = ["person_id", "drug_concept_id", "drug_exposure_start_date", "days_supply"]
    source = open_source(write_omop(tmp_path, drug_exposure=[head, [1, 5, "2010-01-01", 2_000_000_000]]))
    (row,) = source.engine.rows(source.exposure)
    assert (row["end"] - row["start"]).days == 3650
    assert quality(source).checks


def test_a_database_that_may_only_be_read_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file and its folder may not be written to. Every command answers; without a vocabulary nobody is found."""
    write_omop(tmp_path)
    home = tmp_path / "cdm"
    home.mkdir()
    read = [f"CREATE TABLE {n} AS FROM read_csv('{tmp_path / n}.csv', all_varchar=true)" for n in OMOP]
    path = database(*read)(home)
    path.chmod(stat.S_IRUSR)
    home.chmod(stat.S_IRUSR | stat.S_IXUSR)
    before = path.stat().st_mtime_ns, path.read_bytes()
    for command, code in ((("init",), 0), (("quality",), 0), (("cohort", "--value-set", "cramp"), 3)):
        with pytest.raises(SystemExit) as end:
            main(["population", command[0], str(path), *command[1:]])
        assert (end.value.code or 0) == code
    capsys.readouterr()
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before
    assert list(home.iterdir()) == [path]
    home.chmod(stat.S_IRWXU)


def test_spark_cannot_read_a_database_of_another_kind(tmp_path: Path) -> None:
    path = database("CREATE TABLE person (x int)")(tmp_path)
    with pytest.raises(UsageError, match="spark with"):
        open_source(path, engine="spark")
    with pytest.raises(UsageError, match="postgres"):
        open_source("postgres://me@host/db", engine="spark")


# ----------------------------------------------------------------------------------------------- fuzzing

EDITS = st.lists(st.tuples(st.integers(0, 1 << 30), st.integers(0, 3), st.binary(max_size=20)), min_size=1, max_size=8)
BRIEF = settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))


def edited(whole: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """The bytes with some cut, put in, or written over."""
    out = bytearray(whole)
    for place, how, piece in edits:
        at = place % max(1, len(out))
        out[at : at + (0, len(piece), 3 * len(piece), 1)[how]] = piece
    return bytes(out)


def tried(where: Path) -> None:
    """Read to the end, or refused as input."""
    with suppress(InputError):
        source = peopled(open_source(where))
        quality(source)
        source.engine.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables as CSV, Parquet and a database."""
    duckdb = pytest.importorskip("duckdb")
    folder = write_omop(tmp_path_factory.mktemp("whole"))
    with duckdb.connect(str(folder / "cdm.duckdb")) as con:
        for name in OMOP:
            con.execute(f"CREATE TABLE {name} AS FROM '{folder / name}.csv'")
            con.execute(f"COPY {name} TO '{folder / name}.parquet'")
    return folder


@BRIEF
@given(form=st.sampled_from(["csv", "parquet"]), name=st.sampled_from(sorted(OMOP)), edits=EDITS)
def test_no_damage_to_a_table_is_a_defect(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, form: str, name: str, edits: list[tuple[int, int, bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    for table in OMOP:
        content = (whole / f"{table}.{form}").read_bytes()
        (folder / f"{table}.{form}").write_bytes(edited(content, edits) if table == name else content)
    tried(folder)


@BRIEF
@given(edits=EDITS)
def test_no_damage_to_a_database_is_a_defect(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, int, bytes]]
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "cdm.duckdb"
    path.write_bytes(edited((whole / "cdm.duckdb").read_bytes(), edits))
    tried(path)


@BRIEF
@given(edits=EDITS)
def test_no_damage_to_fhir_is_a_defect(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, int, bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("fhir")
    (folder / "a.ndjson").write_bytes(edited(CONDITION.encode() + b'\n{"resourceType": "Patient", "id": "1"}\n', edits))
    tried(folder)


VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 3, 10**30, 1.5, float("inf"), "", "All", [], {}, [1], {"a": 1}, [{}]]
)


def places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a tree of JSON."""
    yield path
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in inner:
        yield from places(value, (*path, key))


@settings(deadline=None, max_examples=400)
@given(st.data())
def test_no_form_of_circe_json_is_a_defect(data: st.DataObject) -> None:
    tree: Any = copy.deepcopy(circe())
    *path, last = data.draw(st.sampled_from([p for p in places(tree) if p]))
    inner = tree
    for key in path:
        inner = inner[key]
    inner[last] = data.draw(VALUES)
    with suppress(InputError):
        assert cohort_from_circe(json.loads(json.dumps(tree)), "c").entry


@BRIEF
@given(edits=EDITS)
def test_no_text_is_a_defect_as_cohorts_or_manifest(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, int, bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("texts")
    cohorts = b"cohorts:\n- {id: c, name: C, entry: [cramp], first_day: 2010-01-31, require: [{value_set: a}]}\n"
    (folder / "c.yaml").write_bytes(edited(cohorts, edits))
    Manifest(folder, {"seed": 1}).finish("a", {"person": 5})
    (folder / "manifest.json").write_bytes(edited((folder / "manifest.json").read_bytes(), edits))
    with suppress(SoleusError):
        read_cohorts_file(folder / "c.yaml")
    with suppress(SoleusError):
        assert sum(Manifest(folder, {"seed": 1}).rows().values()) >= 0
