"""One server for each test of a source."""

from collections.abc import Iterator

import pytest

from tests.fixtures.data_services import DataService, serving_data


@pytest.fixture
def service(socket_enabled: None) -> Iterator[DataService]:
    with serving_data() as service:
        yield service
