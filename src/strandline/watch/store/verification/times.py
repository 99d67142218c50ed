"""Times that cannot be: steps, readings and confirmations later than the clock of the machine that took them."""

from datetime import datetime, timedelta

from strandline.errors import InputError
from strandline.watch.clock import CLOCK_TOLERANCE
from strandline.watch.store.errors import Damaged
from strandline.watch.store.records import StepRecord
from strandline.watch.store.verification.findings import Findings
from strandline.watch.store.verification.written import Written

LONGEST_PAUSE = timedelta(days=366)
"""Longer since the last step, a wrong clock is likelier than a pause; and a belief so old is of no use."""
_SET_ASIDE = (
    "set this machine's clock; if it is right, `strandline verify --set-aside` moves the store away, so that the watch "
    "starts a new one"
)


def verify_times(newest: StepRecord | None, written: Written, now: datetime, findings: Findings) -> None:
    """Check that nothing is later than its receipt, nor than ``now`` (naive UTC)."""
    for hour, receipt in written.receipt.items():
        if hour > receipt + CLOCK_TOLERANCE:
            findings.add("times", f"the step of {hour:%Y-%m-%dT%H:%M} was taken before its hour, at {receipt}", hour)
    if newest is not None and newest.ended > now + CLOCK_TOLERANCE:
        what = f"the last step, of {newest.hour:%Y-%m-%dT%H:%M}, was taken at {newest.ended:%Y-%m-%dT%H:%M}"
        findings.add("times", f"{what}, later than this machine's clock, {now:%Y-%m-%dT%H:%M}", newest.hour)


def refuse_wrong_clock(where: str, newest: StepRecord | None, hour: datetime, receipt: datetime) -> timedelta:
    """How far the clock was set back since the last step; 0 = not noticeably.

    Args:
        newest: the last step.
        hour: of the next step.
        receipt: this machine's clock, naive UTC.

    Raises:
        InputError: the step is later than the clock.
        Damaged: the last step is later than the clock, or so long ago that the clock must be wrong.
    """
    if hour > receipt + CLOCK_TOLERANCE:
        what = f"the step of {hour:%Y-%m-%dT%H:%M} is later than this machine's clock, {receipt:%Y-%m-%dT%H:%M}"
        raise InputError(where, what, "wait for the hour, or set the clock")
    if newest is None:
        return timedelta(0)
    if newest.hour > receipt + CLOCK_TOLERANCE:
        what = f"its last step is of {newest.hour:%Y-%m-%dT%H:%M}, later than this machine's clock"
        raise Damaged(where, f"{what}, {receipt:%Y-%m-%dT%H:%M}", _SET_ASIDE)
    if receipt - newest.hour > LONGEST_PAUSE:
        what = f"its last step is of {newest.hour:%Y-%m-%dT%H:%M}, more than a year before this machine's clock"
        raise Damaged(where, f"{what}, {receipt:%Y-%m-%dT%H:%M}", _SET_ASIDE)
    back = newest.ended - receipt
    return back if back > CLOCK_TOLERANCE else timedelta(0)
