"""The ground on which works are tried comes back as it was kept, or not at all."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from strandline.errors import InputError
from strandline.pipeline.deployment.trial_ground_file import ARRAYS, load_trial_ground, save_trial_ground
from tests.fixtures.trial_grounds import a_trial_ground


def test_it_comes_back_to_single_precision(tmp_path: Path) -> None:
    kept = a_trial_ground()
    save_trial_ground(tmp_path, kept)
    again = load_trial_ground(tmp_path)
    for name in ARRAYS:
        np.testing.assert_allclose(getattr(again, name), getattr(kept, name), rtol=1e-6, atol=1e-6, err_msg=name)
    assert (again.region, again.futures, again.return_periods) == (kept.region, kept.futures, kept.return_periods)
    assert again.land.dtype == bool
    assert again.people is None


def test_a_missing_or_damaged_file_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="older version"):
        load_trial_ground(tmp_path)
    save_trial_ground(tmp_path, a_trial_ground())
    path = tmp_path / "trial_ground.nc"
    content = bytearray(path.read_bytes())
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="cannot be read"):
        load_trial_ground(tmp_path)
    rng = np.random.default_rng(1)
    for _ in range(20):
        hurt = bytearray(content)
        for place in rng.integers(0, len(hurt), 40):
            hurt[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(hurt)
        with suppress(InputError):
            load_trial_ground(tmp_path)
