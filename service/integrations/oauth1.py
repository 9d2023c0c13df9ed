"""Signatures of OAuth 1.0a (RFC 5849), HMAC-SHA1, for requests whose body is no form."""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlsplit


@dataclass(frozen=True, slots=True)
class Credentials:
    """Of an application, and of the account that it writes for."""

    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    token: str = field(repr=False)
    token_secret: str = field(repr=False)


def authorization(own: Credentials, method: str, url: str, *, nonce: str, seconds: int) -> str:
    """The header of a request. Units: seconds after 1970."""
    fields = {
        "oauth_consumer_key": own.consumer_key,
        "oauth_nonce": nonce,
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(seconds),
        "oauth_token": own.token,
        "oauth_version": "1.0",
    }
    fields["oauth_signature"] = signature(own, method, url, fields)
    return "OAuth " + ", ".join(f'{_coded(name)}="{_coded(value)}"' for name, value in sorted(fields.items()))


def signature(own: Credentials, method: str, url: str, fields: Mapping[str, str]) -> str:
    """Over method, address, its query and these fields."""
    pairs = [*fields.items(), *parse_qsl(urlsplit(url).query, keep_blank_values=True)]
    listed = "&".join(f"{name}={value}" for name, value in sorted((_coded(n), _coded(v)) for n, v in pairs))
    base = "&".join(map(_coded, (method.upper(), _address(url), listed)))
    key = f"{_coded(own.consumer_secret)}&{_coded(own.token_secret)}"
    return base64.b64encode(hmac.digest(key.encode(), base.encode(), "sha1")).decode()


def _address(url: str) -> str:
    """Without its query, and without the port that its scheme has anyway."""
    parts = urlsplit(url.lower())
    host = parts.netloc.removesuffix({"http": ":80", "https": ":443"}[parts.scheme])
    return f"{parts.scheme}://{host}{urlsplit(url).path or '/'}"


def _coded(text: str) -> str:
    return quote(text, safe="-._~")
