"""Takes webhooks at /standard or /hmac, whichever signature it should check.

    PORT=8080 WEBHOOK_SECRET=whsec_... python3 receiver.py
"""
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from verify import verify_hmac, verify_standard

# The old one is for the time after a rotation.
SECRETS = [os.environ[name] for name in ("WEBHOOK_SECRET", "WEBHOOK_SECRET_OLD")
           if os.environ.get(name)]


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        # The raw bytes: nothing has parsed them yet.
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/standard":
            good = verify_standard(SECRETS, body,
                                   self.headers.get("webhook-id", ""),
                                   self.headers.get("webhook-timestamp", ""),
                                   self.headers.get("webhook-signature", ""))
        else:
            good = verify_hmac(SECRETS, body,
                               self.headers.get("X-Webhook-Signature", ""))
        self.send_response(204 if good else 401)
        self.end_headers()


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])),
                        Receiver).serve_forever()
