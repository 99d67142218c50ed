"""The token for all that writes or computes: created at the start or taken from the environment, never logged."""

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from strandline.errors import InputError

ENVIRONMENT_VARIABLE = "STRANDLINE_TOKEN"
MIN_LENGTH = 20


@dataclass(frozen=True)
class Token:
    """A shared secret.

    Attributes:
        is_new: created at this start, so that it must be shown.
    """

    value: str = field(repr=False)
    is_new: bool

    def matches(self, authorization: str) -> bool:
        """Return whether an ``Authorization`` header carries it, in constant time."""
        scheme, _, value = authorization.partition(" ")
        is_equal = secrets.compare_digest(value.strip().encode("utf-8"), self.value.encode("utf-8"))
        return is_equal and scheme.lower() == "bearer"


def load_token() -> Token:
    """Return the token of the environment, or a new one.

    Raises:
        InputError: the environment's token is too short.
    """
    value = os.environ.get(ENVIRONMENT_VARIABLE)
    if value is None:
        return Token(secrets.token_urlsafe(32), is_new=True)
    if len(value) < MIN_LENGTH or not value.isascii() or value.strip() != value:
        what = f"is shorter than {MIN_LENGTH} characters, or has characters outside ASCII"
        remedy = "take one from `python -c 'import secrets; print(secrets.token_urlsafe(32))'`"
        raise InputError(ENVIRONMENT_VARIABLE, what, remedy)
    return Token(value, is_new=False)


def need_token(token: Token) -> Callable[[HTTPAuthorizationCredentials | None], None]:
    """Return a dependency of routes that refuses a request without the token."""

    def check(
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))],
    ) -> None:
        if credentials is None or not token.matches(f"{credentials.scheme} {credentials.credentials}"):
            raise HTTPException(401, "give the token that was printed at the start", {"WWW-Authenticate": "Bearer"})

    return check
