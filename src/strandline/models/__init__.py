"""Networks, built from plain values: the teacher, the student, and what both say."""
