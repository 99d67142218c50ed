"""An embankment's crest in the damage chain, compared with a wall in a hydrodynamic model."""

import numpy as np
import pytest

from strandline.risk.stage_damage.protection import Protection
from strandline.simulator.hydrodynamics.basin import Basin
from strandline.simulator.hydrodynamics.forcing import Forcing
from strandline.simulator.hydrodynamics.inundation import inundate

WALL, CREST = 12, 1.5
"""Column of the wall, and its crest [m]."""
PEAKS = np.array([1.0, 1.4, 1.6, 2.0, 2.8])


def beach(wall: bool) -> Basin:
    """A rough beach that rises eastwards from the sea, with or without a wall along the shore."""
    rng = np.random.default_rng(0)
    bed = np.linspace(-2.0, 2.4, 24) + 0.1 * rng.standard_normal((16, 24))
    if wall:
        bed[:, WALL] = np.maximum(bed[:, WALL], CREST)
    sea = np.zeros(bed.shape, dtype=bool)
    sea[:, 0] = True
    return Basin(bed, np.full(bed.shape, 0.03), 100.0, sea)


def greatest_depth(basin: Basin) -> np.ndarray:
    """(E, H, W) [m] of a sea that rises to each peak and falls again within six hours."""
    time = np.linspace(0.0, 6 * 3600.0, 25)
    level = PEAKS[:, None] * np.sin(np.pi * time / time[-1])
    return inundate(basin, Forcing(time, level), initial_level=np.zeros(PEAKS.size)).max_depth


@pytest.fixture(scope="module")
def depths() -> tuple[np.ndarray, np.ndarray]:
    """Without and with the wall."""
    return greatest_depth(beach(wall=False)), greatest_depth(beach(wall=True))


def test_a_wall_keeps_out_the_seas_that_a_crest_keeps_out_in_the_chain(depths: tuple[np.ndarray, np.ndarray]) -> None:
    open_shore, walled = (depth[..., WALL + 1 :] for depth in depths)
    chain = np.where(Protection(crest=CREST).keeps_out(PEAKS)[:, None, None], 0.0, open_shore)
    below = PEAKS <= CREST
    assert open_shore[below].max() > 0.1, "without the wall these seas flood the land behind it"
    np.testing.assert_allclose(walled[below], chain[below], atol=1e-6)
    assert not chain[below].any()


def test_where_the_sea_overtops_the_chain_has_as_much_water_as_the_model_or_more(
    depths: tuple[np.ndarray, np.ndarray],
) -> None:
    """Water trapped behind an overtopped wall is a few centimetres deeper than in the chain; no more."""
    open_shore, walled = (depth[..., WALL + 1 :] for depth in depths)
    chain = np.where(Protection(crest=CREST).keeps_out(PEAKS)[:, None, None], 0.0, open_shore)
    above = PEAKS > CREST
    assert (walled[above] <= chain[above] + 0.05).all()
    kept = walled[above].sum(axis=(1, 2)) / chain[above].sum(axis=(1, 2))  # (E,) share of the water that gets behind
    assert kept[0] < 0.5, "just above the crest the wall still holds most of it back: the chain credits none of that"
    assert kept[-1] == pytest.approx(1.0, abs=0.02), "far above it, it makes no difference"
