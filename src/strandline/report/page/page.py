"""The report as one HTML file that works without a network."""

import re
from functools import partial

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from strandline.observations.fetch.credits.data_files import attributions, non_commercial_sentence
from strandline.observations.region_file.prices.money import MoneyUnit
from strandline.planning import formatting
from strandline.planning.exposure.notes import frequent_notes
from strandline.report.alerts.forecast_trace import forecast_of_the_peak
from strandline.report.findings import RunResults
from strandline.report.flooded_land import flooded_land
from strandline.report.page.forecast_text import forecast_sentences, lead_rows, range_sentence, weather_sentence
from strandline.report.page.how_learnt import learnt_sentences, part_rows, read_ablation
from strandline.report.page.livelihoods import deaths_by_district, field_sentences, per_year_rows
from strandline.report.page.narrative import (
    beyond_maps_sentences,
    drafts_sentence,
    information_sentences,
    lead_answers,
    missed_cells_sentence,
    missing_data_sentences,
    outdated_survey_sentences,
    population_sentences,
    skill_sentences,
    uncounted_homes_sentences,
    unknown_assets_sentence,
)
from strandline.report.page.pictures import draw_all
from strandline.report.page.rain_and_rivers import all_driver_sentences
from strandline.report.page.tables import (
    at_least,
    damage_table,
    headline_tiles,
    provenance_label,
    ranked_assets,
    source_rows,
)
from strandline.report.plan import repairs
from strandline.report.plan.chosen_strategy import choice_sentences
from strandline.report.plan.evacuation_table import (
    COLUMNS,
    INTRODUCTION,
    about_areas,
    call_sentences,
    evacuation_rows,
    zones_in_words,
)
from strandline.report.plan.flood_times_table import TIME_COLUMNS, time_notes, time_rows, time_title
from strandline.report.plan.pathway_lines import (
    ABOUT_RANGES,
    describe_beginning,
    describe_choice,
    describe_sequence,
    format_tipping_point,
    signpost_table,
)
from strandline.report.plan.phase_text import describe_phases, format_lead
from strandline.report.plan.proposal import (
    describe_avoided,
    describe_measure_set,
    describe_where,
    source_sentences,
    titles,
    where_of,
)
from strandline.report.plan.scenario_table import summarise_by_sea_level
from strandline.report.products import return_levels
from strandline.report.radar_scenes import scene_rows, scene_sentences
from strandline.risk.hazard.joint.driver_floods import DriverFloods
from strandline.risk.people import BASIS_OF_BOUNDS
from strandline.risk.stage_damage.annual_probability import FloodChances

MAX_RANKED_ASSETS = 12
LIMITS = (
    "A depth is the greatest depth of still water during one event. Water less than 0.15 m deep does not count as a "
    "flood.",
    "Flood maps come from a machine-learning model driven by synthetic storms. It was trained on few floods of this "
    "site.",
    "Where there is no flood survey, the chances on the map are those of the large model (the teacher), which can be "
    "overconfident at a site that it was not trained on.",
    "Sea levels rarer than the record is long are extrapolated. Their range covers the uncertainty of the fit, not a "
    "changing climate.",
    "Damage follows depth–damage curves for a whole continent (Huizinga et al. 2017). They describe classes of "
    "buildings, not any one building.",
    "Elevation data can be wrong by a metre and more on low coasts, most of all under trees. The flood map is wrong "
    "there, too.",
    "A person must confirm every alert. Nothing has been sent to anyone.",
)


