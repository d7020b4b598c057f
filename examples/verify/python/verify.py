"""Checks that a webhook comes from Postern, with the standard library alone."""
import base64
import hashlib
import hmac
import re
import time


def same(wanted: str, given: str) -> bool:
    """Compares in constant time."""
    return hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace"))


def verify_hmac(secrets: list[str], body: bytes, signature: str) -> bool:
    """X-Webhook-Signature: sha256=<hex HMAC-SHA256 of the body>."""
    return any(
        same("sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
             signature)
        for secret in secrets)


def key_of(secret: str) -> bytes:
    if secret.startswith("whsec_"):
        return base64.b64decode(secret[len("whsec_"):])
    return secret.encode()


def verify_standard(secrets: list[str], body: bytes, message_id: str,
                    timestamp: str, signatures: str,
                    tolerance_s: int = 300) -> bool:
    """webhook-id, webhook-timestamp and webhook-signature of Standard Webhooks:
    refuses what is older than tolerance_s; any of the signatures may fit."""
    if not re.fullmatch("[0-9]{1,12}", timestamp):
        return False
    if abs(time.time() - int(timestamp)) > tolerance_s:
        return False
    signed = f"{message_id}.{timestamp}.".encode("utf-8", "replace") + body
    for secret in secrets:
        mac = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
        wanted = "v1," + base64.b64encode(mac).decode()
        if any(same(wanted, given) for given in signatures.split(" ")):
            return True
    return False
