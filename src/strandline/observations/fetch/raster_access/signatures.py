"""What opens a remote raster: nothing, a signature that expires, or a login."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

import httpx

from strandline.errors import FeedError, InputError
from strandline.observations.fetch.downloader import Downloader

SUBSCRIPTION_KEY, LOGIN_TOKEN = "PC_SDK_SUBSCRIPTION_KEY", "EARTHDATA_TOKEN"
"""Environment variables, named as the clients of these services name them: planetary-computer, earthaccess."""
_STORAGE = ".blob.core.windows.net"
"""Ending of the hosts that hold the files."""
_BEFORE_EXPIRY = timedelta(minutes=5)
"""A box is read in less."""


class Access(Protocol):
    """Opens the files of a host."""

    def signer(self, client: Downloader, *, renew: bool = False) -> Callable[[str], str]:
        """A function that signs an address; with ``renew`` by a new signature, since the last one was refused."""
        ...

    def options(self, client: Downloader) -> Mapping[str, str]:
        """Options of GDAL for the requests."""
        ...


@dataclass(frozen=True)
class OpenAccess:
    """Files that anybody may read."""

    def signer(self, client: Downloader, *, renew: bool = False) -> Callable[[str], str]:
        """Leaves an address as it is."""
        return lambda href: href

    def options(self, client: Downloader) -> Mapping[str, str]:
        """None."""
        return {}


@dataclass(frozen=True)
class PlanetaryComputer:
    """Signatures of the Planetary Computer: short-lived tokens for one collection, given to anybody.

    A key makes them last longer; some collections were closed without one. Source:
    https://planetarycomputer.microsoft.com/docs/concepts/sas (token endpoint, ``msft:expiry``); header of the key:
    planetary-computer 1.0, ``sas.py``. The template of ``sentinel-1-rtc`` says ``msft:requires_account``, while users
    report since July 2024 that no key is needed (github.com/cordmaur/Sentinel1-Flood-Finder/issues/1): both work here.

    Attributes:
        address: of the Planetary Computer, or of a mirror that holds the files, too.
        kept: the token and when it expires, once there is one.
    """

    address: str
    collection: str
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)
    kept: list[tuple[str, datetime]] = field(default_factory=list, repr=False, compare=False)

    def signer(self, client: Downloader, *, renew: bool = False) -> Callable[[str], str]:
        """Signs the addresses of the storage with a token that is kept until it expires.

        Raises:
            FeedError, InputError: there is no token, or none without a key.
        """
        if renew:
            self.kept.clear()

        def sign(href: str) -> str:
            host = httpx.URL(href).host
            if not host.endswith(_STORAGE) and host != httpx.URL(self.address).host:
                return href
            if not self.kept or self.kept[0][1] - self.now() < _BEFORE_EXPIRY:
                self.kept[:] = [self._token(client)]
            return f"{href.partition('?')[0]}?{self.kept[0][0]}"

        return sign

    def options(self, client: Downloader) -> Mapping[str, str]:
        """None: the address is signed."""
        return {}

    def _token(self, client: Downloader) -> tuple[str, datetime]:
        key = client.environment.get(SUBSCRIPTION_KEY, "").strip()
        headers = {"Ocp-Apim-Subscription-Key": key} if key else {}
        try:
            answer = client.json(f"{self.address}/api/sas/v1/token/{self.collection}", headers=headers)
            return str(answer["token"]), datetime.fromisoformat(answer["msft:expiry"]).astimezone(UTC)
        except FeedError as error:
            if not re.search(r" answers 40[13]\b", str(error)):
                raise
            what = f"the Planetary Computer gives no signature for '{self.collection}'"
            what += ", or not with this key" if key else " without a key"
            remedy = f"set the environment variable {SUBSCRIPTION_KEY} to a valid key, or leave it out if you have none"
            raise InputError(f"source '{client.source}'", what, remedy) from None
        except (KeyError, TypeError, ValueError):
            what = "the answer of the Planetary Computer holds no token"
            raise FeedError(f"source '{client.source}': {what}; the service has changed: update strandline") from None


@dataclass(frozen=True)
class EarthdataLogin:
    """A NASA Earthdata login, as a bearer token that the user makes on https://urs.earthdata.nasa.gov.

    The token goes to the first host alone; libcurl does not send it on to where that redirects (GDAL,
    ``GDAL_HTTP_AUTH=BEARER``, documented for 3.9).
    """

    def signer(self, client: Downloader, *, renew: bool = False) -> Callable[[str], str]:
        """Leaves an address as it is.

        Raises:
            InputError: there is no token.
        """
        self._token(client)
        return lambda href: href

    def options(self, client: Downloader) -> Mapping[str, str]:
        """The token."""
        return {"GDAL_HTTP_AUTH": "BEARER", "GDAL_HTTP_BEARER": self._token(client)}

    def _token(self, client: Downloader) -> str:
        return client.key(LOGIN_TOKEN, "make a token on https://urs.earthdata.nasa.gov and set it")
