"""Tokens that Menshen did not issue, with a key that stands in the key set all the same."""

import base64
import hashlib
import hmac
import json
import time
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

KID = "a-key-of-the-test"


def text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Forger:
    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        point = self.key.public_key().public_numbers()
        x, y = (text(number.to_bytes(32, "big")) for number in (point.x, point.y))
        self.jwk = {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": KID, "alg": "ES256", "use": "sig"}

    def token(self, header=None, **claims):
        """A token that is right in every way but those that are given; None leaves a claim out."""
        now = int(time.time())
        head = {"alg": "ES256", "typ": "at+jwt", "kid": KID, **(header or {})}
        body = {
            "iss": "menshen", "aud": "menshen", "sub": str(uuid.uuid4()), "sid": str(uuid.uuid4()),
            "jti": str(uuid.uuid4()), "iat": now, "nbf": now, "exp": now + 3600,
            "client_type": "web", "scope": "user", **claims,
        }  # fmt: skip
        head, body = ({name: value for name, value in part.items() if value is not None} for part in (head, body))
        signed = ".".join(text(json.dumps(part).encode()) for part in (head, body))
        return f"{signed}.{text(self.signature(head['alg'], signed.encode()))}"

    def signature(self, algorithm, signed):
        if algorithm == "none":
            return b""
        if algorithm == "HS256":
            # The public key as a shared secret: what a verifier does that believes `alg`.
            pem = self.key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            return hmac.new(pem, signed, hashlib.sha256).digest()
        r, s = decode_dss_signature(self.key.sign(signed, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def changed(token, part):
    """The token with one character of a part replaced."""
    parts = token.split(".")
    place = len(parts[part]) // 2
    letter = "A" if parts[part][place] != "A" else "B"
    parts[part] = parts[part][:place] + letter + parts[part][place + 1 :]
    return ".".join(parts)
