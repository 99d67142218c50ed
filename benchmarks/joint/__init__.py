"""Annual probabilities of floods of sea, rain and river: from 30 years of records, beside a truth of thousands."""
