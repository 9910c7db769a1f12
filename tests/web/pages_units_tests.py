"""What a page says of numbers that were written with a sign."""

import re

from app.app import create_app
from app.settings import Settings
from tests.support.table_cases import EXPECTED, path_of
from tests.support.training import Run


def test_the_page_says_the_unit_of_a_number(run_training: Run, config: Settings) -> None:
    """In the table of features and beside the form's field."""
    assert (
        run_training(path_of("percent"), "--target", EXPECTED["percent"]["target"]).exit_code == 0
    )
    page = create_app(config).test_client().get("/v0", headers={"Accept": "text/html"}).text
    assert "<td>a number in <bdi>%</bdi></td>" in page
    assert re.search(r'</bdi> <span class="quiet">in <bdi>%</bdi></span></label>', page)
