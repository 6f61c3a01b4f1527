"""The numbered SQL files that make the warehouse: tables, then the concept views."""
