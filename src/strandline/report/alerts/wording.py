"""What a warning says, in the languages of the place: what, where, until when, how sure, what to do, what if wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import pandas as pd

from strandline.observations.exposure.place_names import PlaceName
from strandline.observations.region_file.watch.warnings_section import LANGUAGES
from strandline.planning.actions import Response
from strandline.report.alerts.area import WarnedArea
from strandline.report.alerts.catalogue import Catalogue, catalogue_of, code_of, name_of_zone
from strandline.report.alerts.exceedance import Exceedance
from strandline.report.alerts.issuer import Issuer

MOST_NAMED = 12
"""Most areas that a text names; the message outlines all."""
ENGLISH = "en-GB"
SURE, UNSURE = 0.95, 0.05
"""Above and below these probabilities a text gives no number out of ten [-]."""
Call = Response | Literal["Late", "Receding"]
"""What people are asked for: a response of CAP; *Late*, to go on if they have begun to leave and else to go up; or
*Receding*, to wait for the all-clear after the water."""
RESPONSE_TO: dict[Call, Response] = {"Late": "Shelter", "Receding": "Avoid"}
"""The response of CAP to a call that is none itself."""
Basis = Literal["own_gauge", "other_streams", "climate"]
"""What a forecast rests on: the own gauge; other gauges and forecasts; only tide and past storms."""


@dataclass(frozen=True)
class WarningText:
    """A message in one language (RFC 3066)."""

    language: str
    event: str
    headline: str
    description: str
    instruction: str


@dataclass(frozen=True)
class Content:
    """What a warning is about, in no language.

    Attributes:
        place: name of the study area.
        areas: names of the areas at risk; empty = the whole place.
        call: what people are asked for.
        action: its name in the plan, as ``close_floodgates``.
        title: of the action in English, for languages without a text for it.
        level: from which the event counts [m above ``datum``].
        basis: of the forecast; ``None`` = not stated.
        is_exercise: the numbers are simulated.
        drivers: that bring the danger; empty = the sea.
        unwatched: drivers whose floods cannot be seen coming now.
        level_is_uncertain: nobody knows exactly from which level of the sea on water is dangerous.
        place_names: area without a name of its own → names of the largest place in it.
    """

    place: str
    areas: tuple[str, ...]
    call: Call
    action: str
    title: str
    level: float
    datum: str
    exceedance: Exceedance
    basis: Basis | None
    is_exercise: bool
    drivers: tuple[str, ...] = ()
    unwatched: tuple[str, ...] = ()
    level_is_uncertain: bool = False
    place_names: Mapping[str, PlaceName] = field(default_factory=dict)

    @property
    def is_of_danger(self) -> bool:
        """Whether the chance is that of water that is dangerous, and not that the sea passes ``level``."""
        return self.is_of_land or self.level_is_uncertain

    @property
    def is_of_land(self) -> bool:
        """Whether rain or a river brings the danger, by itself or with the sea."""
        return any(driver != "sea" for driver in self.drivers)


def response_to(call: Call) -> Response:
    """The response type of CAP for a call."""
    return RESPONSE_TO.get(call, call)  # type: ignore[arg-type]


def compose(content: Content, issuer: Issuer) -> tuple[WarningText, ...]:
    """Return the text of a warning in each language of its issuer."""
    return tuple(_compose(content, language, issuer.time_zone) for language in issuer.languages)


def withdraw(texts: Sequence[WarningText], areas: Sequence[WarnedArea]) -> tuple[WarningText, ...]:
    """Return the texts that cancel a warning about these areas; in English where no text's language is known."""
    withdrawn = []
    known = [text for text in texts if code_of(text.language) in LANGUAGES]
    for text in known or [replace(texts[0], language=ENGLISH)]:
        catalogue = catalogue_of(text.language)
        names = tuple(area.name_in(text.language) for area in areas)
        keys = ("cancel_what", "where", "cancel_do", "cancel_wrong")
        lines = [catalogue.fill(key, **{"areas": catalogue.listed(names, MOST_NAMED)}) for key in keys]
        withdrawn.append(
            WarningText(
                text.language,
                catalogue.fill("event"),
                catalogue.fill("cancelled", headline=text.headline),
                catalogue.fill("cancel_description"),
                "\n".join(lines),
            )
        )
    return tuple(withdrawn)


