"""Mutated files and region files: read or refused in a sentence, never a traceback, a hang or an impossible value.

The short fuzzer runs with the suite. The long one is `STRANDLINE_FUZZ=5000 pytest -m fuzz`.
"""

import random
import zlib
from collections.abc import Iterator
from functools import partial
from math import ceil
from pathlib import Path

import pytest

from strandline.observations.readers.formats.reading_process import ReadingLimits, ReadingProcess
from strandline.observations.region_file import RegionFile, load_region_file
from tests.fixtures.fuzzed_region import READERS, Reader, is_plausible, region_text, write_fuzzed_region
from tests.fixtures.fuzzing import HOSTILE_LITERALS, INPUTS, Outcomes, literals, mutated, packed_alike

pytestmark = pytest.mark.slow

SHORT, SHORT_ISOLATED, SHORT_KEYS = 12, 6, 150
FILES_SHARE, KEYS_SHARE = 0.5, 0.2


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> RegionFile:
    return write_fuzzed_region(tmp_path_factory.mktemp("region"))


@pytest.fixture(scope="module")
def process() -> Iterator[ReadingProcess]:
    with ReadingProcess(ReadingLimits(20.0, 0.0, 1024)) as opened:
        yield opened


def folder_of(region: RegionFile) -> Path:
    return region.terrain.path.parent


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.file)
def test_every_sound_file_is_read(reader: Reader, region: RegionFile) -> None:
    is_plausible(reader.read(region))


def fuzz(reader: Reader, region: RegionFile, process: ReadingProcess, count: int, first: int) -> Outcomes:
    path, outcomes = folder_of(region) / reader.file, Outcomes()
    sound = path.read_bytes()
    plain = zlib.decompress(sound, zlib.MAX_WBITS | 32) if path.suffix == ".gz" else sound
    if reader.is_isolated:
        process([path], partial(reader.read, region))  # starts it
    try:
        for seed in range(first, first + count):
            rng = random.Random(f"{reader.file} {seed}")
            path.write_bytes(packed_alike(path, mutated(plain, rng)) if rng.random() < 0.9 else mutated(sound, rng))
            read = partial(reader.read, region)
            call = partial(process, [path], read) if reader.is_isolated else read
            outcomes.of(reader.file, seed, call, is_plausible)
    finally:
        path.write_bytes(sound)
    return outcomes


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.file)
def test_a_mutated_file_is_read_or_refused_in_a_sentence(
    reader: Reader, region: RegionFile, process: ReadingProcess
) -> None:
    count = SHORT_ISOLATED if reader.is_isolated else SHORT
    fuzz(reader, region, process, count, 0).report(reader.file)


@pytest.mark.fuzz
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.file)
def test_many_mutated_files_are_read_or_refused_in_a_sentence(
    reader: Reader, region: RegionFile, process: ReadingProcess
) -> None:
    if not INPUTS:
        pytest.skip("set STRANDLINE_FUZZ to the number of inputs")
    count = ceil(INPUTS * FILES_SHARE / len(READERS))
    fuzz(reader, region, process, count, 1000).report(reader.file)


def fuzz_keys(folder: Path, count: int, first: int) -> Outcomes:
    """Each value of the region file becomes something else; what is accepted has finite numbers in range."""
    text, outcomes = region_text(), Outcomes()
    spans = list(literals(text))
    path = folder / "fuzzed.toml"
    for seed in range(first, first + count):
        rng = random.Random(f"keys {seed}")
        if rng.random() < 0.8:
            start, end = rng.choice(spans)
            path.write_text(text[:start] + rng.choice(HOSTILE_LITERALS) + text[end:], encoding="utf-8")
        else:
            path.write_bytes(mutated(text.encode(), rng))
        outcomes.of("region file", seed, partial(load_region_file, path))
    return outcomes


@pytest.mark.filterwarnings("ignore")
def test_a_hostile_value_of_any_key_is_accepted_or_refused_in_a_sentence(tmp_path: Path) -> None:
    fuzz_keys(tmp_path, SHORT_KEYS, 0).report("region keys")


@pytest.mark.fuzz
@pytest.mark.filterwarnings("ignore")
def test_many_hostile_values_are_accepted_or_refused_in_a_sentence(tmp_path: Path) -> None:
    if not INPUTS:
        pytest.skip("set STRANDLINE_FUZZ to the number of inputs")
    fuzz_keys(tmp_path, int(INPUTS * KEYS_SHARE), 10_000).report("region keys")
