"""Networks: the batch they take, teacher and student, and the prediction they return."""
