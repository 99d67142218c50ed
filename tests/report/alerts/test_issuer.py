"""The issuer of warnings is the one that the region file names."""

from importlib.resources import files

from strandline.observations.region_file.watch.warnings_section import LANGUAGES, WarningsSection
from strandline.report.alerts.issuer import NO_ISSUER, issuer_of


def test_a_region_file_names_issuer_languages_clock_category_and_code() -> None:
    section = WarningsSection(
        sender="alerts.sella.example", sender_name="Harbour office", contact="channel 16", web="https://sella.example",
        languages=("it", "en-GB"), time_zone="Europe/Rome", category=("Met",), event_code={"OET:v1.2": "OET-189"},
    )  # fmt: skip
    issuer = issuer_of(section)
    assert issuer.is_named
    assert (issuer.sender, issuer.name, issuer.contact) == ("alerts.sella.example", "Harbour office", "channel 16")
    assert (issuer.web, issuer.languages, issuer.time_zone) == ("https://sella.example", ("it", "en-GB"), "Europe/Rome")
    assert (issuer.categories, issuer.event_codes) == (("Met",), (("OET:v1.2", "OET-189"),))


def test_without_a_sender_nobody_issues_but_languages_and_clock_are_kept() -> None:
    assert issuer_of(None) == NO_ISSUER
    issuer = issuer_of(WarningsSection(languages=("bn",), time_zone="Asia/Dhaka"))
    assert not issuer.is_named
    assert (issuer.languages, issuer.time_zone) == (("bn",), "Asia/Dhaka")


def test_there_is_a_catalogue_for_each_language_and_no_other() -> None:
    found = {entry.name for entry in (files("strandline.report.alerts") / "languages").iterdir()}
    assert found == {f"{language}.toml" for language in LANGUAGES}
