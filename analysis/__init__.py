"""The questions: one .sql and one .py of the same name each, asked of a warehouse. Plotly lives only here."""
