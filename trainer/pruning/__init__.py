"""Pruning by composition: a scoring, a schedule, the masks they make, and a tuning of what remains."""
