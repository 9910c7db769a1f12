"""Texts on a model's page: their words, and how the form takes them."""

import pytest
from flask.testing import FlaskClient

from app.app import create_app
from app.settings import Settings
from tests.support.comments import LEAVE, STAY
from tests.support.pages import ACCEPT_JSON, get_page
from tests.support.requests import post


@pytest.fixture
def client(comments_config: Settings) -> FlaskClient:
    """A client of the application with a model that learned from comments."""
    return create_app(comments_config).test_client()


def test_the_words_that_tell_come_first_and_last(client: FlaskClient) -> None:
    """Those that raise the log-odds most, and those that lower them most; the text is strongest."""
    facts = client.get("/v0", headers=ACCEPT_JSON).get_json()
    text = facts["effects"]["yes"][0]
    assert text["feature"] == "comment"
    assert text["strength"] > 0
    names = [word["name"] for word in text["words"]]
    assert set(names[:4]) == set(LEAVE)
    assert set(names[-4:]) == set(STAY)
    assert len(names) == 20
    effects = [word["effect"] for word in text["words"]]
    assert effects == sorted(effects, reverse=True)


def test_the_effect_of_a_word_is_what_the_api_explains(client: FlaskClient) -> None:
    """What a text of this word alone adds to one without words."""
    facts = client.get("/v0", headers=ACCEPT_JSON).get_json()
    for word in facts["effects"]["yes"][0]["words"]:
        row = facts["example"]["row"] | {"comment": word["name"]}
        explanation = post(client, row, "/v0/predict?explain=true").get_json()["explanation"]
        assert explanation["words"]["comment"] == {word["name"]: pytest.approx(word["effect"])}


def test_the_page_shows_them(client: FlaskClient) -> None:
    """The words for and against, how long a text usually is, and a text area to try one."""
    page = get_page(client, "/v0")
    assert "raise it:" in page.words
    assert "lower it:" in page.words
    assert "or what a word adds to a text that has no other" in page.words
    assert " more words" in page.words
    areas = [attributes for tag, attributes in page.elements if tag == "textarea"]
    assert [area["data-name"] for area in areas] == ["comment"]
