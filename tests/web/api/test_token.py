"""The token for confirmations."""

import pytest

from strandline.errors import InputError
from strandline.web.api.token import ENVIRONMENT_VARIABLE, load_token


def test_the_token_is_long_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT_VARIABLE, raising=False)
    one, other = load_token(), load_token()
    assert one.value != other.value
    assert len(one.value) >= 40
    assert one.is_new
    assert one.value not in repr(one)
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, "short")
    with pytest.raises(InputError, match="shorter than 20") as refused:
        load_token()
    assert "short" not in str(refused.value).replace("shorter", "")
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, "x" * 24)
    assert load_token() == type(one)("x" * 24, is_new=False)
