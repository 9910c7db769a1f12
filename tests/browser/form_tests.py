"""The form of a model's page follows what people type."""

import json

import pytest

from tests.browser.chromium import Open, predict, shown_probability, sync_api, violations
from tests.browser.tables import HOSTILE


def test_open_a_model_from_the_list(open_page: Open) -> None:
    """A click leads to its page."""
    page = open_page("/")
    page.get_by_role("link", name="v0", exact=True).click()
    heading = page.get_by_role("heading", level=1)
    sync_api.expect(heading).to_have_text("The probability that target is 1")


def test_the_probability_follows_what_one_types(open_page: Open) -> None:
    """It is the API's, and the bars add up to it."""
    page = open_page("/v0")
    page.get_by_label("x_1", exact=True).fill("-2")
    page.get_by_label("x_4", exact=True).fill("-1")
    row = json.loads(page.locator("#facts").text_content())["row"] | {"x_1": -2, "x_4": -1}
    answer = predict(page, "v0", row, "?explain=true")
    shown_probability(page, answer["prediction"])
    amounts = [
        text.replace("−", "-") for text in page.locator("#waterfall .amount").all_inner_texts()
    ]
    average, *parts, total = map(float, amounts)
    explanation = answer["explanation"]
    assert average == pytest.approx(explanation["baseline"], abs=1e-4)
    assert sorted(parts) == pytest.approx(sorted(explanation["contributions"].values()), abs=1e-4)
    assert total == pytest.approx(average + sum(parts), abs=1e-3)


def test_sliders_and_arrow_keys_move_a_number(open_page: Open) -> None:
    """By mouse and by keyboard."""
    page = open_page("/v0")
    field, slider = page.get_by_label("x_2", exact=True), page.locator("#field-2 + [type=range]")
    slider.fill("2")
    assert float(field.input_value()) == pytest.approx(2, abs=0.01)
    field.press("ArrowUp")
    assert float(field.input_value()) > 2.02
    assert float(slider.input_value()) == pytest.approx(float(field.input_value()), abs=0.01)


def test_every_type_can_be_chosen_and_left_out(open_page: Open) -> None:
    """Numbers, categories and booleans; a missing number is null."""
    page = open_page("/v2")
    page.get_by_label("age", exact=True).fill("")
    page.get_by_label("plan", exact=True).select_option("family")
    page.get_by_label("auto_renewal", exact=True).select_option("false")
    typical = json.loads(page.locator("#facts").text_content())["row"]
    row = typical | {"age": None, "plan": "family", "auto_renewal": False}
    shown_probability(page, predict(page, "v2", row)["prediction"])
    page.get_by_role("button", name="Back to the typical row").click()
    shown_probability(page, predict(page, "v2", typical)["prediction"])


def test_three_classes(open_page: Open) -> None:
    """The most probable comes first and is explained, until another is chosen."""
    page = open_page("/v1")
    page.get_by_label("proline", exact=True).fill("1500")
    row = json.loads(page.locator("#facts").text_content())["row"] | {"proline": 1500}
    prediction = predict(page, "v1", row)["prediction"]
    best = max(prediction, key=prediction.get)
    first = page.locator("#probabilities li").first
    sync_api.expect(first).to_contain_text(f"{best}{prediction[best]}")
    sync_api.expect(page.locator("#waterfall-sum")).to_contain_text(f"Scores of {best};")
    page.get_by_label("Explain", exact=True).select_option(label="1")
    sync_api.expect(page.locator("#waterfall-sum")).to_contain_text("Scores of 1;")


def test_the_apis_message_is_at_the_field_that_is_wrong(open_page: Open) -> None:
    """Word for word, and it goes when the value is mended."""
    page = open_page("/v0", refusals=True)
    first, second = page.get_by_label("x_1", exact=True), page.get_by_label("x_2", exact=True)
    first.fill("high")
    second.fill("1e400")
    expect = sync_api.expect
    expect(page.locator("#error-1")).to_have_text("Invalid values: 'x_1' must be a number or null")
    expect(page.locator("#error-2")).to_have_text("Invalid values: 'x_2' must be a number")
    expect(page.locator("#error-3")).to_be_empty()
    expect(first).to_have_attribute("aria-invalid", "true")
    expect(first).to_have_accessible_description("Invalid values: 'x_1' must be a number or null")
    assert violations(page) == []
    first.fill("1")
    second.fill("1")
    expect(page.locator("#error-1")).to_be_empty()
    expect(page.locator("#refusal")).to_be_hidden()


def test_any_text_can_be_typed_into_an_open_column(open_page: Open) -> None:
    """Known levels are proposed; what is new is answered, too, as the API answers it."""
    page = open_page("/v3")
    town = page.get_by_label("town", exact=True)
    proposed = page.locator("datalist option").evaluate_all("all => all.map(one => one.value)")
    assert proposed == ["<i>town 0</i>", "<i>town 1</i>", "<i>town 2</i>"]
    town.fill("Minas Tirith")
    row = json.loads(page.locator("#facts").text_content())["row"] | {"town": "Minas Tirith"}
    shown_probability(page, predict(page, "v3", row)["prediction"])
    sync_api.expect(page.locator("#snippet")).to_contain_text("Minas Tirith")
    assert violations(page) == []


def test_names_of_all_kinds(open_page: Open) -> None:
    """They are shown as they are, and a long list of categories comes when it is wanted."""
    page = open_page("/v3")
    page.get_by_label(HOSTILE[0], exact=True).fill("0.9")
    many = page.get_by_label("many", exact=True)
    assert many.locator("option").count() == 1
    many.focus()
    sync_api.expect(many.locator("option")).to_have_count(600)
    many.select_option("<b>599</b>")
    page.get_by_label("kind", exact=True).select_option("שלום")
    typical = json.loads(page.locator("#facts").text_content())["row"]
    row = typical | {HOSTILE[0]: 0.9, "many": "<b>599</b>", "kind": "שלום"}
    shown_probability(page, predict(page, "v3", row)["prediction"])