def render_page(results: RunResults) -> str:
    """Return the report as HTML; all text is escaped, and nothing is loaded from elsewhere."""
    levels = return_levels(results.hazard)
    trace = forecast_of_the_peak(results.surge)
    ranked = ranked_assets(results, MAX_RANKED_ASSETS)
    page = _environment(results.plan.money).get_template("report.html.jinja").render(
        results=results,
        plan=results.plan,
        region=results.hazard.region,
        centre=results.hazard.region.centre_lonlat,
        labels={} if results.plan.protocol is None else {one.name: one.label for one in results.plan.protocol.phases},
        run=results.run,
        kinds={section: provenance_label(kinds) for section, kinds in results.kinds.items()},
        levels=levels.to_dict(orient="records"),
        rarest=levels.iloc[-1].to_dict(),
        answers=lead_answers(results, levels),
        missed_cells=missed_cells_sentence(results.learning),
        tiles=headline_tiles(results, levels),
        forecast=forecast_sentences(trace, results.surge_scores),
        first_period=FloodChances.of(results.hazard, results.frequent).return_periods[0],
        all_drivers=all_driver_sentences(results.by_driver, results.plan.money)
        if isinstance(results.by_driver, DriverFloods)
        else [],
        beyond_maps_today=beyond_maps_sentences([results.impact.share_beyond_maps]),
        beyond_maps_later=beyond_maps_sentences([each.share_beyond_maps for each in results.rise_scenarios]),
        forecast_range=range_sentence(results.surge_scores),
        lead_rows=lead_rows(results.surge_scores),
        lead_note=weather_sentence(results.surge_scores),
        drawings=draw_all(results, levels, trace, ranked),
        rise_scenarios=[(each, float(np.median(each.hazard.level_draws[:, -1]))) for each in results.rise_scenarios],
        sinks=any(each.sunk for each in results.rise_scenarios),
        has_place_names=results.place_names is not None and not results.place_names.empty,
        evacuation_columns=COLUMNS,
        repair_columns=repairs.COLUMNS,
        repair_introduction=repairs.repair_introduction,
        choice_sentences=choice_sentences,
        repair_rows=repairs.repair_rows,
        evacuation_introduction=INTRODUCTION,
        by_sea_level=summarise_by_sea_level(results.plan.scenarios),
        signposts=None if results.plan.pathways is None else signpost_table(results.plan.pathways),
        time_columns=TIME_COLUMNS,
        time_rows=time_rows(results.plan) if results.plan.flood_times else [],
        time_title=time_title(results.plan) if results.plan.flood_times else "",
        time_notes=time_notes(results.plan) if results.plan.flood_times else [],
        damage=damage_table(results),
        population=population_sentences(results.impact),
        uncounted_homes=uncounted_homes_sentences(results.impact),
        deaths_by_district=deaths_by_district(results.impact.loss_of_life),
        people_basis=BASIS_OF_BOUNDS,
        per_year=per_year_rows(results.impact.loss_of_life, results.impact.by_all_drivers),
        fields=field_sentences(results.impact.fields, levels["return_period"].iloc[-1]),
        outdated_survey=outdated_survey_sentences(results.impact),
        information=information_sentences(results.information),
        ranked=ranked.to_dict(orient="records"),
        skill=skill_sentences(results.learning),
        learnt=[] if results.learnt is None else learnt_sentences(results.learnt),
        parts=[] if results.learnt is None else part_rows(results.learnt),
        ablation=None if results.learnt is None else read_ablation(results.learnt.recipe),
        missing_data=missing_data_sentences(results),
        unknown_assets=unknown_assets_sentence(results.impact, results.plan.money),
        frequent=frequent_notes(results.impact.frequent, results.plan.money),
        unknown_share=flooded_land(results.hazard, results.observations.terrain).unknown_share,
        sources=source_rows(results),
        radar_scenes=scene_rows(results.radar_scenes),
        radar_sentences=scene_sentences(results.radar_scenes),
        files=results.observations.files,
        credits=attributions(results.observations.files),
        non_commercial=non_commercial_sentence(results.observations.files),
        limits=LIMITS,
        drafts=drafts_sentence(results, trace),
    )  # fmt: skip
    return formatting.visible(page)


def _environment(money: MoneyUnit) -> Environment:
    environment = Environment(
        loader=PackageLoader("strandline.report.page", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for function in (
        formatting.format_percent, formatting.format_metres, formatting.format_years,
        formatting.format_time, formatting.format_date, formatting.format_duration, formatting.pluralise,
        formatting.format_key, formatting.capitalise, formatting.format_ratio,
        formatting.format_score, formatting.format_count, formatting.format_people,
    ):  # fmt: skip
        environment.filters[function.__name__.removeprefix("format_")] = function
    environment.filters["money"] = partial(formatting.format_money, money=money)
    environment.filters["plain"] = partial(re.sub, r"\*+", "")
    environment.filters["lead"] = format_lead
    environment.filters["mean"] = partial(formatting.format_mean, money=money)
    environment.filters["expectation"] = partial(formatting.format_expectation, money=money)
    environment.globals |= {
        "at_least": at_least,
        "money_between": partial(formatting.format_money_between, money=money),
        "describe_phases": describe_phases,
        "describe_where": describe_where,
        "where_of": where_of,
        "describe_avoided": partial(describe_avoided, money=money),
        "evacuation_rows": evacuation_rows,
        "zones_in_words": zones_in_words,
        "about_areas": about_areas,
        "call_sentences": call_sentences,
        "format_tipping_point": format_tipping_point,
        "describe_sequence": describe_sequence,
        "describe_choice": describe_choice,
        "describe_beginning": describe_beginning,
        "about_ranges": ABOUT_RANGES,
        "titles": titles,
        "describe_measure_set": describe_measure_set,
        "source_sentences": source_sentences,
    }
    return environment
