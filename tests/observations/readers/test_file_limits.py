"""What is no file, or too large a one, is refused before it is read; a packed one while it is unpacked."""

import gzip
import os
import socket
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.observations.readers.formats.fields import open_fields
from strandline.observations.readers.formats.file_limits import check_file, open_file, read_limited, unpack
from strandline.observations.readers.formats.rasters import open_raster
from strandline.observations.readers.formats.tables import read_text
from strandline.observations.readers.formats.vectors import read_vectors
from strandline.observations.region_file.toml_file import read_toml
from tests.fixtures.hostile_files import sparse_file


def open_any_raster(path: Path) -> None:
    with open_raster(path):
        pass


READERS: list[Callable[[Path], object]] = [
    check_file,
    open_file,
    lambda path: read_limited(path, 100),
    read_text,
    open_fields,
    open_any_raster,
    lambda path: read_vectors(path, []),
    read_toml,
]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("link", [False, True])
def test_no_reader_waits_for_a_pipe_or_reads_a_device(
    tmp_path: Path, read: Callable[[Path], object], *, link: bool
) -> None:
    """Opening a pipe without a writer waits for one; ``/dev/zero`` has no end."""
    os.mkfifo(tmp_path / "pipe")
    start = time.perf_counter()
    for target in (tmp_path / "pipe", Path("/dev/zero")):
        path = tmp_path / f"link to {target.name}" if link else target
        if link:
            path.symlink_to(target)
        with pytest.raises(InputError):
            read(path)
    assert time.perf_counter() - start < 2.0


def test_what_it_is_instead_is_named(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        with pytest.raises(InputError, match="is a socket; give a regular file"):
            check_file(tmp_path / "socket")
    with pytest.raises(InputError, match="is a folder; give a regular file"):
        open_file(tmp_path)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("loop", "nowhere", "a\0b", "x" * 5000):
        with pytest.raises(InputError, match="cannot be read"):
            check_file(tmp_path / name)


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = sparse_file(tmp_path / "levels.csv", 4 << 30)
    start = time.perf_counter()
    with pytest.raises(InputError, match=r"levels\.csv: holds 4,295 MB; more than 537 MB is not read"):
        read_text(path)
    assert time.perf_counter() - start < 0.5


@pytest.mark.slow
def test_a_table_of_many_gigabytes_in_a_small_gzip_file_is_left_at_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "levels.csv.gz"
    path.write_bytes(gzip.compress(b"0" * (1 << 26), 6))
    tracemalloc.start()
    with pytest.raises(InputError, match="holds more than 1 MB"):
        read_limited(path, 1 << 20)
    assert tracemalloc.get_traced_memory()[1] < 8e6  # bytes
    tracemalloc.stop()


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(0, 700))
def test_packed_content_unpacks_to_its_first_bytes(members: list[bytes], most: int) -> None:
    packed = b"".join(gzip.compress(each) for each in members)
    assert unpack(packed, most) == b"".join(members)[:most]
    assert unpack(packed + b"\0" * 9, most) == b"".join(members)[:most]


@given(st.binary(min_size=30, max_size=300), st.data())
def test_half_a_packed_file_is_refused(content: bytes, data: st.DataObject) -> None:
    packed = gzip.compress(content)
    with pytest.raises(EOFError):
        unpack(packed[: data.draw(st.integers(1, len(packed) - 9))], 10_000)
