"""One stream as the watch asks it: within a bound of time, without exceptions, its readings checked at the door."""

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pybreaker import CircuitBreaker, CircuitBreakerError
from tenacity import (
    Retrying,
    retry_if_not_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential,
    wait_random,
)

from strandline.errors import FeedError
from strandline.watch.feeds.health import Expectation, assess_health
from strandline.watch.feeds.quality_control import Tide, check_readings, identity
from strandline.watch.readings import Feed, Health, Reading

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RetryPolicy:
    """How a feed is asked that may not answer.

    Attributes:
        bound: how long one step waits for it, all attempts and pauses together [s].
        attempts: in one step, at most.
        first_pause: before the second attempt, with a jitter of as much; each further one is twice as long [s].
        trips_after: failures in a row after which it is left alone (circuit breaker: Nygard 2007, *Release It!*).
        rests: how long it is left alone [s]; then a single attempt shows whether it is back.
    """

    bound: float = 20.0
    attempts: int = 3
    first_pause: float = 0.5
    trips_after: int = 6
    rests: float = 600.0


DEFAULT_RETRY_POLICY = RetryPolicy()


@dataclass(frozen=True)
class PollResult:
    """What a stream had to say at a step.

    Attributes:
        readings: those that are new, and earlier ones of which the checks now think otherwise; oldest first.
        health: of the stream at this step.
    """

    readings: list[Reading]
    health: Health


class FeedClient:
    """A feed that can be asked at every step, whatever it does.

    Args:
        feed: where the readings come from.
        expectation: what the stream promises.
        tide: of its place, where it is known.
        patience: ``None`` = asked directly and once, as recordings and files on this machine may be.
    """

    def __init__(
        self, feed: Feed, expectation: Expectation, tide: Tide | None = None, retry_policy: RetryPolicy | None = None
    ) -> None:
        self.feed, self.expectation, self.tide, self.retry_policy = feed, expectation, tide, retry_policy
        self._question: _Question | None = None
        self._unanswered_since: datetime | None = None
        self._breaker = (
            None
            if retry_policy is None
            else CircuitBreaker(
                retry_policy.trips_after, retry_policy.rests, name=feed.stream, throw_new_error_on_trip=False
            )
        )

    @property
    def stream(self) -> str:
        """Its name."""
        return self.feed.stream

    def read(self, since: datetime, until: datetime) -> list[Reading]:
        """The readings alone, as a ``Feed`` gives them; raises nothing."""
        return self.poll(since, until).readings

    def poll(self, since: datetime, until: datetime, recent: Iterable[Reading] = ()) -> PollResult:
        """Ask once, and judge what comes.

        After steps without an answer it is asked for all that became known since the first of them.

        Args:
            since, until: as for ``Feed.read``.
            recent: this stream's readings of the last days as they were taken before; they show what is usual.
        """
        asked_since = since if self._unanswered_since is None else min(since, self._unanswered_since)
        read, failure = self._attempt(asked_since, until)
        self._unanswered_since = asked_since if failure else None
        before = {identity(reading): reading for reading in recent}
        judged = check_readings(read, until, self.tide, earlier=before.values())
        new = [each.reading for each in judged if before.get(identity(each.reading)) != each.reading]
        return PollResult(new, assess_health(self.stream, judged, until, self.expectation, failure))

    def _attempt(self, since: datetime, until: datetime) -> tuple[list[Reading], str]:
        """The raw readings, or none and why."""
        if self.retry_policy is None or self._breaker is None:
            question = _Question(self.feed, since, until)
            question.run()
        elif self._question is not None and self._question.is_alive():
            return [], "it still owes the answer to an earlier question"
        else:
            question = self._question = _Question(self.feed, since, until, self.retry_policy, self._breaker)
            question.start()
            question.join(self.retry_policy.bound)
            if question.is_alive():
                return [], f"no answer within {self.retry_policy.bound:g} s"
        return question.readings, question.failure


class _Question(threading.Thread):
    """A feed being asked; a thread of its own, since no time-out of a socket bounds an answer that drips."""

    def __init__(
        self,
        feed: Feed,
        since: datetime,
        until: datetime,
        retry_policy: RetryPolicy | None = None,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        super().__init__(name=f"asking {feed.stream}", daemon=True)
        self._feed, self._since, self._until, self._patience, self._breaker = feed, since, until, retry_policy, breaker
        self.readings: list[Reading] = []
        self.failure = ""

    def run(self) -> None:
        """Fill ``readings``, or ``failure``."""
        try:
            self.readings = self._ask()
        except CircuitBreakerError:
            self.failure = "it failed too often of late and is left alone for a while"
        except FeedError as error:
            self.failure = str(error)
        except Exception as error:  # noqa: BLE001 - a fault in reading one stream must not end the watch over the others
            _log.exception("stream '%s' could not be read", self._feed.stream)
            self.failure = f"{type(error).__name__}: {error}"

    def _ask(self) -> list[Reading]:
        if self._patience is None or self._breaker is None:
            return self._feed.read(self._since, self._until)
        again = Retrying(
            stop=stop_after_attempt(self._patience.attempts) | stop_before_delay(self._patience.bound),
            wait=wait_exponential(self._patience.first_pause) + wait_random(0, self._patience.first_pause),
            retry=retry_if_not_exception_type(CircuitBreakerError),
            reraise=True,
        )
        return again(self._breaker.call, self._feed.read, self._since, self._until)
