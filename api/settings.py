"""What the service is told when it starts: by flags of `pie serve`, else variables, else a file."""

from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from store.errors import Refused
from store.location import locate
from store.sql_pool import SqlLimits


class Settings(BaseSettings):
    """Each is a flag of `pie serve`, a variable named PIE_ and the setting's name, or a key of the TOML file."""

    model_config = SettingsConfigDict(env_prefix="PIE_", extra="forbid")

    warehouse: str | None = Field(None, description="The warehouse's URL; ./warehouse when not given.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    open: bool = Field(False, description="Let anyone who reaches the service ask: no tokens are checked for that.")
    tokens: Path | None = Field(
        None, description="File of the access tokens; tokens.json in the warehouse's directory."
    )
    sql: bool = Field(True, description="Whether ad-hoc SQL is answered.")
    sql_warehouse: SecretStr | None = Field(
        None, description="URL by which ad-hoc SQL reaches the warehouse: through a PostgreSQL role that may only read."
    )
    sql_environment: dict[str, SecretStr] = Field(
        {}, description="Variables of ad-hoc SQL's processes, such as AWS_PROFILE of an account that may only read."
    )
    sql_workers: int = Field(2, ge=1, le=64, description="Queries of SQL answered at the same time.")
    sql_waiting: int = Field(
        8, ge=0, le=1000, description="Queries of SQL that may wait; further ones are told to come back."
    )
    sql_time_limit_ms: int = Field(5_000, ge=1, description="Time of one query of SQL.")
    sql_memory_limit_mb: int = Field(1_024, ge=64, description="Memory of one query of SQL.")
    sql_max_rows: int = Field(100_000, ge=1, description="Rows of one answer to SQL.")
    sql_max_mb: int = Field(32, ge=1, description="Size of one answer to SQL, as an Arrow stream.")
    cache_mb: int = Field(64, ge=0, description="Memory for answers that may be asked again.")
    max_upload_mb: int = Field(512, ge=1, description="Size of a spooled run sent by POST /v1/runs.")
    cors_origins: list[str] = Field([], description="Web pages of these origins may ask.")
    trusted_proxies: list[str] = Field([], description="Addresses of proxies whose X-Forwarded headers are believed.")
    shutdown_seconds: int = Field(30, ge=0, description="Time for what is under way when the service is told to stop.")

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource, dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:  # fmt: skip
        """Flags before variables before the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def tokens_file(self) -> Path | None:
        """Where access tokens are kept; None when nothing says where."""
        directory = locate(self.warehouse).directory
        return self.tokens or (directory / "tokens.json" if directory else None)

    @property
    def sql_limits(self) -> SqlLimits:
        return SqlLimits(
            workers=self.sql_workers,
            waiting=self.sql_waiting,
            time_limit_ms=self.sql_time_limit_ms,
            memory_limit_mb=self.sql_memory_limit_mb,
            max_rows=self.sql_max_rows,
            max_bytes=self.sql_max_mb * 2**20,
        )


def load_settings(file: Path | None = None, **flags: Any) -> Settings:
    """The settings: flags that are not None, else variables, else the file. Raises Refused by name and value."""
    if file is not None and not file.is_file():
        raise Refused(f"No settings file '{file}'; name a TOML file with --config.")
    config = SettingsConfigDict(**{**Settings.model_config, "toml_file": file})
    from_file: type[Settings] = type("SettingsWithFile", (Settings,), {"model_config": config})
    try:
        return from_file(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        fault = error.errors()[0]
        name = ".".join(str(part) for part in fault["loc"])
        raise Refused(f"Setting '{name}' is {fault['input']!r}: {fault['msg']}; see `pie serve --help`.") from error
    except ValueError as error:
        raise Refused(f"The settings file '{file}' is not TOML: {error}.") from error
