"""The configuration file: TOML, with the command line's options by their long names, and a table of settings.

    cluster = "demo"
    members = ["n1", "n2", "n3"]
    redis = "redis://localhost:6379"

    [settings]
    heartbeat_seconds = 0.2

One file serves nodes and clients: each takes the keys that concern it. A key that nobody knows is an error, because it is most often a
misspelled one that somebody knows.
"""

import tomllib
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from paxos.errors import ConfigurationError
from paxos.settings import Settings


class ConfigFile(Struct, frozen=True, kw_only=True):
    """What may stand in the file; every key may be left out."""

    name: str | UnsetType = UNSET
    cluster: str | UnsetType = UNSET
    members: list[str] | str | UnsetType = UNSET
    roles: list[str] | str | UnsetType = UNSET
    redis: str | UnsetType = UNSET
    data_dir: str | UnsetType = UNSET
    priority: int | UnsetType = UNSET
    storage: str | UnsetType = UNSET
    secret_file: str | UnsetType = UNSET
    timeout: float | UnsetType = UNSET
    output: str | UnsetType = UNSET
    settings: Settings = Settings()

    def options(self) -> dict[str, Any]:
        """The options that the file gives, as one would type them."""
        given = {name: getattr(self, name) for name in self.__struct_fields__ if name != "settings"}
        return {name: ",".join(value) if isinstance(value, list) else value for name, value in given.items() if value is not UNSET}


def read_config(path: Path) -> ConfigFile:
    """The file's content; ConfigurationError says in one line what is wrong with it."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"cannot read the configuration file {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the configuration file {path} is not TOML: {error}") from error
    settings = table.get("settings", {})
    if not isinstance(settings, dict):
        raise ConfigurationError(f"{path}: settings = {settings!r} should be a table, [settings]")
    _check(f"{path}: [settings] ", settings, Settings)
    _check(f"{path}: ", table, ConfigFile)
    try:
        msgspec.convert(settings, Settings).checked()
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: [settings] {error}") from error
    return msgspec.convert(table, ConfigFile)


def _check(where: str, table: dict[str, Any], kind: type[ConfigFile] | type[Settings]) -> None:
    """Name the first key that is unknown or of a wrong type, with its value."""
    for key, value in table.items():
        if key not in kind.__struct_fields__:
            raise ConfigurationError(f"{where}unknown key {key!r}; the keys are {', '.join(kind.__struct_fields__)}")
        try:
            msgspec.convert({key: value}, kind)
        except msgspec.ValidationError as error:
            reason = str(error).partition(" - at ")[0].replace("`", "'")
            raise ConfigurationError(f"{where}{key} = {value!r}: {reason}") from error
