"""The warehouse: open, migrate, publish, maintain, export. DuckDB lives only here."""
