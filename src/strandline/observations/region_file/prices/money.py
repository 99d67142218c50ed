"""A unit of money, and how amounts of other years and currencies are brought to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from strandline.errors import InputError

SYMBOLS = {"EUR": "€"}
"""Of currencies whose sign every reader knows; others are written by their code."""
SPACE = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class MoneyUnit:
    """A currency in prices of one year.

    Attributes:
        currency: ISO 4217 code.
        price_year: whose prices amounts are stated in.
    """

    currency: str
    price_year: int

    def __str__(self) -> str:
        return f"{self.currency} {self.price_year}"

    @property
    def prefix(self) -> str:
        """What stands before an amount: ``€``, or ``BDT`` and a space."""
        return SYMBOLS.get(self.currency, f"{self.currency}{SPACE}")

    @property
    def in_words(self) -> str:
        """``EUR in prices of 2010``."""
        return f"{self.currency} in prices of {self.price_year}"

    @classmethod
    def parse(cls, text: str) -> "MoneyUnit":
        """The unit that ``str`` wrote.

        Raises:
            InputError: the text is no currency and year.
        """
        currency, _, year = text.partition(" ")
        if not (len(currency) == 3 and currency.isalpha() and year.isdigit()):
            raise InputError("unit of money", f"{text!r} is no currency and year", "write e.g. EUR 2010")
        return cls(currency, int(year))


EUR_2010 = MoneyUnit("EUR", 2010)
"""Of the package's own numbers, and of a plan whose region file states no other."""


@dataclass(frozen=True)
class PriceBasis:
    """The unit of a plan, and what converts other units to it.

    An amount is exchanged at the rate of its own price year, and then inflated with the prices of the plan's currency.

    Attributes:
        unit: of all amounts of the plan.
        index: year → price index in the plan's currency, on any base.
        rates: currency and year → units of the plan's currency for one of that currency.
    """

    unit: MoneyUnit = EUR_2010
    index: Mapping[int, float] = field(default_factory=lambda: MappingProxyType({}))
    rates: Mapping[tuple[str, int], float] = field(default_factory=lambda: MappingProxyType({}))

    def factor(self, of: MoneyUnit) -> float:
        """Amount in the plan's unit for one in another unit.

        Raises:
            InputError: the exchange rate, or the price index of a year, is not known.
        """
        if of == self.unit:
            return 1.0
        rate = 1.0
        if of.currency != self.unit.currency:
            known = self.rates.get((of.currency, of.price_year))
            if known is None:
                raise InputError(
                    "[planning]",
                    f"no exchange rate from {of.currency} to {self.unit.currency} is known for {of.price_year}",
                    f'add [[planning.exchange_rates]] with from = "{of.currency}", year = {of.price_year}, rate and'
                    " source",
                )
            rate = known
        return rate * self._index(self.unit.price_year) / self._index(of.price_year)

    def _index(self, year: int) -> float:
        if year not in self.index:
            known = f"{min(self.index)} to {max(self.index)}" if self.index else "none"
            what = f"the price index of {self.unit.currency} in {year} is not known (known: {known})"
            raise InputError("[planning]", what, f"add {year} to [planning.price_index]")
        return self.index[year]


IN_EUR_2010 = PriceBasis()
"""The basis of a plan whose region file states no other."""
