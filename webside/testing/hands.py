"""Hands without a browser: they ask a running clinic for pages over one connection, with cookies."""

from __future__ import annotations

import http.client
import re
from typing import Any
from urllib.parse import urlencode


class Hands:
    """Asks a server as a browser would. Not for several threads at once.

    ``address`` as ``http://localhost:8000``; ``cookies`` as a header has them.
    """

    def __init__(self, address: str, cookies: str = "") -> None:
        self.address = address.rstrip("/")
        self.connection = http.client.HTTPConnection(self.address.removeprefix("http://"), timeout=30)
        self.cookies = dict(each.split("=", 1) for each in cookies.split("; ") if each)

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Return status, text and where it leads. A connection that the server ended while idle is opened anew."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = None
        if form is not None:
            body = urlencode(form)
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.address}
        try:
            answer = self._answer(method, path, body, headers)
        except http.client.RemoteDisconnected:
            if method != "GET":
                raise
            answer = self._answer(method, path, body, headers)
        text = answer.read().decode(errors="replace")
        for header in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = header.split(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, text, answer.headers.get("Location", "")

    def _answer(self, *question: Any) -> http.client.HTTPResponse:
        try:
            self.connection.request(*question)
            return self.connection.getresponse()
        except (OSError, http.client.HTTPException):
            self.connection.close()  # the next question opens it anew
            raise

    def get(self, path: str) -> str:
        """Return a page; raises RuntimeError when it isn't there."""
        status, text, _ = self.ask("GET", path)
        if status != 200:
            raise RuntimeError(f"{path} answered {status}")
        return text

    def become(self, key: str) -> None:
        """Sign in through the demo's door as one of its people."""
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get("/"))
        if not found:
            raise RuntimeError("the demo's first page has no door")
        status, _, _ = self.ask("POST", f"/demo/become/{key}/", {"csrfmiddlewaretoken": found.group(1)})
        if status != 302:
            raise RuntimeError(f"nobody could become {key}: {status}")
