"""The report: findings in words, tables and figures of a warehouse, in one file that needs no network."""
