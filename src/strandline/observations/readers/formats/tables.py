"""Text tables, read as strings so that messages can name file, row and column of a bad value."""

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.readers.formats.file_limits import LARGEST_TABLE, read_limited


@dataclass(frozen=True)
class TextTable:
    """A delimited file as text.

    Attributes:
        path: of the file, for messages.
        frame: stripped strings; empty = no value.
        first_row: the row of the file (from 1) that holds ``frame``'s first line.
    """

    path: Path
    frame: pd.DataFrame
    first_row: int

    def column(self, name: str) -> pd.Series:
        """One column as text.

        Raises:
            InputError: no such column; lists the existing ones.
        """
        if name not in self.frame.columns:
            available = ", ".join(repr(str(column)) for column in self.frame.columns)
            raise InputError(self.path, f"has no column '{name}'", f"its columns are {available}")
        return self.frame[name]

    def row(self, index: int) -> str:
        """Name of a row of ``frame`` in messages."""
        return f"{self.path} row {int(self.frame.index[index]) + self.first_row}"

    def numbers(self, name: str, missing: Iterable[str], decimal: str = ".") -> Floats:
        """One column as numbers; empty or one of ``missing`` = NaN.

        Raises:
            InputError: a value is not a number; names the first.
        """
        values, absent = self.readable_numbers(name, missing, decimal)
        remedy = f"write numbers with the decimal sign '{decimal}', or name the marker in 'missing'"
        self.refuse(~np.isfinite(values) & ~absent, [name], "is not a number", remedy)
        return values

    def refuse(self, wrong: npt.NDArray[np.bool_], columns: Sequence[str], what: str, remedy: str) -> None:
        """Check that no row is wrong.

        Raises:
            InputError: names the first wrong row and its text in the columns.
        """
        rows = np.flatnonzero(wrong)
        if rows.size:
            texts = ", ".join(f"'{self.column(name).iloc[rows[0]]}' in column '{name}'" for name in columns)
            raise InputError(self.row(int(rows[0])), f"{texts} {what} ({rows.size} such rows)", remedy)

    def readable_numbers(
        self, name: str, missing: Iterable[str], decimal: str = "."
    ) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """One column as numbers, NaN where it has none, and a mask of the values marked as missing."""
        text = self.column(name)
        absent = (text.isin(["", *missing]) | _equals_any_number(text, missing)).to_numpy(dtype=bool)
        if decimal != ".":
            text = text.str.replace(decimal, ".", regex=False)
        values = pd.to_numeric(text.mask(absent), errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        return values, absent


def read_table(path: Path, delimiter: str = ",", names: tuple[str, ...] | None = None) -> TextTable:
    """Read a delimited text file, gzipped or not; the first line is the header unless ``names`` are given.

    Raises:
        InputError: missing, empty, truncated, binary, or with lines of unequal length.
    """
    return parse_table(read_text(path), path, delimiter, names)


def parse_table(
    text: str,
    path: Path,
    delimiter: str = ",",
    names: tuple[str, ...] | None = None,
    uneven_lines: Literal["error", "skip"] = "error",
) -> TextTable:
    """A table from the text of the file at ``path``; lines of another length raise an error or are skipped.

    Raises:
        InputError: empty, or with lines of unequal length.
    """
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
            skipinitialspace=True,
            header=None if names else 0,
            names=None if names is None else list(names),
            index_col=False,
            on_bad_lines=uneven_lines,
        )
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        what = str(error).strip().removeprefix("Error tokenizing data. C error: ")
        raise InputError(path, f"is not a table ({what})", f"check the delimiter ('{delimiter}')") from error
    except pd.errors.EmptyDataError as error:
        raise InputError(path, "holds no table", "give a file with a header and rows") from error
    frame = frame.fillna("").rename(columns=lambda name: str(name).strip())
    frame = frame.apply(lambda column: column.str.strip())
    if frame.empty:
        raise InputError(path, "has a header but no rows", "give the file with its data")
    return TextTable(path, frame, 1 if names else 2)


def separate_units(table: TextTable, time: str) -> tuple[TextTable, dict[str, str]]:
    """A table of an ERDDAP server without its units, and the unit of each column that states one.

    ``.csv`` writes the units as first row (``UTC`` below the time), ``.csvp`` into the header: ``sea_level (mm)``.

    Args:
        time: column of the time.

    Source: ERDDAP, https://coastwatch.pfeg.noaa.gov/erddap/tabledap/documentation.html#fileType.

    Raises:
        InputError: no such column, or no row but the units.
    """
    names = [str(name) for name in table.frame.columns]
    split = [re.fullmatch(r"(\S+) \((.*)\)", name) for name in names]
    if any(split):
        units = {found[1]: found[2] for found in split if found}
        bare = [found[1] if found else name for found, name in zip(split, names, strict=True)]
        return TextTable(table.path, table.frame.set_axis(bare, axis=1), table.first_row), units
    if table.column(time).iloc[0] != "UTC":
        return table, {}
    units = {name: unit for name, unit in table.frame.iloc[0].astype(str).items() if unit}
    rest = table.frame.iloc[1:]
    if rest.empty:
        raise InputError(table.path, "has a header and units but no rows", "give the file with its data")
    return TextTable(table.path, rest, table.first_row), {str(name): unit for name, unit in units.items()}


def read_text(path: Path, largest: int = LARGEST_TABLE) -> str:
    """The UTF-8 text of a file, gzipped or not.

    Raises:
        InputError: missing, no regular file, larger than ``largest`` [bytes] when unpacked, empty, truncated or binary.
    """
    content = read_limited(path, largest)
    if not content.strip():
        raise InputError(path, "is empty", "give the file with its data")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(path, f"is not UTF-8 text (byte {error.start})", "save it as CSV in UTF-8") from error
    if "\x00" in text:
        raise InputError(path, f"is binary (byte {text.index(chr(0))} is 0)", "save it as CSV in UTF-8")
    return text.rstrip()


def _equals_any_number(text: pd.Series, missing: Iterable[str]) -> pd.Series:
    """Mask of texts that equal one of the markers as a number (-32767 and -32767.0)."""
    markers = pd.to_numeric(pd.Series(list(missing), dtype=str), errors="coerce").dropna()
    if markers.empty:
        return pd.Series(False, index=text.index)
    return pd.to_numeric(text, errors="coerce").isin(markers)
