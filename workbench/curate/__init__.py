"""Curation logic on plain data: queries, duplicates, cleaning rules. No SQL, no interface."""
