"""Accounts of the persons who may look, record, confirm and release: one file, with the hashes of their passwords.

The file lies beside the store (``watch.db.users``), readable by its owner alone. Passwords are hashed by scrypt.
"""

import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import get_args

from strandline.errors import InputError
from strandline.files import write_atomically
from strandline.watch.store.records import RELEASING, Role, Signatory

ROLES: tuple[Role, ...] = get_args(Role)
SHORTEST_PASSWORD = 12
MOST_PERSONS = 5
"""Most persons that a release may need."""
_COST, _BLOCK, _MEMORY = 2**15, 8, 64 * 1024 * 1024
"""scrypt's N and r, about 32 MB and a tenth of a second a password, and the memory that it may take [bytes].

Source: RFC 7914; OWASP Password Storage Cheat Sheet gives N = 2^17 at most and 2^13 at least with r = 8.
"""
_IS_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}", re.ASCII)


@dataclass(frozen=True)
class Account:
    """One person's account.

    Attributes:
        name: of the account, short.
        person: their name in full, as it stands in the log and in messages.
        salt, password: of scrypt, in hexadecimal.
    """

    name: str
    person: str
    role: Role
    salt: str
    password: str

    def __repr__(self) -> str:
        return f"Account({self.name!r}, {self.person!r}, {self.role!r})"

    def has_password(self, password: str) -> bool:
        """Whether it is this one; takes about a tenth of a second."""
        return secrets.compare_digest(_hash(password, bytes.fromhex(self.salt)), self.password)


NOBODY = Account("nobody", "Nobody", "viewer", "00" * 16, "")
"""Compared with where there is no such account, so that the time of an answer does not tell."""


@dataclass(frozen=True)
class Accounts:
    """The accounts of a place.

    Attributes:
        persons_to_release: how many different duty officers a warning needs.
        why: who decided so, where it is 1.
    """

    accounts: tuple[Account, ...] = ()
    persons_to_release: int = 2
    why: str = ""

    def find(self, name: str, password: str) -> Account | None:
        """The account with this name and password; ``None`` = there is none."""
        account = next((one for one in self.accounts if one.name == name), NOBODY)
        return account if account.has_password(password) and account is not NOBODY else None

    def signatory(self, account: Account) -> Signatory:
        """The person of an account as the log names them."""
        return Signatory(account.name, account.person, account.role, self.persons_to_release)

    @property
    def can_release(self) -> bool:
        """Whether there are as many duty officers as a release needs."""
        return sum(one.role in RELEASING for one in self.accounts) >= self.persons_to_release

    def add(self, name: str, person: str, role: Role, password: str) -> "Accounts":
        """With another account.

        Raises:
            InputError: the name, the person's name or the password cannot be used, or the name or person is there.
        """
        if not _IS_ACCOUNT.fullmatch(name):
            what = f"account {name!r} is not allowed"
            raise InputError("users", what, "1 to 40 of a-z, 0-9, '.', '_' and '-', as in 'ada'")
        person = " ".join(person.split())
        if not person or len(person) > 120 or not person.isprintable():
            raise InputError(f"account {name!r}", "has no name of a person", "give it in full, as --name 'Ada Vento'")
        if any(one.name == name for one in self.accounts):
            raise InputError(f"account {name!r}", "exists already", "choose another name, or change its password")
        if any(one.person.casefold() == person.casefold() for one in self.accounts):
            what = f"{person} has an account already"
            raise InputError(f"account {name!r}", what, "one account for each person: two would release alone")
        salt = secrets.token_bytes(16)
        account = Account(name, person, role, salt.hex(), _hash(_checked(password, name), salt))
        return replace(self, accounts=(*self.accounts, account))

    def with_password(self, name: str, password: str) -> "Accounts":
        """With another password of an account."""
        salt = secrets.token_bytes(16)
        hashed = _hash(_checked(password, name), salt)
        return self._with(name, lambda one: replace(one, salt=salt.hex(), password=hashed))

    def with_role(self, name: str, role: Role) -> "Accounts":
        """With another role of an account."""
        return self._with(name, lambda one: replace(one, role=role))

    def without(self, name: str) -> "Accounts":
        """Without an account."""
        self._with(name, lambda one: one)
        return replace(self, accounts=tuple(one for one in self.accounts if one.name != name))

    def released_by(self, persons: int, why: str = "") -> "Accounts":
        """With another number of persons that a release needs.

        Raises:
            InputError: it is impossible, or one person without a reason.
        """
        if not 1 <= persons <= MOST_PERSONS:
            raise InputError("users", f"a release by {persons} persons", f"1 to {MOST_PERSONS}")
        if persons == 1 and not why.strip():
            what = "one person alone would release warnings"
            raise InputError("users", what, "say who decided so and why, as --because 'one officer; council, 3 May'")
        return replace(self, persons_to_release=persons, why=" ".join(why.split()))

    def _with(self, name: str, change: Callable[[Account], Account]) -> "Accounts":
        if all(one.name != name for one in self.accounts):
            raise InputError(f"account {name!r}", "does not exist", "`strandline users list` shows all")
        return replace(self, accounts=tuple(change(one) if one.name == name else one for one in self.accounts))


def load_accounts(path: Path) -> Accounts:
    """The accounts of a file; none where it does not exist.

    Raises:
        InputError: it is damaged, a link, or others than its owner may read or write it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return Accounts()
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "put the file itself there") from error
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid != os.geteuid():
            raise InputError(path, "others may read or write it", "let it belong to this user, and `chmod 600` it")
        content = file.read()
    try:
        data = json.loads(content)
        accounts = tuple(Account(**one) for one in data["accounts"])
        found = Accounts(accounts, int(data["persons_to_release"]), str(data["why"]))
        is_whole = all(one.role in ROLES and bytes.fromhex(one.salt) and one.password for one in accounts)
        if not is_whole or not 1 <= found.persons_to_release <= MOST_PERSONS:
            raise ValueError("a value is impossible")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(path, f"is damaged ({error})", "restore it, or move it away and add the users") from error
    return found


def save_accounts(path: Path, accounts: Accounts) -> None:
    """Write the accounts to a file that its owner alone may read.

    Raises:
        InputError: it cannot be written.
    """
    content = json.dumps(asdict(accounts), indent=2, ensure_ascii=False).encode("utf-8") + b"\n"
    with write_atomically(path) as temporary:
        temporary.unlink(missing_ok=True)
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)


def _checked(password: str, name: str) -> str:
    if len(password) < SHORTEST_PASSWORD or password.casefold() == name:
        what = f"the password is shorter than {SHORTEST_PASSWORD} characters"
        raise InputError(f"account {name!r}", what, "four words that only this person knows are easy to keep in mind")
    return password


def _hash(password: str, salt: bytes) -> str:
    text = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(text, salt=salt, n=_COST, r=_BLOCK, p=1, maxmem=_MEMORY).hex()
