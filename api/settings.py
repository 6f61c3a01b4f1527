"""What the service is told when it starts."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The service's settings: each a flag of `pie serve`, or a variable named PIE_ and the setting's name."""

    model_config = SettingsConfigDict(env_prefix="PIE_", extra="forbid")

    warehouse: str | None = None
    """The warehouse's URL; ./warehouse when not given."""
    host: str = "127.0.0.1"
    port: int = 8000
