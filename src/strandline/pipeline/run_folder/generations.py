"""The products of a run: written beside the former ones, and put in their place all at once.

A run writes its products into a folder of their own. When they are complete, with a list of their SHA-256, one rename
declares them to be the run's products; then they are moved into place. Who opens a run folder after a kill in between
finishes the moving. A reader thus finds the products of one run: the former or the new one, never parts of both.
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import file_digest
from pathlib import Path

from strandline.errors import InputError
from strandline.files import write_text
from strandline.pipeline.run_folder.lock import one_run_at_a_time, refuse_link

MANIFEST = "products.json"
"""File of a run folder: product → SHA-256, and the run that wrote them. It is replaced last."""
COMPLETE = ".complete"
"""Folder within a run's, of products that are complete and not yet all in place."""
_PREFIX, _FORMAT = ".new-", "strandline products 1"
_IS_NEW = re.compile(r"\.new-[a-z0-9_]{8}")
_IS_NAME = re.compile(r"(alerts/|gis/)?(?!\.)[\w.-]+", re.ASCII)
_DRAFTS = "alerts/"
"""Products that a person may change and move: drafts of warnings."""
GIS = "gis"
"""Folder of the products for geographic information systems, which are added to a finished run."""
_SIZE_OF_DIGEST = 64
NOT_ALWAYS = (
    "protocol.toml",
    "pathways-action.txt",
    "pathways-sequence.txt",
    "archive.safetensors",
    "trial_ground.nc",
    "scene.tif",
    "place_names.geojson",
)
"""Products that not every run writes; those of a former run go, also of a version that kept no list."""
AGAIN = "name the folder of a finished `strandline run`, or run it again"


@contextmanager
def new_generation(out: Path, run: Mapping[str, str]) -> Iterator[Path]:
    """Yield an empty folder for the products of a run; without an error they replace the former ones in ``out``.

    The caller holds ``one_run_at_a_time(out)``.

    Args:
        run: what identifies it, for the list of products.

    Raises:
        InputError: a file cannot be written, or a link lies in the way.
    """
    _finish(out)
    with _in_place_of_former(out, run, {}) as new:
        yield new


@contextmanager
def added_products(out: Path, folder: str) -> Iterator[Path]:
    """Yield an empty folder for further products of the finished run in ``out``.

    Without an error they replace all of the run's ``folder`` at once. The caller holds ``one_run_at_a_time(out)``.

    Raises:
        InputError: the folder holds no finished run, or a file cannot be written.
    """
    _finish(out)
    open_run(out)
    run, digests = _read_manifest(out)
    kept = {name: digest for name, digest in digests.items() if not name.startswith(f"{folder}/")}
    with _in_place_of_former(out, run, kept) as new:
        (new / folder).mkdir()
        yield new / folder


@contextmanager
def replaced_products(out: Path, names: Collection[str]) -> Iterator[Path]:
    """Yield a folder for the new content of some products of the finished run in ``out``.

    Without an error they take the products' places, and the list of products with them. The caller holds
    ``one_run_at_a_time(out)``.

    Raises:
        InputError: the folder holds no finished run, or a file cannot be written.
    """
    _finish(out)
    open_run(out)
    run, digests = _read_manifest(out)
    kept = {name: digest for name, digest in digests.items() if name not in names}
    with _in_place_of_former(out, run, kept) as new:
        yield new


def run_of(folder: Path) -> dict[str, str]:
    """What identifies the run of a folder.

    Raises:
        InputError: there is no list of products, or it is damaged.
    """
    return _read_manifest(folder)[0]


@contextmanager
def _in_place_of_former(out: Path, run: Mapping[str, str], kept: Mapping[str, str]) -> Iterator[Path]:
    """As ``new_generation``; ``kept``: former products that stay, with their SHA-256."""
    for left in out.iterdir():
        if _IS_NEW.fullmatch(left.name) and left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)
    try:
        new = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=out))
    except OSError as error:
        raise InputError(out, f"cannot be written ({error.strerror})", "choose another --out") from error
    try:
        yield new
        write_manifest(new, run, kept)
        new.rename(out / COMPLETE)
        _sync(out)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    _finish(out)


