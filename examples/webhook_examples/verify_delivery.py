"""Checks what Postern delivers, with the standard library alone.

    python3 verify_delivery.py SECRET BODY_FILE 'sha256=...'

Always over the raw bytes of the request: never parse and print the JSON first.
"""
import base64
import hashlib
import hmac
import sys
import time


def verify(secret: str, body: bytes, header: str) -> bool:
    """X-Webhook-Signature: sha256=<hex HMAC-SHA256 of the body>."""
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"sha256={expected}".encode(), header.encode())


def verify_standard(secret: str, body: bytes, message_id: str,
                    timestamp: str, header: str, tolerance_s: int = 300) -> bool:
    """webhook-id, webhook-timestamp and webhook-signature, as Standard Webhooks
    defines them: protects against replays too."""
    if abs(time.time() - int(timestamp)) > tolerance_s:
        return False
    key = (base64.b64decode(secret[len("whsec_"):])
           if secret.startswith("whsec_") else secret.encode())
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = b"v1," + base64.b64encode(
        hmac.new(key, signed, hashlib.sha256).digest())
    return any(hmac.compare_digest(expected, part.encode())
               for part in header.split())


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    with open(sys.argv[2], "rb") as file:
        valid = verify(sys.argv[1], file.read(), sys.argv[3])
    print("valid" if valid else "invalid")
    sys.exit(0 if valid else 1)
