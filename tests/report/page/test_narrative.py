"""The sentences of the report."""

from dataclasses import replace

import tests.fixtures.reports as coast
from strandline.report.page.narrative import skill_sentences


def test_a_teacher_that_does_not_help_is_reported_as_such() -> None:
    scores = replace(coast.results().learning, student_iou=0.41, labels_only_iou=0.44, gap_closed=None)
    text = " ".join(skill_sentences(scores))
    assert "did not help" in text
    assert "undefined" in text
    assert "did not help" not in " ".join(skill_sentences(coast.results().learning))
