"""Fixtures of the tests that drive a browser over our modules alone, as ``ui`` has them."""

from webside.ui.tests.conftest import chromium, page, site

__all__ = ["chromium", "page", "site"]
