"""The threshold control of a model's page, by keyboard alone, wide and narrow, light and dark."""

import shlex
from typing import Any

import pytest

from tests.browser.chromium import Open, sync_api, violations

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 380, "height": 800}
LOOKS = [(WIDE, "light"), (WIDE, "dark"), (NARROW, "light"), (NARROW, "dark")]


def points_of(page: Any) -> dict[str, Any]:
    """Return the counts behind the page, from its own JSON."""
    facts = page.request.get(page.url, headers={"Accept": "application/json"}).json()
    points: dict[str, Any] = facts["curves"]["classes"][facts["positive_class"]]["points"]
    return points


def texts(page: Any, name: str) -> str:
    """Return what stands on the page for a figure."""
    text: str = page.locator(f"#line [data-text={name}]").first.inner_text()
    return text.replace("\xa0", " ").replace(",", "")


def shares_at(points: dict[str, Any], place: int) -> dict[str, str]:
    """Return the figures at a point, computed from its counts."""
    found, alarmed = points["true_positives"][place], points["false_positives"][place]
    n_flagged = found + alarmed
    shares = {
        "recall": found / points["positives"],
        "precision": found / n_flagged if n_flagged else None,
        "specificity": 1 - alarmed / points["negatives"],
        "flagged": n_flagged / (points["positives"] + points["negatives"]),
    }
    return {name: "–" if share is None else f"{share:.1%}" for name, share in shares.items()}


def assert_shows(page: Any, points: dict[str, Any], place: int) -> None:
    """The figures, the matrix and the command are those of one point."""
    threshold = points["threshold"][place]
    sync_api.expect(page.locator("#command")).to_contain_text(f"--threshold {threshold:g}")
    for name, share in shares_at(points, place).items():
        shown = texts(page, name)
        if share == "–":
            assert shown == "–"
        else:
            assert float(shown.strip("<> %")) == pytest.approx(float(share[:-1]), abs=0.11), name
    found, alarmed = points["true_positives"][place], points["false_positives"][place]
    cells = page.locator("#line .confusion tbody [data-text]").all_inner_texts()
    counts = [int(cell.replace(",", "")) for cell in cells if "%" not in cell]
    missed, spared = points["positives"] - found, points["negatives"] - alarmed
    assert sorted(counts) == sorted([found, alarmed, missed, spared])


@pytest.mark.parametrize(("viewport", "scheme"), LOOKS)
def test_the_keyboard_alone_moves_the_threshold_weighs_costs_and_copies(
    open_page: Open, viewport: dict[str, int], scheme: str
) -> None:
    """From the field to the slider, the costs and the command, with Tab, arrows and Enter."""
    page = open_page(
        "/v2",
        viewport=viewport,
        color_scheme=scheme,
        permissions=["clipboard-read", "clipboard-write"],
    )
    points = points_of(page)
    start = points["threshold"].index(0.5)
    assert_shows(page, points, start)
    page.get_by_label("Threshold", exact=True).focus()
    page.keyboard.press("ArrowDown")
    assert_shows(page, points, start + 1)
    page.keyboard.press("Tab")
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    assert_shows(page, points, start + 6)
    slider = page.get_by_role("slider", name="Threshold, from the lowest to the highest")
    sync_api.expect(slider).to_be_focused()
    sync_api.expect(slider).to_have_attribute(
        "aria-valuetext", f"{points['threshold'][start + 6]:g}"
    )
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert_shows(page, points, start)

    page.keyboard.press("Tab")  # the matrix, which may scroll
    page.keyboard.press("Tab")
    page.keyboard.type("5")
    page.keyboard.press("Tab")
    page.keyboard.type("1")
    costs = [
        5 * (points["positives"] - found) + alarmed
        for found, alarmed in zip(points["true_positives"], points["false_positives"], strict=True)
    ]
    best = costs.index(min(costs))
    assert best != start
    assert_shows(page, points, best)
    n_rows = points["positives"] + points["negatives"]
    result = page.get_by_text("A thousand rows cost")
    said = [
        float(word.strip(".,"))
        for word in result.inner_text().replace(",", "").split()
        if word[0].isdigit()
    ]
    expected = (costs[best], 5 * points["positives"], points["negatives"])
    assert said == pytest.approx([1000 * cost / n_rows for cost in expected], rel=1e-3)

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    sync_api.expect(page.locator("#command-copied")).to_have_text("Copied")
    command = shlex.split(page.evaluate("navigator.clipboard.readText()"))
    assert command[:5] == ["python", "-m", "app.models.train_model", "customers.csv", "v5"]
    assert command[5:] == ["--like", "v2", "--threshold", f"{points['threshold'][best]:g}"]
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]


def test_a_typed_number_goes_to_the_nearest_point(open_page: Open) -> None:
    """What is no threshold is marked, and changes nothing."""
    page = open_page("/v2")
    points = points_of(page)
    field = page.get_by_label("Threshold", exact=True)
    field.fill("0.2")
    place = min(range(len(points["threshold"])), key=lambda k: abs(points["threshold"][k] - 0.2))
    assert_shows(page, points, place)
    field.fill("7")
    sync_api.expect(field).to_have_attribute("aria-invalid", "true")
    error = page.get_by_text("A threshold is a number from 0 to 1.")
    sync_api.expect(error).to_be_visible()
    assert_shows(page, points, place)
    assert violations(page) == []
    field.blur()
    sync_api.expect(field).to_have_value(f"{points['threshold'][place]:g}")
    sync_api.expect(field).not_to_have_attribute("aria-invalid", "true")
    sync_api.expect(error).to_be_hidden()


def test_a_cost_that_is_no_number_is_marked(open_page: Open) -> None:
    """And the threshold stays where it is."""
    page = open_page("/v2")
    miss, alarm = page.get_by_label("A miss costs"), page.get_by_label("a false alarm costs")
    miss.fill("five")
    alarm.fill("1")
    sync_api.expect(miss).to_have_attribute("aria-invalid", "true")
    sync_api.expect(miss).to_have_accessible_description("A cost is a number, 0 or more.")
    sync_api.expect(alarm).not_to_have_attribute("aria-invalid", "true")
    sync_api.expect(page.get_by_text("A thousand rows cost")).to_be_hidden()
    sync_api.expect(page.locator("#threshold")).to_have_value("0.5")
    assert violations(page) == []
    miss.fill("5")
    sync_api.expect(page.get_by_text("A thousand rows cost")).to_be_visible()
    sync_api.expect(page.get_by_text("A cost is a number, 0 or more.")).to_be_hidden()


def test_the_marks_on_all_plots_follow(open_page: Open) -> None:
    """On the ROC curve, precision and recall, the gain curve and the probabilities."""
    page = open_page("/v2")
    slider = page.locator("#threshold-slider")
    marks = page.locator("[data-mark]")
    assert marks.count() == 4
    place_of = "all => all.map((one) => one.getAttribute('cx') ?? one.getAttribute('x1'))"
    before = marks.evaluate_all(place_of)
    slider.fill(str(int(slider.get_attribute("max")) // 3))
    after = marks.evaluate_all(place_of)
    assert all(x != y for x, y in zip(before, after, strict=True))
    x, y = (float(page.locator("[data-mark=gain]").get_attribute(name)) for name in ("cx", "cy"))
    recall, flagged = (float(texts(page, name).strip("% ")) / 100 for name in ("recall", "flagged"))
    assert x == pytest.approx(56 + flagged * 290, abs=0.3)
    assert y == pytest.approx(224 - recall * 212, abs=0.3)
