"""The web port of a secured service, asked as programs and browsers do."""

import http.client
import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import Morsel, SimpleCookie
from typing import Any
from urllib.parse import urlencode

from prometheus_client.parser import text_string_to_metric_families

HTML = {"Accept": "text/html,application/xhtml+xml"}


@dataclass(frozen=True, slots=True)
class Answer:
    code: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def cookies(self) -> dict[str, Morsel[str]]:
        jar: SimpleCookie = SimpleCookie()
        for line in self.headers.get_all("Set-Cookie") or ():
            jar.load(line)
        return dict(jar)

    @property
    def csrf(self) -> str:
        (found,) = re.findall(r'name="csrf" value="([0-9a-f]{64})"', self.text)
        return str(found)


@dataclass
class Page:
    """Sends `headers` and keeps cookies."""

    address: str
    headers: Mapping[str, str] = field(default_factory=dict)
    context: ssl.SSLContext | None = None
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, headers: Mapping[str, str] | None = None, form: Mapping[str, str] | None = None) -> Answer:
        sent = {**self.headers, **(headers or {})}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None
        if form is not None:
            body = urlencode(form)
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        connection = (
            http.client.HTTPSConnection(self.address, timeout=20, context=self.context)
            if self.context
            else http.client.HTTPConnection(self.address, timeout=20)
        )
        try:
            connection.request("GET" if form is None else "POST", path, body, sent)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read().decode())
        finally:
            connection.close()
        for name, morsel in answer.cookies.items():
            self.cookies[name] = morsel.value
            if morsel["max-age"] == "0":
                del self.cookies[name]
        return answer

    def log_in(self, token: str, wanted: str = "/") -> Answer:
        csrf = self.ask("/login").csrf
        return self.ask("/login", form={"token": token, "csrf": csrf, "next": wanted})

    def received(self) -> int:
        document: Any = json.loads(self.ask("/status").text)
        return int(document["logs"]["received"]) + int(document["traces"]["received"])

    def metric(self, name: str, **labels: str) -> float:
        return sum(
            sample.value
            for family in text_string_to_metric_families(self.ask("/metrics").text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )
