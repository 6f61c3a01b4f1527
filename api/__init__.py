"""The service: HTTP over analysis and store. FastAPI lives only here."""
