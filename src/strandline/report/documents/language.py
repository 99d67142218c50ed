"""How a language writes sentences, numbers, money and dates: gettext catalogues and the locale data of Babel."""

import gettext
import math
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from io import BytesIO

from babel import Locale
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_compact_decimal, format_decimal, format_percent, get_currency_symbol

from strandline.errors import InputError
from strandline.report.documents.key_findings import Amount, Between

LANGUAGES = ("en", "bn", "vi")
"""ISO 639-1 codes; English is the language of the source, the others have a catalogue in ``languages``."""
CHECKED = ("en",)
"""Languages whose sentences the authors or a native speaker have checked."""
NEGLIGIBLE = 1e-3
"""Share of the upper end of a range of money below which its lower end is written as 0 [-]."""
LARGE = 1e6
"""[money] From which an amount is written with a word for its size."""
SQUARE_KILOMETRE = 0.995e6
"""[m²] What is written as one."""
WIDE = 1.0
"""[m] Range of a level from which its centimetres mean nothing."""
SPACE = "\N{NO-BREAK SPACE}"
BENGALI_DIGITS = str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯")


@dataclass(frozen=True)
class Language:
    """One language of the documents.

    Attributes:
        code: ISO 639-1.
        translations: from English.
    """

    code: str
    translations: gettext.NullTranslations

    @property
    def locale(self) -> str:
        """Whose numbers and dates it writes."""
        return "en_GB" if self.code == "en" else self.code

    @property
    def is_checked(self) -> bool:
        """Whether somebody who speaks it has checked its sentences."""
        return self.code in CHECKED

    def text(self, message: str, **fields: str) -> str:
        """The sentence in this language with its fields filled in; English where it has no translation."""
        return self.translations.gettext(message).format(**fields)

    def plural(self, singular: str, plural: str, count: float, **fields: str) -> str:
        """The form of a sentence for a number of things, as the language counts."""
        whole = int(count) if count == int(count) else math.ceil(count) + 1
        return self.translations.ngettext(singular, plural, whole).format(**fields)

    def name(self, title: str) -> str:
        """A title of the catalogue of measures, or of a region file, which has no translation."""
        return self.translations.gettext(title)

    def number(self, value: float, digits: int = 2) -> str:
        """Digits that mean something, grouped as the language groups: 0.052, 1.2, 780, 1,300."""
        if value == 0:
            return self._decimal(0.0, 0)
        rounded = round(value, digits - 1 - math.floor(math.log10(abs(value))))
        places = max(digits - 1 - math.floor(math.log10(abs(rounded))), 0)
        return self._decimal(rounded, places)

    def count(self, value: float) -> str:
        """A whole number."""
        return self._decimal(value, 0)

    def year(self, year: int) -> str:
        """A year of the calendar."""
        return self._digits(str(year))

    def percent(self, share: float) -> str:
        """A share of a whole in per cent."""
        if 0 < share < 0.005:
            return self.text("less than {share}", share=self.percent(0.01))
        if 0.995 < share < 1:
            return self.text("more than {share}", share=self.percent(0.99))
        return self._digits(format_percent(round(share, 2), locale=self.locale))

    def metres(self, level: Amount) -> str:
        """A level with the decimals that its range allows: 1.95 m, 7.1 m."""
        return self._metres(level.mean, self._places(level))

    def metres_between(self, level: Amount) -> str:
        """The range of a level."""
        places = self._places(level)
        return self.text("{low} to {high}", low=self._decimal(level.low, places), high=self._metres(level.high, places))

    def level(self, level: float) -> str:
        """A level to the centimetre."""
        return self._metres(level, 2)

    def area(self, square_metres: float, like: float | None = None) -> str:
        """In square kilometres, or in hectares below one; in the unit of ``like``."""
        is_large = (square_metres if like is None else like) >= SQUARE_KILOMETRE
        scale, unit = (1e6, self.text("km²")) if is_large else (1e4, self.text("ha"))
        return f"{self.number(square_metres / scale)}{SPACE}{unit}"

    def area_between(self, area: Amount) -> str:
        """The range of an area."""
        scale = 1e6 if area.high >= SQUARE_KILOMETRE else 1e4
        return self.text("{low} to {high}", low=self.number(area.low / scale), high=self.area(area.high))

    def people(self, people: Between | None) -> str:
        """``between 1,000 and 23,000``, or that it is unknown."""
        if people is None:
            return self.text("unknown")
        low, high = self.count(people.low), self.count(people.high)
        return low if low == high else self.text("between {low} and {high}", low=low, high=high)

    def money(self, amount: float, currency: str) -> str:
        """Two digits, with the language's word for millions, lakhs or crores."""
        size = abs(amount)
        if size >= LARGE:
            rounded = round(size, 1 - math.floor(math.log10(size)))
            number = format_compact_decimal(rounded, format_type="long", locale=self.locale, fraction_digits=1)
            number = self._digits(number.replace(" ", SPACE))
        else:
            number = self.number(size)
        symbol = get_currency_symbol(currency, locale=self.locale)
        pattern = str(Locale.parse(self.locale).currency_formats["standard"].pattern)
        between = SPACE if symbol.isalpha() or SPACE in pattern else ""
        sign = "−" if amount < 0 else ""
        return f"{sign}{symbol}{between}{number}" if pattern.startswith("¤") else f"{sign}{number}{between}{symbol}"

    def money_between(self, amount: Amount, currency: str) -> str:
        """The range of an amount."""
        low = 0.0 if 0 < amount.low < NEGLIGIBLE * amount.high else amount.low
        return self.text("{low} to {high}", low=self.money(low, currency), high=self.money(amount.high, currency))

    def date(self, day: date) -> str:
        """A date in full."""
        return self._digits(format_date(day, "long", locale=self.locale))

    def listed(self, names: tuple[str, ...], most: int) -> str:
        """Names with commas; of more than ``most`` the first, and how many others."""
        if len(names) <= most:
            return ", ".join(names)
        more = self.plural("and {n} more", "and {n} more", len(names) - most, n=self.count(len(names) - most))
        return f"{', '.join(names[:most])} {more}"

    def _metres(self, level: float, places: int) -> str:
        metre = self.text("m")
        return f"{self._decimal(level, places)}{SPACE}{metre}"

    def _places(self, level: Amount) -> int:
        return 1 if level.high - level.low >= WIDE else 2

    def _decimal(self, value: float, places: int) -> str:
        pattern = Locale.parse(self.locale).decimal_formats[None].pattern.split(";")[0].split(".")[0]
        pattern += "." + "0" * places if places else ""
        written = format_decimal(value, format=pattern, locale=self.locale)
        return self._digits(written.replace("-", "−"))

    def _digits(self, text: str) -> str:
        return text.translate(BENGALI_DIGITS) if self.code == "bn" else text


@cache
def language_of(code: str) -> Language:
    """The language of an RFC 3066 code such as ``en-GB``; regions of one language share it.

    Raises:
        InputError: there is no catalogue of it.
    """
    short = code.split("-")[0].lower()
    if short not in LANGUAGES:
        raise InputError(f"language {code!r}", "has no catalogue", f"choose from {', '.join(LANGUAGES)}")
    if short == "en":
        return Language(short, gettext.NullTranslations())
    source = files("strandline.report.documents") / "languages" / f"{short}.po"
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(source.read_bytes()), locale=short))
    compiled.seek(0)
    return Language(short, gettext.GNUTranslations(compiled))
