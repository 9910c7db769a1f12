"""Paths in addresses."""

PREFIX = r"(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~@+-]+)+"
"""A pattern of paths such as `/ml` or `/team/ml`: without `.`, `..` or anything to be escaped."""
