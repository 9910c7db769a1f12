"""A page as a browser reads it, and what is expected of every page."""

from html.parser import HTMLParser

from flask.testing import FlaskClient

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
ACCEPT_JSON = {"Accept": "application/json"}
PATHS = ["/", "/v0", "/v1", "/v2", "/v3", "/v4", "/latest", "/docs"]


class Page(HTMLParser):
    """A parsed page: its elements with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.text += " " if tag in ("td", "th") else ""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        """Keep text."""
        self.text += data

    def all(self, tag: str, attribute: str) -> list[str]:
        """Return an attribute of every element of a tag that has it."""
        return [own[attribute] for name, own in self.elements if name == tag and attribute in own]

    @property
    def words(self) -> str:
        """The text with all white space made one blank."""
        return " ".join(self.text.split())


def get_page(client: FlaskClient, path: str) -> Page:
    """Return a page that is there."""
    response = client.get(path)
    assert response.status_code == 200
    assert response.content_type == "text/html; charset=utf-8"
    return Page(response.text)
