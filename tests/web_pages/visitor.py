"""A visitor without script: reads the forms of a page and sends one of them, as a browser would."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from starlette.testclient import TestClient

from soleus.web.state import State, unpack

_HIDDEN = ("hidden", "text", "", "file")


@dataclass
class FoundForm:
    """A form with what it sends by itself, its choices, and its buttons (name, value, address)."""

    action: str
    id: str | None
    fields: list[tuple[str, str]] = field(default_factory=list)
    choices: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[FoundForm] = []
        self.texts: list[str] = []
        self.headings: list[tuple[str, str]] = []
        self._open: FoundForm | None = None
        self._loose: list[tuple[str, tuple[str, str, str]]] = []
        self._area: str | None = None
        self._select: str | None = None
        self._heading: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = {k: v or "" for k, v in attrs}
        if tag == "form":
            self._open = FoundForm(a.get("action", ""), a.get("id"))
            self.forms.append(self._open)
        elif tag in ("h1", "h2"):
            self._heading = tag
            self.headings.append((tag, ""))
        elif tag == "button" and a.get("type") != "button":
            self._button(a)
        elif self._open is not None and a.get("name"):
            self._control(tag, a)
        elif tag == "option" and self._select and self._open is not None and "selected" in a:
            self._open.fields.append((self._select, a.get("value", "")))

    def _button(self, a: dict[str, str]) -> None:
        found = (a.get("name", ""), a.get("value", ""), a.get("formaction", ""))
        if a.get("form"):
            self._loose.append((a["form"], found))
        elif self._open is not None:
            self._open.buttons.append(found)

    def _control(self, tag: str, a: dict[str, str]) -> None:
        assert self._open is not None
        pair = (a["name"], a.get("value", "on" if a.get("type") in ("checkbox", "radio") else ""))
        if tag == "textarea":
            self._area = a["name"]
            self._open.fields.append((a["name"], ""))
        elif tag == "select":
            self._select = a["name"]
        elif a.get("type", "") in ("radio", "checkbox"):
            self._open.choices.append(pair)
            if "checked" in a:
                self._open.fields.append(pair)
        elif a.get("type", "") in _HIDDEN:
            self._open.fields.append(pair)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self._area and self._open is not None:
            name, before = self._open.fields.pop()
            self._open.fields.append((name, before + data))
        if self._heading:
            tag, before = self.headings.pop()
            self.headings.append((tag, before + data))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None
        elif tag == self._heading:
            self._heading = None

    def close(self) -> None:
        super().close()
        for id, button in self._loose:
            next(f for f in self.forms if f.id == id).buttons.append(button)


class Page:
    """An answer of the service, read."""

    def __init__(self, response: Any) -> None:  # of httpx, under whichever name starlette has it
        self.response, self.status = response, response.status_code
        reader = _Reader()
        if response.headers.get("content-type", "").startswith("text/html"):
            reader.feed(response.text)
            reader.close()
        self.forms = reader.forms
        self.text = " ".join(" ".join(reader.texts).split())
        self.h1 = " ".join(next((t for tag, t in reader.headings if tag == "h1"), "").split())

    def field(self, name: str) -> str | None:
        return next((v for f in self.forms for n, v in f.fields if n == name), None)

    def values(self, name: str) -> list[str]:
        """The values of the buttons and choices of this name."""
        buttons = [v for f in self.forms for n, v, _ in f.buttons if n == name]
        return buttons + [v for f in self.forms for n, v in f.choices if n == name]

    @property
    def question(self) -> str | None:
        """What is asked: a question of the core, or a step of the page."""
        return self.field("question") or self.field("do")

    @property
    def state(self) -> State:
        told = self.field("state")
        assert told is not None
        return unpack(told)


class Visitor:
    """Goes from page to page; ``page`` is where they are."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.page = Page(client.get("/interview"))

    def go(self, address: str) -> Page:
        self.page = Page(self.client.get(address))
        return self.page

    def press(self, name: str = "", value: str = "", at: str = "", /, **filled: str | list[str]) -> Page:
        """Press a button by its name and value, or by the address it goes to; with fields filled in."""
        form, button = self._find(name, value, at)
        data: dict[str, Any] = {}
        for key, told in form.fields:
            data.setdefault(key, []).append(told)
        data |= {k.replace("__", "-"): v for k, v in filled.items()}
        if button[0]:
            data.setdefault(button[0], []).append(button[1])
        target = (button[2] or form.action).partition("#")[0]
        self.page = Page(self.client.post(target, data=data))
        return self.page

    def _find(self, name: str, value: str, at: str) -> tuple[FoundForm, tuple[str, str, str]]:
        for form in self.page.forms:
            for button in form.buttons:
                address = (button[2] or form.action).partition("#")[0]
                fits = (button[0], button[1]) == (name, value) if name else not button[0]
                if fits and (not at or address == at):
                    return form, button
        raise AssertionError(f"no button {name}={value} {at} on the page {self.page.h1!r}")

    def continue_(self, do: str, **filled: str | list[str]) -> Page:
        """Send the form of a step, such as "person", by its main button."""
        form = next(f for f in self.page.forms if ("do", do) in f.fields)
        assert any(not b[0] for b in form.buttons)
        data: dict[str, Any] = {}
        for key, told in form.fields:
            data.setdefault(key, []).append(told)
        data |= {k.replace("__", "-"): v for k, v in filled.items()}
        self.page = Page(self.client.post("/interview", data=data))
        return self.page

    def begin(self, respondent: str = "self", **person: str) -> Page:
        """Up to the map: who, person, no medicines."""
        self.press("respondent", respondent)
        self.continue_("person", **person)
        if self.page.question == "pregnant":
            self.reply("not_assessed")
        return self.continue_("health")

    def reply(self, reply: str) -> Page:
        return self.press("reply", reply)
