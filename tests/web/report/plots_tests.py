"""The plots of a model's page: one of each kind per class."""

from flask.testing import FlaskClient

from tests.support.pages import ACCEPT_JSON, get_page


def test_every_plot_has_a_text_alternative(page_client: FlaskClient) -> None:
    """Four plots of the positive class; the figures are the metrics'."""
    labels = [
        attributes["aria-label"]
        for tag, attributes in get_page(page_client, "/v0").elements
        if tag == "svg" and attributes.get("role") == "img"
    ]
    assert len(labels) == 4
    assert labels[0].startswith("ROC curve of 1. Area under the curve 0.988. With 5 % false")
    assert [label.split(" of ")[0] for label in labels[1:]] == [
        "Precision-recall curve",
        "Calibration curve",
        "Distribution",
    ]


def test_three_classes_have_plots_each_and_a_confusion_matrix(page_client: FlaskClient) -> None:
    """One against the rest."""
    page = get_page(page_client, "/v1")
    labels = [
        attributes["aria-label"]
        for _, attributes in page.elements
        if attributes.get("role") == "img"
    ]
    roc = [label for label in labels if label.startswith("ROC curve of ")]
    assert {label.split()[3] for label in roc} == {"0.", "1.", "2."}
    assert "True class 0 1 2" in page.words


def test_many_classes_are_cut_short(page_client: FlaskClient) -> None:
    """The twelve most frequent are drawn, the worst confusions listed; the JSON has all."""
    page = get_page(page_client, "/v4")
    labels = [
        attributes["aria-label"]
        for _, attributes in page.elements
        if attributes.get("role") == "img"
    ]
    assert len(labels) == 12 * 4
    assert "here are the 12 most frequent of 40" in page.words
    assert "With 40 classes the matrix is too large to read" in page.words
    facts = page_client.get("/v4", headers=ACCEPT_JSON).get_json()
    assert len(facts["curves"]["classes"]) == 40
