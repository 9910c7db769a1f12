"""Files in any dialect, encoding and packing are scored as the API scores their bytes."""

import csv
import gzip
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from app.app import create_app
from app.bulk import csv_blocks
from app.models import score_file
from app.models.train_model import train
from app.settings import Settings
from app.tables.columns import Columns
from tests.support.configs import make_config
from tests.support.scored_files import BLOCKS, ask, quickly

HEADER = "Kunde;Preis;x;neu;Größe;target\n"


def german_rows(count: int) -> str:
    """Return rows with decimal commas, points between thousands and a currency."""
    return (
        "".join(
            f"K{i};{i % 9 + 1}.{i % 7}34,50 €;{i % 5 - i % 3},{i % 10};{('ja', 'nein')[i % 2]};"
            f"{('groß', 'klein', '')[i % 3]};{i % 4 % 2}\n"
            for i in range(count)
        )
        .replace("ja", "yes")
        .replace("nein", "no")
    )


@pytest.fixture(scope="module")
def german_config(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of v0, trained on a table as Excel writes it in Germany."""
    root = tmp_path_factory.mktemp("german")
    (root / "kunden.csv").write_bytes((HEADER + german_rows(80)).encode("cp1252"))
    config = make_config(root)
    columns = Columns(id="Kunde", missing=["-999"])
    train(str(root / "kunden.csv"), "v0", columns=columns, C=0.1, config=config)
    return config


@pytest.fixture
def client(german_config: Settings, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A client of its API; files are scored with it in small blocks."""
    monkeypatch.setattr("app.settings.current", german_config)
    monkeypatch.setattr(csv_blocks, "BLOCK_SIZE", BLOCKS)
    monkeypatch.setattr(csv_blocks, "PIECE_SIZE", BLOCKS // 2)
    return create_app(german_config).test_client()


def scores(source: Path | str, target: Path | str, content: bytes | None = None) -> bytes:
    """Score a file, or stdin into stdout, and return what is written."""
    arguments = [str(source), str(target), "v0"]
    result = CliRunner().invoke(score_file.main, arguments, input=content, catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return result.stdout_bytes if target == "-" else Path(target).read_bytes()


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig"])
def test_a_file_is_read_in_the_version_s_encoding_or_in_utf_8(
    client: FlaskClient, tmp_path: Path, encoding: str
) -> None:
    """From a file, packed or not, and from stdin: what the API answers to it."""
    content = (HEADER + german_rows(60)).encode(encoding)
    (tmp_path / "in.csv").write_bytes(content)
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(content))
    expected = ask(client, content)
    assert expected.status_code == 200, expected.json
    assert expected.data.startswith(b"id,prediction\nK0,")
    assert scores(tmp_path / "in.csv", tmp_path / "out.csv") == expected.data
    assert scores(tmp_path / "packed.csv.gz", tmp_path / "out.csv") == expected.data
    assert scores("-", "-", content) == expected.data


def test_a_plain_file_gets_the_same_numbers(client: FlaskClient, tmp_path: Path) -> None:
    """With commas, and what has no id is numbered, across all blocks."""
    rows = list(csv.DictReader(io.StringIO(HEADER + german_rows(60)), delimiter=";"))
    text = io.StringIO()
    writer = csv.DictWriter(text, ["Größe", "neu", "Preis", "x"], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    (tmp_path / "plain.csv").write_text(text.getvalue(), encoding="utf-8")
    own = ask(client, (HEADER + german_rows(60)).encode())
    ids, predictions = zip(*csv.reader(own.text.splitlines()[1:]), strict=True)
    assert ids[0] == "K0"
    expected = [f"{i},{prediction}" for i, prediction in enumerate(predictions)]
    written = scores(tmp_path / "plain.csv", tmp_path / "out.csv").decode()
    assert written.splitlines()[1:] == expected
    assert ask(client, text.getvalue()).text == written


def test_rows_of_a_parquet_file_without_ids_are_numbered(
    client: FlaskClient, tmp_path: Path
) -> None:
    """Through all row groups."""
    table = pa.table(
        {"Preis": [1234.5] * 50, "x": [0.5] * 50, "neu": [True] * 50, "Größe": ["groß"] * 50}
    )
    pq.write_table(table, tmp_path / "in.parquet", row_group_size=20)
    scores(tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet")["id"].to_pylist() == [*range(50)]


SPELLINGS = [
    *("", "1", "1,5", "1.234", "1.234,5", "1234.5", "1,234.5", "-999", "-999,0", "-999.0", "1e3"),
    *("NA", "n/a", "?", "NaN", "None", "none", "nULL", "€ 5", "5 €", "5%", ",5", "5,", " 1,5"),
    *("1,5,5", "yes", "NO", "t", "x", "true", "False", "groß", "gro\u00df", "klein ", "Klein"),
]
fields = st.sampled_from(SPELLINGS)


@quickly
@given(st.lists(st.tuples(fields, fields, fields, fields), min_size=1, max_size=4))
def test_any_field_is_taken_or_refused_as_by_the_api(
    client: FlaskClient, tmp_path: Path, rows: list[tuple[str, ...]]
) -> None:
    """What pyarrow reads is more than the API does, and less; nobody shall notice."""
    lines = [";".join(row) for row in rows]
    text = "\n".join(["Preis;x;neu;Größe", *lines]) + "\n"
    (tmp_path / "in.csv").write_text(text, encoding="utf-8")
    answer = ask(client, text)
    arguments = [str(tmp_path / "in.csv"), str(tmp_path / "out.csv"), "v0"]
    result = CliRunner().invoke(score_file.main, arguments, catch_exceptions=False)
    if answer.status_code == 200:
        assert result.exit_code == 0, result.stderr
        assert (tmp_path / "out.csv").read_bytes() == answer.data
    else:
        first = answer.json["errors"][0]
        assert result.stderr == (
            f"Error: {str(tmp_path / 'in.csv')!r}, row {first['row'] + 2}: {first['message']}.\n"
        )
