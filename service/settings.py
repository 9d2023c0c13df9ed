"""Settings: environment variables SHORTSCIENCE_…, or options of the command line."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.integrations.mail_post import Post
from service.integrations.mail_server import parse_sender, parse_server
from service.integrations.mail_text import Letterhead
from service.verification import keys
from service.verification.addresses import WitnessAddress, parse_witnesses

PREFIX = "SHORTSCIENCE_"
OPTIONS = frozenset({"host", "port", "workers", "data_dir", "database_url"})  # of `shortscience serve`
DATABASES = frozenset({"database_url", "bouncer_url"})  # may hold a password
X_KEYS = ("x_consumer_key", "x_consumer_secret", "x_access_token", "x_access_token_secret")
SECRET = DATABASES | {*X_KEYS, "facebook_token", "smtp_url"}  # never shown
UNREADABLE = (
    "cannot be read: write postgresql://user:password@host:port/database, and in the password %2F for a "
    "slash, %3A for a colon, %40 for @ and %25 for %"
)


class SettingsError(Exception):
    """A setting is wrong; the message names it and the way out, in one line."""


def _default_data_dir() -> Path:
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "shortscience"


class Settings(BaseSettings):
    """What an installation can choose.

    Units:  port 1…65535; pool_size connections of each worker; data_dir is made if it is absent;
            cors_origins separated by commas; witnesses are pairs of key and address, separated by commas;
            licence_name and licence_url are both given, or neither; so are mail_from and smtp_url, which
            need base_url; private_targets lets users have this
            machine and its neighbours called, for tests and for a net of one's own.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    database_url: str | None = None
    bouncer_url: str | None = None
    data_dir: Path = Field(default_factory=_default_data_dir)
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    base_url: str = ""
    pool_size: Annotated[int, Field(ge=2, le=1000)] = 20
    log_level: str = "INFO"
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    cors_origins: str = ""
    metrics: Literal["local", "on", "off"] = "local"
    signing_key: Path | None = None
    witnesses: str = ""
    private_targets: Literal["on", "off"] = "off"
    licence_name: Annotated[str, Field(max_length=100)] = ""
    licence_url: Annotated[str, Field(max_length=500, validate_default=True)] = ""
    announce_quiet_minutes: Annotated[int, Field(ge=0, le=10_080)] = 30
    announce_min_score: int = 1
    announce_per_hour: Annotated[int, Field(ge=1, le=1000)] = 4
    x_api_url: str = "https://api.x.com"
    x_consumer_key: Annotated[str, Field(repr=False)] = ""
    x_consumer_secret: Annotated[str, Field(repr=False)] = ""
    x_access_token: Annotated[str, Field(repr=False)] = ""
    x_access_token_secret: Annotated[str, Field(repr=False, validate_default=True)] = ""
    facebook_api_url: str = "https://graph.facebook.com/v23.0"
    facebook_page_id: str = ""
    facebook_token: Annotated[str, Field(repr=False, validate_default=True)] = ""

    mail_from: str = ""
    smtp_url: Annotated[SecretStr, Field(validate_default=True)] = SecretStr("")

    @field_validator("database_url", "bouncer_url", "base_url", "x_api_url", "facebook_api_url")
    @classmethod
    def _is_an_address(cls, value: str | None, info: Any) -> str | None:
        schemes = ("postgres", "postgresql") if info.field_name in DATABASES else ("http", "https")
        if value and value.partition("://")[0] not in schemes:
            raise ValueError(f"must begin with {' or '.join(f'{s}://' for s in schemes)}")
        if value and info.field_name in DATABASES:
            database_place(value)
        return value.rstrip("/") if value else value

    @field_validator("base_url", "x_api_url", "facebook_api_url")
    @classmethod
    def _is_a_whole_address(cls, value: str, info: Any) -> str:
        if (value or info.field_name != "base_url") and not _is_beginning(value):
            raise ValueError(
                "must be a whole address that others begin with, such as https://www.example.org, in plain "
                "letters (other names as xn--…), with a port up to 65535 if it has one, without ? and #"
            )
        return value

    @field_validator("facebook_page_id")
    @classmethod
    def _is_a_number(cls, value: str) -> str:
        if value and not (value.isascii() and value.isdigit() and len(value) <= 32):
            raise ValueError("must be the page's number, not its name: Facebook shows it as Page ID in About")
        return value

    @field_validator("log_level")
    @classmethod
    def _is_a_level(cls, value: str) -> str:
        levels = ("DEBUG", "INFO", "WARNING", "ERROR")
        if value.upper() not in levels:
            raise ValueError(f"must be one of {', '.join(levels)}")
        return value.upper()

    @field_validator("witnesses")
    @classmethod
    def _are_witnesses(cls, value: str) -> str:
        parse_witnesses(value)
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        for origin in _listed(value):
            parts = urlsplit(origin)
            if (
                "*" in origin
                or parts.scheme not in ("http", "https")
                or f"{parts.scheme}://{parts.netloc.lower()}" != origin
            ):
                raise ValueError(
                    f"{origin!r} is no origin: give scheme and host in lower case, such as "
                    "https://www.example.org, without a slash at the end and without wildcards"
                )
        return value

    @field_validator("mail_from")
    @classmethod
    def _is_a_sender(cls, value: str) -> str:
        if value:
            parse_sender(value)
        return value

    @field_validator("smtp_url")
    @classmethod
    def _is_a_mail_server(cls, value: SecretStr, info: Any) -> SecretStr:
        if "mail_from" in info.data and bool(value) != bool(info.data["mail_from"]):
            raise ValueError(f"goes with {PREFIX}MAIL_FROM: set both, or neither")
        if value and not info.data.get("base_url", "unknown"):
            raise ValueError(f"needs {PREFIX}BASE_URL, which links in mails begin with")
        if value:
            parse_server(value.get_secret_value())
        return value

    @property
    def post(self) -> Post | None:
        """How mail leaves this installation; None: it does not."""
        if not self.smtp_url:
            return None
        server = parse_server(self.smtp_url.get_secret_value())
        return Post(server, Letterhead(parse_sender(self.mail_from), self.public_url))

    @property
    def signing_key_file(self) -> Path:
        """Where the key is that signs the log's checkpoints; made when it is first needed."""
        return self.signing_key or self.data_dir / keys.FILE

    @field_validator("licence_name")
    @classmethod
    def _is_a_line(cls, value: str) -> str:
        if value != " ".join(value.split()) or not value.isprintable():
            raise ValueError("must be one line, such as CC BY 4.0, without spaces around it")
        return value

    @field_validator("licence_url")
    @classmethod
    def _leads_to_the_licence(cls, value: str, info: Any) -> str:
        if bool(value) != bool(info.data.get("licence_name")):
            raise ValueError(f"goes with {PREFIX}LICENCE_NAME: set both, or neither")
        if value and not _is_web_address(value):
            raise ValueError("must be a whole address that begins with https:// or http://")
        return value

    @field_validator(*X_KEYS, "facebook_token")
    @classmethod
    def _is_a_key(cls, value: str) -> str:
        if not all("!" <= char <= "~" for char in value):
            raise ValueError("must be as the network shows it: letters, digits and signs without spaces")
        return value

    @field_validator("x_access_token_secret", "facebook_token")
    @classmethod
    def _is_complete(cls, value: str, info: Any) -> str:
        needed = X_KEYS[:-1] if info.field_name in X_KEYS else ("facebook_page_id",)
        if any(bool(info.data[name]) != bool(value) for name in needed if name in info.data):
            others = ", ".join(PREFIX + name.upper() for name in needed)
            raise ValueError(f"goes with {others}: set all, or none")
        if value and not info.data.get("base_url", "unknown"):
            raise ValueError(f"what is announced needs {PREFIX}BASE_URL, which permalinks begin with")
        return value

    @property
    def asked_witnesses(self) -> list[WitnessAddress]:
        """Who is asked to cosign the log."""
        return parse_witnesses(self.witnesses)

    @property
    def allowed_origins(self) -> list[str]:
        """The sites whose pages may use the API from a browser."""
        return _listed(self.cors_origins)

    @property
    def public_url(self) -> str:
        """Where readers reach the service, without a slash at its end."""
        return self.base_url or self.own_url

    @property
    def own_url(self) -> str:
        """Where it listens, likewise."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @classmethod
    def read(cls, **options: Any) -> Self:
        """Settings from options and, where an option is None, from the environment.

        Errors: SettingsError, naming the first wrong setting.
        """
        try:
            return cls(**{name: value for name, value in options.items() if value is not None})
        except ValidationError as error:
            raise SettingsError(_told(error.errors()[0])) from None


def database_place(url: str) -> str:
    """Host and name of a database, without user and password. Errors: ValueError, without the address."""
    try:
        parts = urlsplit(url)
        hosts = parts.netloc.rpartition("@")[2]
        for host in hosts.split(","):
            _ = urlsplit(f"//{host}").port  # what is no number is refused here
        beside = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
    except ValueError:
        raise ValueError(UNREADABLE) from None
    if parts.fragment or "@" in parts.path or parts.netloc.count("@") > 1:  # of a password, most likely
        raise ValueError(UNREADABLE)
    name = parts.path.strip("/") or beside.get("dbname", beside.get("database", ""))
    return f"{hosts or beside.get('host', '')}/{name}"


def _told(error: Any) -> str:
    """What is wrong with a setting, in one line; its value only where that is no secret."""
    name = str(error["loc"][0])
    variable = PREFIX + name.upper() + (f" (--{name.replace('_', '-')})" if name in OPTIONS else "")
    reason = str(error["msg"]).removeprefix("Value error, ")
    return f"{variable}: {reason}" if name in SECRET else f"{variable} is {error['input']!r}: {reason}"


def _is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and value.isprintable()
    except ValueError:
        return False


def _is_beginning(value: str) -> bool:
    """Of addresses that are made by writing a path behind it."""
    try:
        parts = urlsplit(value)
        _ = parts.port  # what is none is refused here
    except ValueError:
        return False
    plain = value.isascii() and " " not in value and len(value) <= 500
    return plain and _is_web_address(value) and not parts.query and not parts.fragment


def _listed(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]
