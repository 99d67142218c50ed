"""A set of gauges from files that the caller names."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.surge.records.gauge import GaugeSet, Period
from benchmarks.surge.records.layout import read_gauges
from strandline.errors import InputError


def read_given(
    gauges: Sequence[Path],
    stations: Path | None,
    weather: Sequence[Path],
    operational: Sequence[Path],
    periods: tuple[Sequence[str], Sequence[str]],
    *,
    high_waters: bool,
) -> GaugeSet:
    """The set ``given``.

    Args:
        periods: training and test, each a list of ``first/last`` days; both empty = blocks of the record.
        high_waters: whether high waters alone are scored.
    """
    train, test = (tuple(_days(span) for span in spans) for spans in periods)
    if bool(train) != bool(test):
        raise InputError("periods", "are given for training or test alone", "give --train and --test, or neither")
    found = read_gauges(gauges, stations, weather, operational, high_waters=high_waters)
    return GaugeSet("given", found, Period(train, test), fraction=1.0 if operational else 0.05)


def _days(span: str) -> tuple[str, str]:
    first, _, last = span.partition("/")
    if not last:
        raise InputError(f"period '{span}'", "has no last day", "write it as 2012-01-01/2013-12-31")
    return first, last
