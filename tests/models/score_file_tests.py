"""Scoring whole files: the numbers and the words of the API, on one core, on several, on a cluster.

What the API answers is what a file gets; most runs are `main` in this process.
"""

import csv
import errno
import io
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import hypothesis
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from app import settings
from app.app import create_app
from app.bulk import parts, table_file
from app.bulk.checked_rows import Reading
from app.bulk.parts import Part, put_down
from app.bulk.row_ends import cut_rows
from app.bulk.scoring import Output, make_tasks
from app.bulk.table_file import CsvBlock
from app.helpers.payloads import format_field
from app.models import score_file, train_model
from app.models.estimators import build_classifier
from app.models.score_file import main
from app.models.train_model import train
from app.settings import Settings
from tests.support.cluster import dask_cluster
from tests.support.configs import make_config
from tests.support.paths import ROOT

Run = Callable[..., Result]
HEADER = "id,x,on,color\n"
BLOCKS = 300  # bytes: a file of some rows is many blocks
quickly = hypothesis.settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of v0, of a number, a boolean and a category with gaps, and v1, of three classes."""
    root = tmp_path_factory.mktemp("mixed")
    lines = ["x,on,color,target"]
    for i in range(80):
        x = "" if i % 9 == 0 else i % 13 - 6 + i / 7
        on = ("true", "false", "")[i % 3]
        color = ("red", "green", "dark blue", "é", "")[i % 5]
        lines.append(f"{x},{on},{color},{int(i % 13 > 6)}")
    (root / "mixed.csv").write_text("\n".join(lines) + "\n")
    config = make_config(root)
    train(str(root / "mixed.csv"), "v0", config=config)
    iris = ["a,b,target", *(f"{i % 7},{i % 5 - i % 3},{'uvw'[i % 3]}" for i in range(60))]
    (root / "iris.csv").write_text("\n".join(iris) + "\n")
    train(str(root / "iris.csv"), "v1", config=config)
    return config


@pytest.fixture
def api(mixed: Settings) -> FlaskClient:
    """A client of the API with the same models."""
    return create_app(mixed).test_client()


@pytest.fixture
def run(mixed: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line in this process: run(input, output, *options) scores with v0."""
    monkeypatch.setattr(settings, "current", mixed)
    monkeypatch.setattr(table_file, "BLOCK_SIZE", BLOCKS)
    monkeypatch.setattr(table_file, "PIECE_SIZE", BLOCKS // 2)
    monkeypatch.setattr(score_file, "TASK_SIZE", 2 * BLOCKS)

    def run(source: Any, target: Any, *options: str, version: str = "v0", **rest: Any) -> Result:
        arguments = [str(source), str(target), version, *options]
        return CliRunner().invoke(main, arguments, catch_exceptions=False, **rest)

    return run


def write(path: Path, text: str) -> Path:
    """Write a text as it is."""
    path.write_bytes(text.encode())
    return path


def some_rows(count: int) -> str:
    """Return a CSV with a header, of so many valid rows."""
    colors = ("red", "green", "dark blue", "é", "")
    lines = [
        f"row {i},{i / 8 - 3 if i % 4 else ''},{('true', 'False', '')[i % 3]},{colors[i % 5]}\n"
        for i in range(count)
    ]
    return HEADER + "".join(lines)


def ask(api: FlaskClient, text: str | bytes, version: str = "v0") -> Any:
    """Return the API's answer to a CSV."""
    return api.post(f"/{version}/predict", data=text, content_type="text/csv")


# The numbers


def test_a_file_gets_what_the_api_answers_to_its_csv(
    run: Run, api: FlaskClient, tmp_path: Path
) -> None:
    """Byte for byte, though it is cut into blocks."""
    result = run(write(tmp_path / "in.csv", some_rows(200)), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == ask(api, some_rows(200)).data
    assert (result.stdout, result.exit_code) == ("", 0)
    assert result.stderr.startswith("Scored 200 rows in ")
    assert sorted(os.listdir(tmp_path)) == ["in.csv", "out.csv"]


@pytest.mark.parametrize("version", ["v0", "v1"])
def test_an_explanation_is_what_the_api_answers_to_json(
    run: Run, api: FlaskClient, tmp_path: Path, version: str
) -> None:
    """Number for number; the columns are called as pandas flattens the API's answers."""
    if version == "v0":
        text = some_rows(40)
        frame = pd.read_csv(io.StringIO(text), keep_default_na=False)
        rows = [
            {
                "id": row["id"],
                "x": float(row["x"]) if row["x"] else None,
                "on": {"true": True, "False": False, "": None}[row["on"]],
                "color": row["color"] or None,
            }
            for row in frame.to_dict("records")
        ]
    else:
        rows = [{"id": str(i), "a": i % 7, "b": 1.5 - i} for i in range(20)]
        text = pd.DataFrame(rows).to_csv(index=False)
    result = run(
        write(tmp_path / "in.csv", text), tmp_path / "out.csv", "--explain", version=version
    )
    assert result.exit_code == 0
    answers = api.post(f"/{version}/predict?explain=true", json=rows).json
    expected = pd.json_normalize(answers).rename(columns=lambda n: n.removeprefix("prediction."))
    # The CSV has no column order in common with JSON.
    actual = pd.read_csv(tmp_path / "out.csv", dtype={"id": str})
    pd.testing.assert_frame_equal(actual, expected[actual.columns], check_exact=True)


SPELLINGS = [
    *("", "1", "-0", "+1", " 1", "1 ", "\t1", "1e5", "1E5", ".5", "5.", "007", "1_000", "0x10"),
    *("1e400", "-1e400", "1e-400", "1e15", "1.0000000000000001e15", "1e16", "NaN", "nan", "inf"),
    *("-inf", "Infinity", "infinity", "null", "NULL", "N/A", "None", "1,5", '"1"', '"1', '1"'),
    *("true", "True", "TRUE", "tRue", "false", "0", "T", "yes", "1f", "1d5", "--1", "1e", "١", "é"),
    *("red", "Red", "red ", "dark blue", "green", '"red"', "#N/A", "1.7976931348623159e308"),
    *("9007199254740993", "123456789012345678901234567890", "0.1e1e1", "\x00", "\ufeff", "a" * 300),
]
numbers = st.one_of(
    st.floats().map(repr),
    st.integers().map(str),
    st.text(st.sampled_from("0123456789.eE+-"), max_size=6),
    st.text(st.sampled_from('0123456789.eE+-_ \t"aNnifr'), max_size=6),
)
fields = st.one_of(st.sampled_from(SPELLINGS), st.text(max_size=3), numbers)
table_rows = st.tuples(
    st.sampled_from(["a", "b c", "7"]) | fields,
    st.sampled_from(["", "1.5"]) | numbers | fields,
    st.sampled_from(["", "true", "FALSE"]) | fields,
    st.sampled_from(["", "red", "dark blue"]) | fields,
)


@quickly
@given(
    st.lists(table_rows, min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["", "\n", "\n\n"]),
)
def test_any_spelling_is_taken_or_refused_as_by_the_api(
    run: Run, api: FlaskClient, tmp_path: Path, rows: Any, line_end: str, end: str
) -> None:
    """What pyarrow reads is more than the API does, and less; nobody shall notice."""
    text = line_end.join([HEADER.strip(), *map(",".join, rows)]) + end
    path, out = write(tmp_path / "in.csv", text), tmp_path / "out.csv"
    out.unlink(missing_ok=True)
    result, answer = run(path, out), ask(api, text)
    assert result.exit_code == (0 if answer.status_code == 200 else 2), (result.stderr, answer.data)
    if answer.status_code == 200:
        assert out.read_bytes() == answer.data
        return
    assert not out.exists()
    if "errors" in answer.json:
        first = answer.json["errors"][0]
        assert result.stderr == f"Error: {str(path)!r}, row {first['row'] + 2}: " + (
            f"{' '.join(first['message'].split())}.\n"
        )
        run(path, out, "--invalid", "skip")
        with open(f"{out}.invalid.csv", newline="", encoding="utf-8") as file:
            reasons = [(int(row["row"]), row["reason"]) for row in csv.DictReader(file)]
        assert reasons == [(e["row"] + 2, e["message"]) for e in answer.json["errors"]]


@quickly
@given(
    st.lists(
        st.lists(st.text(st.sampled_from('a,"\r\n é'), max_size=4), min_size=2, max_size=3),
        max_size=12,
    ),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.integers(1, 40),
)
def test_blocks_end_where_rows_do(table: list[list[str]], line_end: str, size: int) -> None:
    """Whatever is in quotes, and however small the blocks: the csv module finds the same rows."""
    data = "".join(",".join(map(format_field, row)) + line_end for row in table).encode()
    pieces = [bytes(piece) for piece in cut_rows(io.BytesIO(data), size)]
    assert b"".join(pieces) == data
    read = [list(csv.reader(io.StringIO(p.decode(), newline=""), strict=True)) for p in pieces]
    assert list(itertools.chain(*read)) == table


def test_a_blank_row_is_no_row_at_the_end_and_invalid_before(run: Run, tmp_path: Path) -> None:
    """Also where a block ends."""
    rows = some_rows(60)
    good = write(tmp_path / "in.csv", rows + "\n" * 500)
    assert run(good, tmp_path / "out.csv").exit_code == 0
    bad = write(tmp_path / "in.csv", rows + "\n" * 500 + rows.partition("\n")[2])
    assert run(bad, tmp_path / "out.csv").stderr == (
        f"Error: {str(bad)!r}, row 62: It has 0 fields, the header has 4.\n"
    )


def test_a_model_that_is_not_linear_scores_files_too(
    run: Run, mixed: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The estimator is asked, as by the API; it has no exact contributions to write."""

    def build_tree(features: Any, **options: Any) -> Any:
        linear = build_classifier(features)
        return make_pipeline(linear[0], DecisionTreeClassifier(max_depth=3, random_state=1))

    monkeypatch.setattr(train_model, "build_classifier", build_tree)
    train(str(Path(mixed.models_root).parent / "mixed.csv"), "v2", config=mixed)
    api = create_app(mixed).test_client()
    path, out = write(tmp_path / "in.csv", some_rows(60)), tmp_path / "out.csv"
    assert run(path, out, version="v2").exit_code == 0
    assert out.read_bytes() == ask(api, some_rows(60), "v2").data
    refused = run(path, out, "--explain", version="v2")
    assert (refused.stderr, refused.exit_code) == (
        "Error: Trained model version 'v2' cannot explain its predictions: it is not a linear"
        " model.\n",
        2,
    )


# What comes out beside the numbers


def test_columns_are_kept_as_they_were_written(run: Run, tmp_path: Path) -> None:
    """In any order, unknown ones and quoted ones too; left out unless asked for."""
    text = 'color,note,x,id,on\nred,"a ""b"", c",+1.50,7,TRUE\n,,,8,\n'
    path = write(tmp_path / "in.csv", text)
    assert run(path, tmp_path / "out.csv", "--keep").exit_code == 0
    kept = (tmp_path / "out.csv").read_text()
    assert run(path, tmp_path / "out.csv").exit_code == 0
    plain = (tmp_path / "out.csv").read_text()
    (_, one), (_, two) = (line.split(",") for line in plain.splitlines()[1:])
    assert kept == (
        f'id,prediction,color,note,x,on\n7,{one},red,"a ""b"", c",+1.50,TRUE\n8,{two},,,,\n'
    )


def test_invalid_rows_are_set_aside_with_their_reasons(run: Run, tmp_path: Path) -> None:
    """By the rows of the file, however many blocks precede them; both kinds are counted."""
    lines = some_rows(100).splitlines()
    lines[50] = "b,high,maybe,red"
    lines[90] = "c,1"
    path, out = write(tmp_path / "in.csv", "\n".join(lines)), tmp_path / "out.csv"
    stopped = run(path, out)
    assert (stopped.stderr, stopped.exit_code) == (
        f"Error: {str(path)!r}, row 51: Invalid values: 'x' must be a number or null,"
        " 'on' must be a boolean or null.\n",
        2,
    )
    assert os.listdir(tmp_path) == ["in.csv"]
    skipped = run(path, out, "--invalid", "skip")
    assert skipped.exit_code == 0
    assert skipped.stderr.startswith("Scored 98 rows in ")
    assert skipped.stderr.endswith("\nSet aside 2 invalid rows.\n")
    assert Path(f"{out}.invalid.csv").read_text() == (
        "row,reason,id,x,on,color\n"
        "51,\"Invalid values: 'x' must be a number or null, 'on' must be a boolean or null\","
        "b,high,maybe,red\n"
        '91,"It has 2 fields, the header has 4",c,1\n'
    )
    assert len(out.read_text().splitlines()) == 99


def test_ids_may_be_in_another_column(run: Run, tmp_path: Path) -> None:
    """The output calls it id, as everywhere."""
    path = write(tmp_path / "in.csv", "x,on,color,customer\n1,true,red,c 1\n")
    assert run(path, tmp_path / "out.csv", "--id", "customer").exit_code == 0
    assert (tmp_path / "out.csv").read_text().startswith("id,prediction\nc 1,0.")


def test_a_table_without_rows_has_an_output_without_rows(run: Run, tmp_path: Path) -> None:
    """And with its header."""
    for end in ("", "\n", "\n\n"):
        path = write(tmp_path / "in.csv", HEADER.strip() + end)
        assert run(path, tmp_path / "out.csv").exit_code == 0
        assert (tmp_path / "out.csv").read_text() == "id,prediction\n"
        assert run(path, tmp_path / "out.parquet", "--explain").exit_code == 0
        assert pq.read_table(tmp_path / "out.parquet").num_rows == 0


def test_stdin_goes_to_stdout(run: Run, api: FlaskClient) -> None:
    """As CSV; what is said goes to stderr."""
    text = "\ufeff" + some_rows(50)
    result = run("-", "-", input=text.encode())
    assert result.stdout_bytes == ask(api, text.encode()).data
    refused = run("-", "-", input=(HEADER + "a,b,,\n").encode())
    assert refused.stderr == (
        "Error: stdin, row 2: Invalid values: 'x' must be a number or null.\n"
    )


# Parquet


def typed_table(count: int) -> pa.Table:
    """Return the rows of `some_rows` with types."""
    frame = pd.read_csv(io.StringIO(some_rows(count)), dtype={"on": str}, keep_default_na=False)
    return pa.table(
        {
            "id": frame["id"].tolist(),
            "x": [float(x) if x else None for x in frame["x"]],
            "on": [{"true": True, "False": False}.get(on) for on in frame["on"]],
            "color": [color or None for color in frame["color"]],
        }
    )


def test_parquet_gets_the_numbers_that_csv_gets(run: Run, api: FlaskClient, tmp_path: Path) -> None:
    """In all four ways from one to the other."""
    expected = ask(api, some_rows(100)).data
    write(tmp_path / "in.csv", some_rows(100))
    pq.write_table(typed_table(100), tmp_path / "in.parquet", row_group_size=30)
    assert run(tmp_path / "in.parquet", tmp_path / "out.csv").exit_code == 0
    assert (tmp_path / "out.csv").read_bytes() == expected
    for source in ("in.csv", "in.parquet"):
        assert run(tmp_path / source, tmp_path / "out.parquet").exit_code == 0
        scored = pd.read_parquet(tmp_path / "out.parquet")
        assert scored.to_csv(index=False).encode() == expected


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("x", pa.array([1, 0], pa.int8())),
        ("x", pa.array([1, 0], pa.uint64())),
        ("x", pa.array([1, 0], pa.float32())),
        ("x", pa.array([Decimal("1.00"), Decimal("0.00")])),
        ("color", pa.array(["red", None]).dictionary_encode()),
        ("color", pa.array(["red", None], pa.large_string())),
        ("on", pa.array([None, None], pa.null())),
        ("id", pa.array([2**53 - 1, -3])),
        ("id", pa.array(["a", "b"]).dictionary_encode()),
    ],
    ids=str,
)
def test_any_type_that_can_hold_a_value_is_taken(
    run: Run, tmp_path: Path, column: str, values: pa.Array
) -> None:
    """The id keeps its own; a row of each is scored as its CSV is."""
    row = {"id": ["a", "b"], "x": [1.0, 0.0], "on": [None, None], "color": ["red", None]}
    table = pa.table({**row, column: values})
    pq.write_table(table, tmp_path / "in.parquet")
    assert run(tmp_path / "in.parquet", tmp_path / "out.parquet", "--keep").exit_code == 0
    scored = pq.read_table(tmp_path / "out.parquet")
    assert scored["id"].to_pylist() == table["id"].to_pylist()
    assert scored[column].to_pylist() == table[column].to_pylist()
    write(tmp_path / "in.csv", HEADER + "a,1,,red\nb,0,,\n")
    assert run(tmp_path / "in.csv", tmp_path / "out.csv").exit_code == 0
    expected = pd.read_csv(tmp_path / "out.csv")["prediction"].tolist()
    assert scored["prediction"].to_pylist() == expected


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("x", pa.array([1.0, float("nan")]), "'x' must be a number or null"),
        ("x", pa.array([1.0, float("inf")]), "'x' must be between -1e+15 and 1e+15"),
        ("x", pa.array([1, 2**60 + 1]), "'x' must be between -1e+15 and 1e+15"),
        ("color", pa.array(["red", "pink"]), None),
        ("id", pa.array(["a", None]), None),
        ("id", pa.array([1, 2**53]), None),
        ("id", pa.array(["a", "b" * 257]), None),
    ],
    ids=str,
)
def test_what_json_refuses_is_refused_in_parquet(
    run: Run, api: FlaskClient, tmp_path: Path, column: str, values: pa.Array, message: str | None
) -> None:
    """In the same words; JSON itself has neither NaN nor Infinity."""
    table = typed_table(3).slice(1).set_column(0, "id", pa.array(["a", "b"]))
    table = table.set_column(table.column_names.index(column), column, values)
    pq.write_table(table, tmp_path / "in.parquet")
    if message is None:
        errors = api.post("/v0/predict", json=table.to_pylist()).json["errors"]
        message = errors[0]["message"].removeprefix("Invalid values: ")
    result = run(tmp_path / "in.parquet", tmp_path / "out.csv")
    path = str(tmp_path / "in.parquet")
    assert result.stderr == f"Error: {path!r}, row 2: Invalid values: {message}.\n"
    assert result.exit_code == 2
    skipped = run(tmp_path / "in.parquet", tmp_path / "out.csv", "--invalid", "skip")
    assert skipped.stderr.endswith("\nSet aside 1 invalid rows.\n")
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 2


# What is refused


def test_refuses_in_one_line_what_it_cannot_score(run: Run, tmp_path: Path) -> None:
    """With exit status 2, and nothing written."""
    good = write(tmp_path / "in.csv", some_rows(3))
    out = tmp_path / "out.csv"
    pq.write_table(pa.table({"id": ["a"], "x": ["1"], "on": [1], "color": [1]}), tmp_path / "t.pq")
    pq.write_table(typed_table(2), tmp_path / "cut.parquet")
    with open(tmp_path / "cut.parquet", "r+b") as file:
        file.truncate(100)
    write(tmp_path / "short.csv", "id,x\n1,2\n")
    write(tmp_path / "empty.csv", "")
    write(tmp_path / "prediction.csv", "id,x,on,color,prediction\n1,2,,,3\n")
    write(tmp_path / "latin.csv", HEADER + "a,1,,red\n")
    (tmp_path / "latin.csv").write_bytes(HEADER.encode() + b"a,1,,red\nb,1,,\xe9\n")
    write(tmp_path / "quote.csv", HEADER + 'a,1,,red\nb,1,,"red\n')
    here = f"{tmp_path}/"
    refusals: list[tuple[list[str], str]] = [
        ([f"{here}no.csv", f"{out}"], f"'{here}no.csv' cannot be read: No such file or directory."),
        ([f"{here}in.txt", f"{out}"], f"'{here}in.txt' must be called .csv or .parquet."),
        ([f"{good}", f"{here}out.json"], f"'{here}out.json' must be called .csv or .parquet."),
        ([f"{good}", f"{good}"], f"'{good}' cannot be both the input and the output."),
        ([f"{here}*.tsv", here], f"There is no .csv or .parquet file in '{here}*.tsv'."),
        ([here, "-"], "'-' is no directory; several files need one."),
        ([here, f"{good}"], f"'{good}' is no directory; several files need one."),
        ([here, here], f"'{here}cut.parquet' cannot be both the input and the output."),
        ([f"{here}empty.csv", f"{out}"], f"'{here}empty.csv' has no header."),
        (
            [f"{here}short.csv", f"{out}"],
            f"'{here}short.csv': There is no column 'on', 'color'; there are 'id', 'x'.",
        ),
        (
            [f"{here}t.pq", f"{out}"],
            f"'{here}t.pq': Column 'x' is string; it must be a number.",
        ),
        (
            [f"{here}prediction.csv", f"{out}", "--keep"],
            f"'{here}prediction.csv': The output would have two columns 'prediction'; leave --keep"
            " out, or rename it.",
        ),
        ([f"{here}latin.csv", f"{out}"], f"'{here}latin.csv', row 3: It is not UTF-8."),
        (
            [f"{here}quote.csv", f"{out}"],
            f"'{here}quote.csv', row 3: It is not valid CSV: unexpected end of data.",
        ),
        (
            ["-", "-", "--invalid", "skip"],
            "Invalid rows go to a file beside the output; name a file for it.",
        ),
    ]
    before = sorted(os.listdir(tmp_path))
    for arguments, message in refusals:
        result = run(*arguments)
        assert (result.stderr, result.exit_code) == (f"Error: {message}\n", 2), arguments
    cut = run(tmp_path / "cut.parquet", out)
    assert cut.stderr.startswith(f"Error: '{here}cut.parquet' cannot be read: ")
    assert (cut.stderr.count("\n"), cut.exit_code) == (1, 2)
    assert sorted(os.listdir(tmp_path)) == before


def test_refuses_a_model_that_the_server_would_refuse(
    run: Run, mixed: Settings, tmp_path: Path
) -> None:
    """Unknown, not signed as this version, or no version at all."""
    good = write(tmp_path / "in.csv", some_rows(3))
    models = Path(mixed.models_root)
    (models / "trained-model-v7.p").write_bytes((models / "trained-model-v0.p").read_bytes())
    for version, message in [
        ("v9", "Trained model version 'v9' was not found."),
        (
            "v7",
            "Trained model version 'v7' cannot be used: it was not signed as v7 with a key of"
            " ours.",
        ),
        ("latest", "'latest' is not a valid version id; valid are v0, v1, v2 and so on."),
    ]:
        result = run(good, tmp_path / "out.csv", version=version)
        assert (result.stderr, result.exit_code) == (f"Error: {message}\n", 2)
    (models / "trained-model-v7.p").unlink()


def test_a_full_disk_leaves_nothing_but_a_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older output stays as it was."""
    path, out = write(tmp_path / "in.csv", some_rows(3)), write(tmp_path / "out.csv", "older")

    def fsync(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    result = run(path, out)
    assert (result.stderr, result.exit_code) == (
        f"Error: '{out}' cannot be written: No space left on device.\n",
        1,
    )
    assert (sorted(os.listdir(tmp_path)), out.read_text()) == (["in.csv", "out.csv"], "older")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_run_leaves_nothing_but_a_line(
    mixed: Settings, tmp_path: Path, number: signal.Signals
) -> None:
    """In the middle of stdin."""
    with as_process(mixed, "-", str(tmp_path / "out.csv"), "v0") as process:
        assert process.stdin is not None
        # More than the pipe and its readers hold: once it is written, the run has begun.
        process.stdin.write(some_rows(400_000).encode())
        process.send_signal(number)
        _, said = process.communicate()
    assert said.decode() == "Interrupted; a file that was not complete is not there.\n"
    assert (process.returncode, os.listdir(tmp_path)) == (130, [])


@contextmanager
def as_process(config: Settings, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the command in a process of its own."""
    names = ("models_root", "model_signing_key")
    # In the background of a shell SIGINT is ignored, here and by whatever is started from here.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.models.score_file", *arguments],
            cwd=ROOT,
            env=os.environ | {name.upper(): getattr(config, name) for name in names},
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        yield process


def test_says_what_to_install_where_pyarrow_is_missing() -> None:
    """In one line; the server does without."""
    program = (
        "import sys, runpy; sys.modules['pyarrow'] = None;"
        "runpy.run_module('app.models.score_file', run_name='__main__')"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True)
    assert result.stderr.decode() == (
        "Error: Scoring files needs pyarrow; install it with: pip install pyarrow\n"
    )
    assert result.returncode == 1


# Several files, several cores, several machines


def make_files(directory: Path, count: int) -> None:
    """Make so many files, one of them Parquet, each of other rows."""
    directory.mkdir()
    for i in range(count):
        lines = some_rows(40 + i).splitlines(keepends=True)
        write(directory / f"{i:02}.csv", "".join([lines[0], *lines[1 + i :]]))
    pq.write_table(typed_table(50), directory / "z.parquet", row_group_size=20)


def contents(directory: Path) -> dict[str, bytes]:
    """Return the files of a directory by name."""
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_a_directory_or_a_pattern_goes_into_a_directory(run: Run, tmp_path: Path) -> None:
    """A file for each, under its name; what is no table is left alone."""
    make_files(tmp_path / "in", 3)
    write(tmp_path / "in/readme.txt", "no table")
    assert run(tmp_path / "in", tmp_path / "all").exit_code == 0
    assert sorted(os.listdir(tmp_path / "all")) == ["00.csv", "01.csv", "02.csv", "z.parquet"]
    for name in ("01.csv", "z.parquet"):
        assert run(tmp_path / "in" / name, tmp_path / f"alone-{name}").exit_code == 0
        assert contents(tmp_path / "all")[name] == (tmp_path / f"alone-{name}").read_bytes()
    assert run(f"{tmp_path}/in/0[12].csv", tmp_path / "some").exit_code == 0
    assert sorted(os.listdir(tmp_path / "some")) == ["01.csv", "02.csv"]


def test_workers_give_what_one_process_gives(run: Run, tmp_path: Path) -> None:
    """In the same order, and the same row is the first that is invalid."""
    make_files(tmp_path / "in", 3)
    assert run(tmp_path / "in", tmp_path / "one").exit_code == 0
    assert run(tmp_path / "in", tmp_path / "two", "--workers", "2").exit_code == 0
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_part_is_put_down_where_that_can_be_done(tmp_path: Path) -> None:
    """Else it is sent: a worker on another machine may not have the output's directory."""
    part = put_down(b"a,0.5\n", str(tmp_path))
    assert isinstance(part, Part)
    output = io.BytesIO(b"id,prediction\n")
    output.seek(0, io.SEEK_END)
    part.move_to(output)
    assert output.getvalue() == b"id,prediction\na,0.5\n"
    assert not list(tmp_path.iterdir())
    assert put_down(b"a,0.5\n", str(tmp_path / "elsewhere")) == b"a,0.5\n"


def test_no_half_of_a_part_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk, where it would take what the output itself needs."""

    def open_on_a_full_disk(path: str, mode: str) -> Any:
        Path(path).write_bytes(b"a,")
        return io.open("/dev/full", "wb")  # noqa: UP020 - `open` is this function

    monkeypatch.setattr(parts, "open", open_on_a_full_disk, raising=False)
    assert put_down(b"a,0.5\n", str(tmp_path)) == b"a,0.5\n"
    assert not list(tmp_path.iterdir())


@given(st.lists(st.integers(0, 50), max_size=20), st.booleans(), st.integers(1, 100))
def test_a_cluster_gets_blocks_in_tasks_of_some_size(
    sizes: list[int], are_put_down: bool, size: int
) -> None:
    """All of them in order, the small together; each alone where its rows are sent."""
    output = Output("csv", Reading(("id",), "id"), parts="there" if are_put_down else None)
    blocks = [(output, CsvBlock("in.csv", i, own)) for i, own in enumerate(sizes)]
    tasks = [task for (task,) in make_tasks(iter(blocks), size)]
    assert list(itertools.chain(*tasks)) == blocks
    if are_put_down:
        assert all(sum(block.size for _, block in task[:-1]) < size for task in tasks)
        assert all(sum(block.size for _, block in task) >= size for task in tasks[:-1])
    else:
        assert all(len(task) == 1 for task in tasks)


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_gives_what_one_process_gives(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Dask scheduler and two workers, one of which is killed in the middle."""
    make_files(tmp_path / "in", 12)
    assert run(tmp_path / "in", tmp_path / "one").exit_code == 0
    with dask_cluster(workers=2) as (address, workers):

        @contextmanager
        def killing_progress(size: int) -> Iterator[Callable[[int, int], None]]:
            done = []

            def report(size: int, n_rows: int) -> None:
                done.append(n_rows)
                if len(done) == 5:
                    workers[0].kill()

            yield report
            assert len(done) > 20

        monkeypatch.setattr(score_file, "scoring_progress", killing_progress)
        result = run(tmp_path / "in", tmp_path / "two", "--scheduler", address)
        assert (result.stderr[:7], result.exit_code) == ("Scored ", 0)
        assert workers[0].wait() == -signal.SIGKILL
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_says_in_a_line_that_there_is_no_cluster(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither there nor anywhere."""
    monkeypatch.setattr("app.utils.parallel.CONNECT_SECONDS", 0.1)
    path = write(tmp_path / "in.csv", some_rows(3))
    for address in ("tcp://127.0.0.1:1", "nonsense"):
        result = run(path, tmp_path / "out.csv", "--scheduler", address)
        assert (result.stderr, result.exit_code) == (
            f"Error: There is no Dask scheduler at {address!r}.\n",
            2,
        )


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
