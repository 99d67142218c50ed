"""The plan as a document for the people who decide."""
