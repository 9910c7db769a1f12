"""The security headers that every response has unless a view sets its own.

They are those that OWASP recommends for an API; pages bring their own policy and caching.
Strict-Transport-Security is up to whatever ends TLS: deploy/nginx.conf sets it.
"""

SAFE_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),  # nobody but the client should keep its prediction
)