def _compose(content: Content, language: str, time_zone: str) -> WarningText:
    catalogue, exceedance = catalogue_of(language), content.exceedance
    chance = _chance(exceedance.probability, catalogue, is_lower_bound=exceedance.is_lower_bound)
    action = catalogue.texts.get(f"action_{content.action}", content.title)
    named_areas = tuple(name_of_zone(each, content.place_names, language) for each in content.areas)
    areas = catalogue.listed(named_areas, MOST_NAMED) or catalogue.fill("whole_place", place=content.place)
    by = _deadline(exceedance, catalogue, time_zone)
    land = "_land" if content.is_of_land else ""
    cause = _listed(content.drivers or ("sea",), catalogue)
    named = f"headline{land}_{content.call}"
    headline = catalogue.fill(
        named if named in catalogue.texts else f"headline_{content.call}",
        place=content.place, action=action, cause=cause,
    )  # fmt: skip
    description = catalogue.fill(
        "description_land" if content.is_of_danger else "description",
        cause=cause,
        level=catalogue.metres(content.level, 2),
        datum=content.datum,
        chance=chance,
        low=catalogue.number(exceedance.low, 1),
        high=catalogue.metres(exceedance.high, 1),
    )
    basis = () if content.basis is None else (catalogue.fill(f"basis_{content.basis}"),)
    unwatched = (catalogue.fill("unwatched", cause=_listed(content.unwatched, catalogue)),) if content.unwatched else ()
    lines = (
        catalogue.fill(f"what{land}", cause=cause),
        catalogue.fill("where", areas=areas),
        _when(exceedance, catalogue, time_zone),
        catalogue.fill("how_sure", chance=chance),
        catalogue.fill(f"do_{content.call}", by=by, action=action),
        catalogue.fill(f"wrong_{content.call}"),
    )
    return WarningText(
        language,
        catalogue.fill(f"event{land}"),
        catalogue.fill("exercise", headline=headline) if content.is_exercise else headline,
        " ".join((description, *basis, *unwatched, catalogue.fill("unmapped"))),
        "\n".join(lines),
    )


def _listed(drivers: tuple[str, ...], catalogue: Catalogue) -> str:
    return catalogue.listed(tuple(catalogue.fill(f"driver_{driver}") for driver in drivers), MOST_NAMED)


def _deadline(exceedance: Exceedance, catalogue: Catalogue, time_zone: str) -> str:
    """Until when to act: before the water may come."""
    if exceedance.earliest is None or exceedance.earliest <= exceedance.issued:
        return catalogue.fill("at_once")
    return catalogue.fill("before", time=catalogue.moment(exceedance.earliest, time_zone))


def _when(exceedance: Exceedance, catalogue: Catalogue, time_zone: str) -> str:
    named: list[pd.Timestamp] = []

    def at(time: pd.Timestamp) -> str:
        """The time, without its day where the time named before is on the same one."""
        named.append(time)
        return catalogue.moment(time, time_zone, *named[-2:-1])

    earliest, onset, latest = exceedance.earliest, exceedance.onset, exceedance.latest_end
    if earliest is None or onset is None:
        return catalogue.fill("when_never", latest=at(latest))
    if onset <= exceedance.issued:
        start = catalogue.fill("start_now")
    elif earliest == onset:
        start = catalogue.fill("start", onset=at(onset))
    else:
        start = catalogue.fill("start_between", onset=at(onset), earliest=at(earliest))
    key = "end_open" if exceedance.is_open_ended else "end"
    if exceedance.likely_end < latest:
        end = catalogue.fill(f"{key}_between", likely=at(exceedance.likely_end), latest=at(latest))
    else:
        end = catalogue.fill(key, latest=at(latest))
    return catalogue.fill("when", start=start, end=end)


def _chance(probability: float, catalogue: Catalogue, *, is_lower_bound: bool) -> str:
    """The chance in words; a lower bound is rounded down."""
    if probability > SURE:
        return catalogue.fill("chance_sure")
    if probability < UNSURE:
        return catalogue.fill("chance_small_at_least" if is_lower_bound else "chance_small")
    if not is_lower_bound:
        return catalogue.fill("chance", n=catalogue.number(max(1, round(probability * 10))))
    tenths = int(probability * 10 + 1e-9)
    return (
        catalogue.fill("chance_at_least", n=catalogue.number(tenths)) if tenths else catalogue.fill("chance_twentieth")
    )
