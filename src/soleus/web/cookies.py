"""The cookie of a session."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response


@dataclass(frozen=True)
class SessionCookie:
    """``secure``: whether users reach the service by HTTPS. Then the name binds the cookie to this host alone
    (``__Host-``, RFC 6265bis, section 4.1.3.2); on loopback without TLS browsers would refuse that name.
    """

    secure: bool

    @property
    def name(self) -> str:
        return "__Host-soleus-session" if self.secure else "soleus-session"

    def of(self, request: Request) -> str | None:
        """The secret that the browser sent, if any."""
        return request.cookies.get(self.name) or None

    def give(self, answer: Response, secret: str, seconds: float) -> None:
        answer.set_cookie(
            self.name, secret, max_age=int(seconds), path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def take(self, answer: Response) -> None:
        answer.delete_cookie(self.name, path="/", secure=self.secure, httponly=True, samesite="lax")
