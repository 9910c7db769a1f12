"""The headers that every answer has, so that a browser makes no more of it than it is.

They are those that OWASP recommends for an API; a page brings a policy and a caching of its own.
Strict-Transport-Security is for whoever ends TLS: deploy/nginx.conf sets it.
"""

SAFE_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),  # a prediction is its client's business
)