def open_run(folder: Path) -> None:
    """Check that a folder holds the products of one finished run, each as that run wrote it.

    Drafts of warnings are a person's to change. Products that an interrupted run has completed are put in place first.

    Raises:
        InputError: no finished run, a product is missing, was changed or belongs to another run, or is a link.
    """
    refuse_link(folder / COMPLETE)
    if (folder / COMPLETE).exists():
        with one_run_at_a_time(folder):
            _finish(folder)
    digests = products_of(folder)
    for name, digest in digests.items():
        if name.startswith(_DRAFTS):
            continue
        path = folder / name
        refuse_link(path)
        if not path.is_file():
            raise InputError(path, "is missing, though the run wrote it", AGAIN)
        if sha256_of(path) != digest:
            raise InputError(path, "is not what the run of this folder wrote: it was changed or damaged", AGAIN)


def products_of(folder: Path) -> dict[str, str]:
    """Product → SHA-256, of a finished run.

    Raises:
        InputError: there is no list, or it is damaged.
    """
    return _read_manifest(folder)[1]


def write_manifest(folder: Path, run: Mapping[str, str], kept: Mapping[str, str] | None = None) -> None:
    """List the products in a folder with their SHA-256, and those of ``kept``, which lie in place already."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    files = {name: sha256_of(path) for name, path in names.items() if _IS_NAME.fullmatch(name) and name != MANIFEST}
    content = {"format": _FORMAT, "run": dict(run), "sha256": {**(kept or {}), **files}}
    write_text(folder / MANIFEST, json.dumps(content, indent=2) + "\n")


def _finish(out: Path) -> None:
    """Put complete products in place, the list last; those that only the former run has are removed.

    It may be interrupted anywhere and repeated.
    """
    complete = out / COMPLETE
    for path in (complete, out / _DRAFTS.rstrip("/"), out / GIS, out / MANIFEST):
        refuse_link(path)
    if not complete.exists():
        return
    if not (complete / MANIFEST).exists():  # moved last: everything is in place
        shutil.rmtree(complete)
        return
    _, new = _read_manifest(complete)
    _, former = _read_manifest(out) if (out / MANIFEST).exists() else ({}, {})
    for name in new:
        if (complete / name).exists():
            refuse_link(complete / name)
            (out / name).parent.mkdir(exist_ok=True)
            os.replace(complete / name, out / name)
    unlisted = set() if former else {f"{_DRAFTS}{path.name}" for path in (out / _DRAFTS).glob("*.xml")}
    for name in (former.keys() | unlisted | set(NOT_ALWAYS)) - new.keys():
        stale = out / name
        is_own = name not in former or not stale.is_file() or sha256_of(stale) == former[name]
        if is_own and stale.is_file() and not stale.is_symlink():
            stale.unlink()
    with suppress(OSError):  # it is not there, or holds files of somebody else
        (out / GIS).rmdir()
    _sync(out)
    os.replace(complete / MANIFEST, out / MANIFEST)
    _sync(out)
    shutil.rmtree(complete)


def _read_manifest(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """What identifies the run, and product → SHA-256.

    Raises:
        InputError: there is no list, or it is not one.
    """
    path = folder / MANIFEST
    refuse_link(path)
    if not path.is_file():
        raise InputError(folder, "holds no finished run of this version", AGAIN)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != _FORMAT:
            raise ValueError(f"its format is {content['format']!r}")
        run, digests = dict(content["run"]), content["sha256"]
        for name, digest in digests.items():
            if not _IS_NAME.fullmatch(name) or not isinstance(digest, str) or len(digest) != _SIZE_OF_DIGEST:
                raise ValueError(f"{name!r} is no product")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(path, f"is damaged ({error})", AGAIN) from error
    return run, dict(digests)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", AGAIN) from error


def _sync(folder: Path) -> None:
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
