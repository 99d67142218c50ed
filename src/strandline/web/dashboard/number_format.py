"""Numbers on the page: formatted in English, with mark-up that lets a script write them in the reader's language."""

from datetime import datetime, timedelta

from markupsafe import Markup

from strandline.observations.region_file.prices.money import MoneyUnit
from strandline.planning.formatting import format_count, format_money, format_percent


class NumberFormat:
    """Mark-up of numbers in one language.

    A number becomes ``<data>`` and a time ``<time>``; ``number_format.js`` replaces their text by the browser's
    ``Intl``. An unknown value becomes the language's word for it, never a number.
    """

    def __init__(self, unknown: str, money: MoneyUnit) -> None:
        self._money = money
        self._unknown = Markup('<span class="unknown">{}</span>').format(unknown)

    def percent(self, share: float | None) -> Markup:
        """``36 %``; a probability is never shown as 0 or 1, which no finite sample can support."""
        if share is None:
            return self._unknown
        text = "< 1 %" if share < 0.01 else "> 99 %" if share > 0.99 else f"{share:.0%}".replace("%", " %")
        return self._data(share, "percent", text)

    def share(self, share: float | None) -> Markup:
        """``36 %`` of a count; 0 and 100 % are possible."""
        return self._unknown if share is None else self._data(share, "share", format_percent(share))

    def metres(self, length: float | None) -> Markup:
        """``1.46 m``."""
        return self._unknown if length is None else self._data(length, "metres", f"{length:.2f} m")

    def money(self, amount: float | None) -> Markup:
        """``€76,000``, in the money of the run."""
        return self._unknown if amount is None else self._data(amount, "money", format_money(amount, self._money))

    def count(self, number: float | None) -> Markup:
        """``1,200``."""
        return self._unknown if number is None else self._data(number, "count", format_count(number))

    def hours(self, hours: float | None) -> Markup:
        """``6 h``."""
        return self._unknown if hours is None else self._data(hours, "hours", f"{hours:.0f} h")

    def years(self, years: float) -> Markup:
        """``100``."""
        return self._data(years, "count", f"{years:g}")

    def bytes(self, size: int) -> Markup:
        """``1.4 MB``."""
        text = f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(size / 1e3, 1):.0f} kB"
        return self._data(size, "bytes", text)

    def moment(self, time: datetime | None) -> Markup:
        """``22 Nov 2022, 08:00 UTC``."""
        if time is None:
            return self._unknown
        return Markup('<time datetime="{}Z">{}</time>').format(time.isoformat(), f"{time:%-d %b %Y, %H:%M} UTC")

    def ago(self, time: datetime, age: timedelta) -> Markup:
        """``3 h ago``; the script keeps it up to date."""
        hours = age / timedelta(hours=1)
        text = f"{hours:.0f} h" if hours < 48 else f"{hours / 24:,.0f} d"
        return Markup('<time datetime="{}Z" data-as="ago">{} ago</time>').format(time.isoformat(), text)

    def _data(self, value: float, kind: str, text: str) -> Markup:
        return Markup('<data value="{}" data-as="{}">{}</data>').format(f"{value:.6g}", kind, text)
