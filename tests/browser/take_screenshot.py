"""Take the README's picture anew: python -m tests.browser.take_screenshot."""

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from app.tables.columns import Columns
from tests.browser.chromium import CHROMIUM, FLAGS
from tests.browser.serving import serve
from tests.browser.tables import make_customers
from tests.support.configs import make_config
from tests.support.tables import write_csv
from tests.support.training import train

PICTURE = Path(__file__).with_name("model-page.png")


def main() -> None:
    """Train on made-up customers, say what mistakes cost, and take the first screens."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        config = make_config(root)
        write_csv(root / "customers.csv", make_customers(8000))
        columns = Columns(target="churned", id="customer")
        train(str(root / "customers.csv"), "v0", columns=columns, config=config)
        with serve(config) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 1560})
            page.goto(f"{address}/v0")
            page.get_by_label("A miss costs").fill("5")
            page.get_by_label("a false alarm costs").fill("1")
            page.locator("h1").click()
            page.screenshot(path=PICTURE)
            browser.close()


if __name__ == "__main__":
    main()
