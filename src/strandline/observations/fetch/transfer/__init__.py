"""How bytes come: requests with limits, files that are continued, and what their first bytes are."""
