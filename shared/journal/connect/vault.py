"""Users' broker credentials, sealed: only this module turns them into text and back."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.domain.errors import AuthRejected, NotFound
from shared.domain.ids import ConnectionId
from shared.ports import Entropy, Secret, Secrets

_KEYRING = "vault-keyring"  # each version of this secret is one key
_FORMAT = "a1"
_KEY_BYTES = 32
_NONCE_BYTES = 12


class Vault:
    """Seals with AES-256-GCM; the connection's id is bound in, so no sealed text fits another.

    Shape: a sealed text is "a1.<key version>.<base64url of nonce and ciphertext>".
    """

    def __init__(self, secrets: Secrets, entropy: Entropy) -> None:
        self._secrets = secrets
        self._entropy = entropy
        self._keys: dict[str, bytes] = {}

    async def seal(self, connection_id: ConnectionId, credentials: Mapping[str, str]) -> str:
        """Encrypt credentials with the newest key; the first call ever makes that key.

        Raises: StoreUnavailable.
        """
        key = await self._newest()
        nonce = self._entropy.random_bytes(_NONCE_BYTES)
        plain = json.dumps(dict(credentials)).encode()
        sealed = AESGCM(key.value).encrypt(nonce, plain, _bound_to(connection_id, key.version))
        return f"{_FORMAT}.{key.version}.{urlsafe_b64encode(nonce + sealed).decode()}"

    async def open(self, connection_id: ConnectionId, sealed: str) -> dict[str, str]:
        """Decrypt what was sealed for this connection.

        Raises: AuthRejected when it was changed or belongs to another connection: the user must
        connect again; NotFound when its key is gone, StoreUnavailable.
        """
        try:
            form, version, text = sealed.split(".")
            blob = urlsafe_b64decode(text)
        except ValueError as error:
            raise AuthRejected("the sealed credentials are damaged; connect again") from error
        if form != _FORMAT:
            raise AuthRejected(f"sealed credentials of form {form!r} are not known; connect again")
        cipher = AESGCM(await self._key(version))
        try:
            plain = cipher.decrypt(
                blob[:_NONCE_BYTES], blob[_NONCE_BYTES:], _bound_to(connection_id, version)
            )
        except (InvalidTag, ValueError) as error:
            raise AuthRejected("the sealed credentials do not open; connect again") from error
        opened: dict[str, str] = json.loads(plain)
        return opened

    async def _newest(self) -> Secret:
        """Read the newest key; two first users may both make one, and both keep opening."""
        try:
            newest = await self._secrets.get(_KEYRING)
        except NotFound:
            newest = await self._secrets.add(_KEYRING, self._entropy.random_bytes(_KEY_BYTES))
        self._keys[newest.version] = newest.value
        return newest

    async def _key(self, version: str) -> bytes:
        if version not in self._keys:
            self._keys[version] = (await self._secrets.get(_KEYRING, version)).value
        return self._keys[version]


def _bound_to(connection_id: ConnectionId, version: str) -> bytes:
    return f"{_FORMAT}|{version}|{connection_id}".encode()
