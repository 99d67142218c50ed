"""The token without which nothing is confirmed: made at start or given by the environment, never logged."""

import os
import secrets
from dataclasses import dataclass, field

from strandline.errors import InputError

ENVIRONMENT_VARIABLE = "STRANDLINE_TOKEN"
MIN_LENGTH = 20


@dataclass(frozen=True)
class Token:
    """A shared secret.

    Attributes:
        is_new: it was made for this start, so somebody must be told.
    """

    value: str = field(repr=False)
    is_new: bool

    def matches(self, authorization: str) -> bool:
        """Whether an ``Authorization`` header carries it; takes as long for a wrong one as for the right one."""
        scheme, _, given = authorization.partition(" ")
        is_equal = secrets.compare_digest(given.strip().encode("utf-8"), self.value.encode("utf-8"))
        return is_equal and scheme.lower() == "bearer"


def load_token() -> Token:
    """The environment's, or a new one.

    Raises:
        InputError: the environment's can be guessed.
    """
    given = os.environ.get(ENVIRONMENT_VARIABLE)
    if given is None:
        return Token(secrets.token_urlsafe(32), is_new=True)
    if len(given) < MIN_LENGTH or not given.isascii() or given.strip() != given:
        what = f"is shorter than {MIN_LENGTH} characters, or holds others than ASCII's"
        raise InputError(ENVIRONMENT_VARIABLE, what, "take one from `python -c 'import secrets; print(secrets.token_urlsafe(32))'`")
    return Token(given, is_new=False)
