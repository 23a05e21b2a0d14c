"""A browser without a screen. In: the app. Out: what it answers, with the headers that a browser would send."""

import html
import re
from dataclasses import dataclass
from typing import Any

from fastapi.testclient import TestClient

PORT = 8300
BASE = f"http://127.0.0.1:{PORT}"


@dataclass(frozen=True)
class Shown:
    """An item as its markup says."""

    sample: str
    content: str
    token: str
    html: str

    def verdict(self, **change: Any) -> dict[str, Any]:
        return {
            "token": self.token,
            "sample": self.sample,
            "content": self.content,
            "result": "accept",
            "reasoning": "accept",
            "seconds": 3.5,
        } | change


class Client(TestClient):
    """Keeps cookies, sends an origin, and the token of the page for writes."""

    def __init__(self, app: Any, base: str) -> None:
        super().__init__(app, base_url=base, follow_redirects=False)
        self.write_token = ""

    def come_in(self, invitation: str) -> Any:
        answer = self.post("/join", data={"invitation": invitation}, headers={"origin": BASE})
        if answer.status_code == 303:
            page = self.get("/guide").text
            self.write_token = str(re.search(r'name="review-token" content="(\w+)"', page)[1])  # type: ignore[index]
        return answer

    def write(self, path: str, body: Any, **headers: str) -> Any:
        sent = {"origin": BASE, "x-review-token": self.write_token} | headers
        return self.post(path, json=body, headers=sent)

    def items(self) -> list[Shown]:
        return shown(self.get("/items").text)

    def judge(self, item: Shown, **change: Any) -> Any:
        """The verdict, with reasoning only where there is one."""
        told = self.write("/result", {"token": item.token, "sample": item.sample, "result": "accept"})
        reasoned = {"reasoning": None} if 'data-reasoning="no"' in told.text else {}
        return self.write("/verdict", item.verdict(**(reasoned | change)))


def shown(text: str) -> list[Shown]:
    parts = text.split('<section class="item"')[1:]
    return [Shown(_of(p, "data-sample"), _of(p, "data-content"), _of(p, "data-token"), p) for p in parts]


def _of(part: str, name: str) -> str:
    form = part[part.index('<form class="verdict-form') :]
    return html.unescape(str(re.search(rf'{name}="([^"]*)"', form)[1]))  # type: ignore[index]
