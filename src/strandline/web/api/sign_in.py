"""Who makes a request: the account whose name and password its ``Authorization: Basic`` header states.

No session and no cookie: each signature states its password, and another site's page has none to borrow.
"""

import base64
import binascii
import logging
import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from threading import BoundedSemaphore, Lock

from fastapi import HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from strandline.watch.alerts.accounts import Account, Accounts, load_accounts
from strandline.watch.store import Store
from strandline.watch.store.records import Role
from strandline.web.api.token import Token

FAILURE_PAUSE_S = 1.0
"""Pause before the answer to a wrong password [s]."""
AT_ONCE = 8
"""Passwords that are checked or wait to be; further requests have to come again."""
KEPT_S = 300.0
"""How long a reader's password need not be hashed again [s]; a signature's always is."""
LOG_EVERY_S = 60.0
"""Refusals of one account are logged at most so often [s]: nobody fills the log by guessing."""
CHALLENGE = {"WWW-Authenticate": 'Basic realm="strandline", charset="UTF-8"'}
"""Of a page that only users read: the browser asks for name and password."""
OWN_FORM = {"WWW-Authenticate": 'Form realm="strandline"'}
"""Of a signature: by ``Basic`` browsers would ask in a window of their own, before this page sees the answer."""
_log = logging.getLogger(__name__)


class SignIn:
    """Finds the account of a request; the file is read again when it changes.

    Args:
        users: file of the accounts; ``None`` = there is none, and nobody can sign.
        store: to log refusals in; ``None`` = there is no watch.
    """

    def __init__(self, users: Path | None, store: Store | None, clock: Callable[[], datetime]) -> None:
        self._users, self._store, self._clock = users, store, clock
        self._one, self._waiting = Lock(), BoundedSemaphore(AT_ONCE)
        self._logged: dict[str, float] = {}
        self._kept: dict[bytes, float] = {}

    @property
    def accounts(self) -> Accounts:
        """The accounts as the file holds them now.

        Raises:
            InputError: the file is damaged, or others may read it.
        """
        return Accounts() if self._users is None else load_accounts(self._users)

    def require(self, authorization: str | None, roles: Collection[Role]) -> tuple[Account, Accounts]:
        """The account of an ``Authorization`` header, and the rules of its place.

        Raises:
            HTTPException: there is none, the password is wrong, or its role may not do this.
        """
        accounts, given = self.accounts, _parse(authorization)
        if given is None:
            hint = "" if accounts.accounts else "; there is no account yet: `strandline users add` makes one"
            raise HTTPException(401, f"give the name and the password of your account{hint}", OWN_FORM)
        account = self._checked(accounts, *given)
        if account is None:
            self._refused(given[0], "wrong name or password")
            time.sleep(FAILURE_PAUSE_S)
            raise HTTPException(401, "the name or the password is wrong", OWN_FORM)
        if account.role not in roles:
            self._refused(account.name, f"{_with_article(account.role)} may not do this")
            wanted = " or ".join(_with_article(role) for role in roles)
            raise HTTPException(403, f"{account.person} is {_with_article(account.role)}; {wanted} may do this")
        return account, accounts

    def knows(self, authorization: str | None) -> bool:
        """Whether the header states an account, of any role; a password that was right a moment ago is kept as a hash.

        Raises:
            HTTPException: too many passwords are being checked.
        """
        given, accounts = _parse(authorization), self.accounts
        if given is None:
            return False
        key, now = sha256(repr((authorization, accounts)).encode("utf-8", "surrogatepass")).digest(), time.monotonic()
        if self._kept.get(key, 0.0) > now:
            return True
        if self._checked(accounts, *given) is None:
            time.sleep(FAILURE_PAUSE_S)
            return False
        self._kept = {each: until for each, until in self._kept.items() if until > now} | {key: now + KEPT_S}
        return True

    def _checked(self, accounts: Accounts, name: str, password: str) -> Account | None:
        if not self._waiting.acquire(blocking=False):
            raise HTTPException(503, "many sign in at once; try again", {"Retry-After": "5"})
        try:
            with self._one:  # each takes 32 MB and a core
                return accounts.find(name, password)
        finally:
            self._waiting.release()

    def _refused(self, name: str, why: str) -> None:
        known = next((one.name for one in self.accounts.accounts if one.name == name), "an unknown account")
        now = time.monotonic()
        if now - self._logged.get(known, -LOG_EVERY_S) < LOG_EVERY_S:
            return
        self._logged[known] = now
        _log.warning("refused to let %s sign: %s", known, why)
        if self._store is not None:
            self._store.record("sign-in", f"{known} was refused: {why}", {"account": known, "why": why}, self._clock())


class OnlyUsers:
    """Lets those read who have an account, in any role, or the token of works."""

    def __init__(self, app: ASGIApp, sign_in: SignIn, token: Token) -> None:
        self._app, self._sign_in, self._token = app, sign_in, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal: Mapping[str, str] | None = None
        try:
            given = Headers(scope=scope).get("authorization")
            has_token = given is not None and self._token.matches(given)
            is_known = has_token or await run_in_threadpool(self._sign_in.knows, given)
            status, detail, refusal = 401, "give the name and the password of your account", CHALLENGE
        except HTTPException as error:
            is_known, status, detail, refusal = False, error.status_code, str(error.detail), error.headers
        answer = self._app if is_known else JSONResponse({"detail": detail}, status, dict(refusal or {}))
        await answer(scope, receive, send)


def _with_article(role: Role) -> str:
    return f"{'an' if role[0] in 'aeiou' else 'a'} {role.replace('_', ' ')}"


def _parse(authorization: str | None) -> tuple[str, str] | None:
    """Name and password of a Basic header (RFC 7617, in UTF-8); ``None`` = it is none."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return (name, password) if colon and name else None
