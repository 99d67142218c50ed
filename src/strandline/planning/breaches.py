"""What a plan must say of embankments that may breach, because its flood maps do not know it."""

import geopandas as gpd

MORE_LIKELY_THAN_NOT = 0.5


def breach_notes(assets: gpd.GeoDataFrame, return_period: float) -> tuple[str, ...]:
    """One note on the embankments whose crest the survey knows; empty without any.

    Args:
        assets: of an impact, with ``breach`` at ``return_period`` [a] and ``breach_per_year``.
    """
    if "breach" not in assets:
        return ()
    known = assets[assets["breach"].notna()].sort_values("breach", ascending=False, kind="stable")
    likely = known[known["breach"] >= MORE_LIKELY_THAN_NOT]
    count = f"Of {len(known)} embankment{'' if len(known) == 1 else 's'} whose crest is known, "
    if likely.empty:
        said = f"{count}none is more likely than not to breach at the {return_period:g}-year level"
    else:
        names = ", ".join(str(name) for name in likely["asset_id"].head(3)) + (" and others" if len(likely) > 3 else "")
        said = f"{count}{len(likely)} would more likely than not breach at the {return_period:g}-year level ({names})"
    worst = known.iloc[0]
    return (
        f"{said}; the weakest, {worst['asset_id']}, about {worst['breach_per_year']:.2g} times a year."
        " The flood maps and damages of this plan contain no such breach.",
    )
