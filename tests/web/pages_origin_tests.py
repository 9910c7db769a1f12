"""Which version is this: what the pages and the metadata say of its estimator and its origin."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.app import create_app
from app.settings import Settings
from app.store.origin import Origin
from app.tables.columns import Columns
from tests.support.configs import make_config
from tests.support.pages import ACCEPT_JSON, get_page
from tests.support.tables import customers, write_csv
from tests.support.training import read_manifest, train

LOGISTIC = "LogisticRegression(C=0.1, max_iter=1000)"


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a server: v0 and v1 predict whether customers leave, v2 their plan, v3 a class.

    The column of v2 is called as those of v0 and v1, that of v3 has the same classes.
    """
    root = tmp_path_factory.mktemp("origin")
    config = make_config(root)
    rows = customers()
    path = write_csv(root / "customers.csv", rows)
    columns = Columns("churned", "customer")
    options = ("--target", "churned", "--id", "the id")
    train(path, "v0", columns=columns, config=config)
    train(path, "v1", columns=columns, note_text="<b>Old</b> ids", options=options, config=config)
    swapped = [{**row, "churned": row["plan"], "plan": row["churned"]} for row in rows]
    train(write_csv(root / "plans.csv", swapped), "v2", columns=columns, config=config)
    renamed = [{**row, "left": row["churned"], "churned": 1} for row in rows]
    path = write_csv(root / "left.csv", renamed)
    train(path, "v3", columns=Columns("left", "customer"), config=config)
    return config


@pytest.fixture
def client(versions: Settings) -> FlaskClient:
    """A client of that server."""
    return create_app(versions).test_client()


def test_the_page_tells_which_model_it_is(client: FlaskClient) -> None:
    """Its note, its steps and parameters, and the options of its training."""
    page = get_page(client, "/v1")
    assert "Note: <b>Old</b> ids" in page.words
    assert LOGISTIC in page.words
    assert "Options --target churned --id 'the id'" in page.words
    assert "Note:" not in get_page(client, "/v0").words
    assert "threshold for" not in page.words  # nothing was asked for


def test_the_list_tells_which_model_each_is(client: FlaskClient) -> None:
    """In one line each."""
    words = get_page(client, "/").words
    assert "<b>Old</b> ids" in words
    assert words.count(LOGISTIC) == 4
    listed = client.get("/", headers=ACCEPT_JSON).get_json()["versions"]
    by_version = {version["version"]: version for version in listed}
    assert by_version["v1"]["training_note"] == "<b>Old</b> ids"
    assert by_version["v1"]["estimator"]["last"] == LOGISTIC


def test_the_metadata_tell_it_too(client: FlaskClient, versions: Settings) -> None:
    """As the manifest has it."""
    metadata = client.get("/v1/metadata").get_json()
    origin = read_manifest(versions, "v1").origin
    assert metadata["note"] == "<b>Old</b> ids"
    assert metadata["estimator"]["whole"].startswith("Pipeline(\n  steps=[\n")
    assert metadata["origin"]["options"] == list(origin.options)
    assert metadata["origin"]["commit"] == origin.commit


@pytest.mark.parametrize("dirty", [True, False])
def test_the_page_tells_what_git_knew(
    config: Settings, made_csv: Path, monkeypatch: pytest.MonkeyPatch, dirty: bool
) -> None:
    """The commit, whether there were changes, and who trained."""
    origin = Origin(commit="0" * 40, dirty=dirty, author="Grace <Hopper>")
    monkeypatch.setattr("app.models.train_model.find_origin", lambda options: origin)
    train(str(made_csv), "v0", config=config)
    client = create_app(config).test_client()
    for path in ("/v0", "/v0/report"):
        words = get_page(client, path).words
        assert (
            f"Commit {'0' * 40}{', with changes that were not committed' * dirty} Trained" in words
        )
        assert "Trained by Grace <Hopper>" in words
    assert f"From commit {'0' * 12}{', with changes' * dirty}, by Grace <Hopper>" in (
        get_page(client, "/").words
    )


def test_a_report_compares_what_predicts_the_same_only(client: FlaskClient) -> None:
    """The same column and the same classes; the figures of others say nothing beside these."""
    assert "Validation set v1 v0 ROC AUC" in get_page(client, "/v1/report").words
    assert "Validation set v0 v1 ROC AUC" in get_page(client, "/v0/report").words
    for version in ("v2", "v3"):
        assert "Compare" not in get_page(client, f"/{version}/report").words
