"""Accounts: hashed passwords, one for each person, in a file of one owner."""

import json
from pathlib import Path

import pytest

from strandline.errors import InputError
from strandline.watch.alerts.accounts import Accounts, load_accounts, save_accounts

PASSWORD = "four words that only tests know"


@pytest.fixture(scope="module")
def accounts() -> Accounts:
    return Accounts().add("ada", "Ada Vento", "duty_officer", PASSWORD)


def test_an_account_is_found_by_its_own_password_alone(accounts: Accounts) -> None:
    found = accounts.find("ada", PASSWORD)
    assert found is not None
    assert (found.person, found.role) == ("Ada Vento", "duty_officer")
    for name, password in (("ada", PASSWORD + " "), ("ada", ""), ("bo", PASSWORD), ("nobody", ""), ("ADA", PASSWORD)):
        assert accounts.find(name, password) is None, name
    assert accounts.with_password("ada", PASSWORD[::-1]).find("ada", PASSWORD) is None


def test_equal_passwords_have_different_hashes_and_nothing_shows_them(accounts: Accounts) -> None:
    one, other = accounts.add("bo", "Bo Lund", "viewer", PASSWORD).accounts
    assert one.password != other.password
    assert one.password not in repr(accounts)
    assert len(bytes.fromhex(one.password)) == 64


def test_a_file_of_accounts_is_its_owners_alone(accounts: Accounts, tmp_path: Path) -> None:
    path = tmp_path / "watch.db.users"
    assert load_accounts(path) == Accounts()
    save_accounts(path, accounts)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_accounts(path) == accounts
    assert PASSWORD not in path.read_text()
    path.chmod(0o640)
    with pytest.raises(InputError, match="others may read or write it"):
        load_accounts(path)
    path.chmod(0o600)
    (tmp_path / "linked").symlink_to(path)
    with pytest.raises(InputError, match="cannot be read"):
        load_accounts(tmp_path / "linked")


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data | {"persons_to_release": 0},
        lambda data: data | {"accounts": [{"name": "ada"}]},
        lambda data: data | {"accounts": [data["accounts"][0] | {"role": "king"}]},
        lambda data: data | {"accounts": [data["accounts"][0] | {"password": ""}]},
        lambda data: data | {"accounts": [data["accounts"][0] | {"salt": ""}]},
        lambda data: [],
        lambda data: {},
    ],
)
def test_a_damaged_file_lets_nobody_in(accounts: Accounts, tmp_path: Path, damage) -> None:
    path = tmp_path / "users"
    save_accounts(path, accounts)
    path.write_text(json.dumps(damage(json.loads(path.read_text()))))
    with pytest.raises(InputError, match="is damaged"):
        load_accounts(path)


def test_one_person_has_one_account_with_a_long_password(accounts: Accounts) -> None:
    for name, person, password, why in (
        ("ada", "Eve Low", PASSWORD, "exists already"),
        ("ada2", "ada  vento", PASSWORD, "has an account already"),
        ("eve", "Eve Low", "short", "shorter than 12"),
        ("Eve:", "Eve Low", PASSWORD, "is not allowed"),
        ("eve", " ", PASSWORD, "has no name"),
        ("eve", "E\x1bve", PASSWORD, "has no name"),
    ):
        with pytest.raises(InputError, match=why):
            accounts.add(name, person, "viewer", password)


def test_one_officer_is_enough_only_where_somebody_says_why(accounts: Accounts) -> None:
    assert accounts.persons_to_release == 2
    assert not accounts.can_release
    with pytest.raises(InputError, match="say who decided so and why"):
        accounts.released_by(1, " ")
    with pytest.raises(InputError, match="1 to 5"):
        accounts.released_by(0, "nobody is needed")
    alone = accounts.released_by(1, "one officer; council, 3 May")
    assert alone.can_release
    assert alone.signatory(alone.accounts[0]).persons_needed == 1
    assert not alone.with_role("ada", "administrator").can_release, "who keeps the accounts releases nothing"
