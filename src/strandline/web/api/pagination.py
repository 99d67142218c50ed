"""Pagination with opaque cursors."""

import base64
import binascii
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import dropwhile, islice
from typing import Annotated, TypeAlias, TypeVar

from fastapi import Query

from strandline.errors import InputError
from strandline.web.schemas import Page

T = TypeVar("T")
R = TypeVar("R")
Cursor: TypeAlias = Annotated[str | None, Query(max_length=200, description="`next` of the previous page")]
Limit: TypeAlias = Annotated[int, Query(ge=1, le=1000)]


def paginate_list(items: Sequence[T], as_record: Callable[[T], R], cursor: str | None, limit: int) -> Page[R]:
    """Return a page of a list that does not change.

    Raises:
        InputError: the cursor is invalid.
    """
    start = 0 if cursor is None else _number(_decode(cursor))
    end = start + limit
    return Page(
        items=[as_record(item) for item in items[start:end]], next=_encode(str(end)) if end < len(items) else None
    )


def paginate_by_time(
    since: datetime,
    read: Callable[[datetime], Iterator[T]],
    time_of: Callable[[T], datetime],
    as_record: Callable[[T], R],
    cursor: str | None,
    limit: int,
) -> Page[R]:
    """Return a page of what ``read`` yields from a time on, oldest first.

    The cursor stays valid when items are added behind those of the same time.

    Raises:
        InputError: the cursor is invalid.
    """
    skipped = 0
    if cursor is not None:
        text, _, number = _decode(cursor).partition(" ")
        try:
            since, skipped = datetime.fromisoformat(text), _number(number)
        except ValueError as error:
            raise _invalid_cursor() from error
    items = islice(read(since), skipped, None)
    found = list(islice(items, limit + 1))
    page, more = found[:limit], len(found) > limit
    if not more:
        return Page(items=[as_record(item) for item in page], next=None)
    last = time_of(page[-1])
    at_last = sum(time_of(item) == last for item in page) + (skipped if last == since else 0)
    return Page(items=[as_record(item) for item in page], next=_encode(f"{last.isoformat()} {at_last}"))


def paginate_by_number(
    read: Callable[[int], Iterator[T]], number_of: Callable[[T], int], as_record: Callable[[T], R],
    after: int, cursor: str | None, limit: int,
) -> Page[R]:  # fmt: skip
    """Return a page of what ``read`` yields after a number.

    Raises:
        InputError: the cursor is invalid.
    """
    start = after if cursor is None else _number(_decode(cursor))
    found = list(islice(dropwhile(lambda item: number_of(item) <= start, read(start)), limit + 1))
    page = found[:limit]
    more = len(found) > limit
    return Page(items=[as_record(item) for item in page], next=_encode(str(number_of(page[-1]))) if more else None)


def _encode(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode("ascii")).decode("ascii").rstrip("=")


def _decode(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise _invalid_cursor() from error


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise _invalid_cursor()
    return int(text)


def _invalid_cursor() -> InputError:
    return InputError("cursor", "is not one that a page returned", "leave it out to begin at the first page")
