"""A watch follows a protocol that an officer has edited, or refuses it at its start with what would be right."""

import re
from hashlib import sha256
from pathlib import Path

import pytest

from strandline.errors import InputError
from strandline.pipeline.deployment import Deployment
from strandline.pipeline.protocol_in_force import follow_protocol
from strandline.planning.early_action.protocol import Protocol
from strandline.planning.early_action.protocol_file import protocol_to_toml
from tests.fixtures.reports import observations
from tests.fixtures.watches import a_deployment

PHASE = "evacuate_low_lying_areas"


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return a_deployment()


def edited(deployment: Deployment, folder: Path, old: str = "", new: str = "") -> Path:
    """The run's protocol as a file, with one change."""
    assert deployment.protocol is not None
    text = protocol_to_toml(deployment.protocol)
    assert old in text
    path = folder / "agreed.toml"
    path.write_text(text.replace(old, new, 1) if old else text, encoding="utf-8")
    return path


def test_an_edited_protocol_is_followed_and_its_hash_known(deployment: Deployment, tmp_path: Path) -> None:
    assets = observations("simulated").require_assets()
    path = edited(deployment, tmp_path, "probability = 0.5", "probability = 0.3")
    followed, file = follow_protocol(path, deployment, assets)
    assert isinstance(followed.protocol, Protocol)
    assert followed.protocol.indicators["likely"].probability == 0.3
    assert followed.zones_of_phase == deployment.zones_of_phase
    assert (file.name, file.digest) == ("agreed.toml", sha256(path.read_bytes()).hexdigest())
    untouched, _ = follow_protocol(edited(deployment, tmp_path), deployment, assets)
    assert untouched.protocol == deployment.protocol


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("lead_window_hours = [6.0, 48.0]", "lead_window_hours = [6.0, 72.0]",
         r"[indicators.likely]: looks 72 h ahead, and the forecast reaches 48 h; end its lead window at 48 h"),
        ('variable = "forecast_water_level"', 'variable = "wind_speed"',
         "[indicators.likely]: reads wind_speed, which this watch does not have; use forecast_water_level"),
        ("value = 1.18", "value = 118.0", "[indicators.likely]: names a level of 118 m, and this run knows"),
        ('start = "likely"', 'start = "spare"', "the stream that it should replace"),
        ('start = "likely"', 'start = "likley"', "'likley' is no known indicator"),
        ("Harbour school", "Harbor school", "concerns Harbor school: no zone or asset of this run is called so"),
    ],
)  # fmt: skip
def test_a_protocol_that_cannot_run_here_is_refused_with_what_where_and_how(
    deployment: Deployment, tmp_path: Path, old: str, new: str, message: str
) -> None:
    path, assets = edited(deployment, tmp_path, old, new), observations("simulated").require_assets()
    with pytest.raises(InputError, match=re.escape(message)) as refused:
        follow_protocol(path, deployment, assets)
    assert "agreed.toml" in str(refused.value)
