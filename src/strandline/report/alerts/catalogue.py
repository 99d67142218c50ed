"""Texts in several languages, kept as TOML beside the code that uses them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import pandas as pd

from strandline.observations.exposure.place_names import LOCAL, PlaceName
from strandline.observations.region_file.values import parse_time_zone


def read_catalogue(package: str, language: str) -> Mapping[str, str]:
    """Return the keys and texts of ``languages/LANGUAGE.toml`` in a package; language by ISO 639-1."""
    text = (files(package) / "languages" / f"{language}.toml").read_text(encoding="utf-8")
    catalogue: dict[str, str] = tomllib.loads(text)
    return catalogue


@dataclass(frozen=True)
class Catalogue:
    """Texts of warnings in one language, and how it writes numbers and times."""

    texts: Mapping[str, str]

    def fill(self, key: str, **values: str) -> str:
        """Return the text of a key with its fields filled in."""
        return self.texts[key].format(**values)

    def number(self, value: float, places: int = 0) -> str:
        """Return a number in the language's digits and with its decimal mark."""
        return self._digits(f"{value:.{places}f}".replace("-", "−").replace(".", self.texts["decimal"]))

    def metres(self, value: float, places: int) -> str:
        """``1.18 m``."""
        return self.fill("metres", n=self.number(value, places))

    def listed(self, names: tuple[str, ...], most: int) -> str:
        """``A, B and C``; of more than ``most`` names, the first and how many others."""
        if len(names) > most:
            return self.fill("more", names=", ".join(names[:most]), n=self.number(len(names) - most))
        if len(names) < 2:
            return "".join(names)
        return self.fill("list", names=", ".join(names[:-1]), last=names[-1])

    def moment(self, time: pd.Timestamp, time_zone: str, after: pd.Timestamp | None = None) -> str:
        """``Tuesday 22 November, 14:00 local time (13:00 UTC)``; ``14:00 (13:00 UTC)`` on the day of ``after``.

        Args:
            time, after: naive UTC; ``after`` was named just before.
        """
        zone, universal = parse_time_zone(time_zone), time.tz_localize("UTC")
        local = universal.tz_convert(zone)
        is_same_day = after is not None and after.tz_localize("UTC").tz_convert(zone).date() == local.date()
        utc = self._clock(universal)
        if local.date() != universal.date():
            utc = self.fill("other_day", date=self._date(universal), time=utc)
        return self.fill(
            f"{'clock' if is_same_day else 'moment'}_{'local' if local.utcoffset() else 'utc'}",
            weekday=self.texts["weekdays"].split("|")[local.weekday()],
            date=self._date(local),
            time=self._clock(local),
            utc=utc,
        )

    def short_moment(self, time: pd.Timestamp, time_zone: str) -> str:
        """``Tuesday 14:00``, local time of the place; ``time`` is naive UTC."""
        local = time.tz_localize("UTC").tz_convert(parse_time_zone(time_zone))
        weekday = self.texts["weekdays"].split("|")[local.weekday()]
        return self.fill("moment_short", weekday=weekday, time=self._clock(local))

    def _date(self, time: pd.Timestamp) -> str:
        months = self.texts["months"].split("|")
        return self.fill("date", day=self.number(time.day), month=months[time.month - 1])

    def _clock(self, time: pd.Timestamp) -> str:
        return self._digits(f"{time:%H:%M}")

    def _digits(self, text: str) -> str:
        return text.translate(str.maketrans("0123456789", self.texts["digits"]))


@cache
def catalogue_of(language: str) -> Catalogue:
    """Return the texts of warnings for a language code as ``en-GB``; regions of one language share them."""
    return Catalogue(read_catalogue("strandline.report.alerts", code_of(language)))


def code_of(language: str) -> str:
    """ISO 639-1 code of a language as ``en-GB``."""
    return language.split("-")[0].lower()


def name_of_zone(zone: str, place_names: Mapping[str, PlaceName], language: str = "en") -> str:
    """The zone for readers: ``B3 (around Ben Tre)`` where it has no name of its own, in whatever goes out.

    Args:
        place_names: zone → names of the place in it, see ``EvacuationAreas``.
        language: RFC 3066.
    """
    place = place_names.get(zone)
    if place is None:
        return zone
    return catalogue_of(language).fill("zone_around", zone=zone, place=place.get(code_of(language), place[LOCAL]))


def is_checked(language: str) -> bool:
    """Whether the texts are the original, or a native speaker has checked them."""
    return catalogue_of(language).texts["checked"] != "no"
