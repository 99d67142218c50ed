"""PDF files: one page each, with letters that do not overlap, and the command that writes them."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from PIL import Image

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.report.documents.key_findings import Step
from strandline.report.documents.language import LANGUAGES, language_of
from strandline.report.documents.leaflet import leaflet, zones_of
from strandline.report.documents.map_picture import chance_map
from strandline.report.documents.one_page import one_page
from strandline.report.documents.write import write_documents
from strandline.report.figures.ground import SHADES, ground_colours
from strandline.report.figures.style import SEA, UNKNOWN, as_rgb
from tests.fixtures.printed import AREA, FINDINGS, run_folder

pytestmark = pytest.mark.slow

pypdfium2 = pytest.importorskip("pypdfium2")
try:
    import weasyprint  # noqa: F401

    from strandline.report.documents.pdf import as_pdf
except OSError as error:
    pytest.skip(f"Pango is not here: {error}", allow_module_level=True)


@pytest.mark.parametrize("code", LANGUAGES)
def test_even_a_long_page_is_one_sheet_of_a4(code: str, tmp_path: Path) -> None:
    step = Step("x", "Move homes out of the flood where it pays", "the municipality, with the owners' consent", 3.0,
                FINDINGS.damage, "low", False)  # fmt: skip
    zones = tuple(f"Polder {number} of the long name" for number in range(30))
    areas = tuple(replace(AREA, name=letter, zones=zones) for letter in "ABCD")
    findings = replace(FINDINGS, steps=(step,) * 20, areas=areas, unknown_zones=zones, simulated="all")
    language = language_of(code)
    picture = chance_map(run_folder(tmp_path), findings, language)
    document = pypdfium2.PdfDocument(as_pdf(one_page(findings, picture, language, "Strandline 0")))
    assert len(document) == 1
    assert [round(side) for side in document[0].get_size()] == [595, 842]


def test_a_leaflet_is_one_sheet_with_its_blanks_and_its_text_can_be_read(tmp_path: Path) -> None:
    zone, area = next(zones_of(FINDINGS))
    language = language_of("en")
    made = leaflet(FINDINGS, zone, area, chance_map(run_folder(tmp_path), FINDINGS, language, zone), language, "")
    document = pypdfium2.PdfDocument(as_pdf(made))
    assert len(document) == 1
    text = document[0].get_textpage().get_text_range()
    assert "If a flood comes: North quay" in text
    assert "Never walk, ride or drive through moving water" in text.replace("\r\n", " ")


def test_bengali_letters_do_not_overlap(tmp_path: Path) -> None:
    """PDFium forgets positions after empty strings: the euro sign stood on the vowel sign before it."""
    language = language_of("bn")
    picture = chance_map(run_folder(tmp_path), FINDINGS, language)
    page = pypdfium2.PdfDocument(as_pdf(one_page(FINDINGS, picture, language, "")))[0].get_textpage()
    boxes = [page.get_charbox(index) for index in range(page.count_chars())]
    euros = [index for index, letter in enumerate(page.get_text_range()) if letter == "€"]
    assert len(euros) >= 3
    for euro in euros:
        left, bottom, right, top = boxes[euro]
        for other in (each for index, each in enumerate(boxes) if index != euro and each[1] < top and each[3] > bottom):
            assert min(right, other[2]) - max(left, other[0]) < 0.3 * (right - left)


def share_of(png: bytes, colours: Floats) -> float:
    """Of the pixels that have one of the colours (N, 3) [0-1]."""
    image = np.asarray(Image.open(BytesIO(png)).convert("RGB")).astype(int)
    wanted = np.round(np.atleast_2d(colours) * 255)
    return float((np.abs(image[:, :, None] - wanted).max(axis=-1) <= 1).any(axis=-1).mean())


def test_the_map_shows_unknown_land_and_water_apart_from_safe_land(tmp_path: Path) -> None:
    png = chance_map(run_folder(tmp_path), FINDINGS, language_of("en")).png
    shades = ground_colours(np.arange(SHADES + 1) / SHADES)
    for colours in (shades, as_rgb(SEA), as_rgb(UNKNOWN)):
        assert share_of(png, colours) > 0.005


def test_land_of_no_zone_is_not_drawn_as_water(tmp_path: Path) -> None:
    run = run_folder(tmp_path)
    before = share_of(chance_map(run, FINDINGS, language_of("en")).png, as_rgb(SEA))
    zones = gpd.read_file(run / "zones.geojson").iloc[[0]]
    zones.to_file(run / "zones.geojson", driver="GeoJSON")
    after = share_of(chance_map(run, FINDINGS, language_of("en")).png, as_rgb(SEA))
    assert after == pytest.approx(before, abs=0.01)


def test_every_zone_gets_its_leaflet_in_the_languages_of_the_run(tmp_path: Path) -> None:
    run, done = tmp_path / "run", list[float]()
    run.mkdir()
    written = write_documents(run_folder(run), tmp_path / "print", (), done.append)
    names = sorted(path.relative_to(tmp_path / "print").as_posix() for path in written if path.suffix == ".pdf")
    leaflets = [
        f"leaflets/{code}/{name}.pdf"
        for code in ("en", "vi")
        for name in ("01-North-quay", "02-Polder-2", "03-Old-mole")
    ]
    assert names == sorted([*leaflets, "one_page.en.pdf", "one_page.vi.pdf"]), "Italian has no catalogue"
    assert all(path.with_suffix(".docx").exists() for path in written)
    assert done[-1] == 1.0
    assert done == sorted(done)


def test_a_folder_without_maps_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    run_folder(run)
    (run / "flood_probability.tif").unlink()
    with pytest.raises(InputError, match="has no map of the chance of a flood"):
        write_documents(run, tmp_path / "print", ("en",), lambda _: None)
    assert not (tmp_path / "print").exists()
