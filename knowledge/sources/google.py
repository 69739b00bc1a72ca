"""Signing in to Google: a token for an hour, by a service account's key or a person's lasting consent."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from knowledge.errors import SourceError
from knowledge.fetching import shown
from knowledge.sources import Surroundings
from knowledge.sources.client import Client

_TOKENS = "https://oauth2.googleapis.com/token"
_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SECONDS = 3_600
_NEEDED = {
    "service_account": ("client_email", "private_key"),
    "authorized_user": ("client_id", "client_secret", "refresh_token"),
}
"""What credentials hold, by their type."""


class GoogleSignIn:
    """What `credentials` say, exchanged for tokens that end after an hour."""

    def __init__(self, source: str, credentials: str, scope: str, surroundings: Surroundings) -> None:
        self._source = source
        self._scope = scope
        self._surroundings = surroundings
        self._account = _account(source, credentials)

    def headers(self) -> Mapping[str, str]:
        """Those with a new token; raises `SourceError`."""
        address = str(self._account.get("token_uri") or _TOKENS)
        client = Client(self._source, address, self._surroundings, key="credentials")
        try:
            response = client.ask(address, form=self._form(address))
        finally:
            client.close()
        try:
            token = json.loads(response.body)["access_token"] if response.status == 200 else None
        except (ValueError, KeyError, TypeError):
            token = None
        if token is None:
            raise SourceError(
                f"Source `{self._source}`: {shown(address)} gives no token for these credentials (HTTP "
                f"{response.status}); make a new key, or consent again, and put it into GOOGLE_CREDENTIALS."
            )
        return {"Authorization": f"Bearer {token}"}

    def _form(self, address: str) -> dict[str, str]:
        account = self._account
        if account.get("type") == "authorized_user":
            names = ("client_id", "client_secret", "refresh_token")
            return {"grant_type": "refresh_token", **{name: str(account[name]) for name in names}}
        try:
            from google.auth import crypt, jwt
        except ImportError:
            raise SourceError(
                f"Source `{self._source}`: a service account needs a package more: "
                "`pip install 'vocero[drive]'`."
            ) from None
        now = int(time.time())
        claims = {
            "iss": account["client_email"],
            "scope": self._scope,
            "aud": address,
            "iat": now,
            "exp": now + _SECONDS,
        }
        try:
            signer = crypt.RSASigner.from_service_account_info(account)  # type: ignore[no-untyped-call]
            assertion = jwt.encode(signer, claims)  # type: ignore[no-untyped-call]
        except ValueError:
            raise SourceError(
                f"Source `{self._source}`: the key in its credentials is damaged; make a new one."
            ) from None
        return {"grant_type": _BEARER, "assertion": assertion.decode()}


def _account(source: str, credentials: str) -> dict[str, Any]:
    """The account in a JSON text, or in a file of that path."""
    text = credentials.strip()
    try:
        if not text.startswith("{"):
            text = Path(text).expanduser().read_text(encoding="utf-8")
        account = json.loads(text)
    except (OSError, ValueError):
        account = None
    kind = str(account.get("type")) if isinstance(account, dict) else ""
    needed = _NEEDED.get(kind)
    if not isinstance(account, dict) or needed is None or any(not account.get(key) for key in needed):
        raise SourceError(
            f"Source `{source}`: `credentials` is neither the JSON of a service account or an authorised "
            "user, nor a file with it; put one into GOOGLE_CREDENTIALS."
        )
    return account
