"""Use cases: each is one transaction with its audit event; pages and commands call nothing else."""
