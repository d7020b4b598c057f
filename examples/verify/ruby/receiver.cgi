#!/usr/bin/env ruby
# Takes webhooks at /standard or /hmac, whichever signature it should check: a
# CGI program. WEBHOOK_SECRET is in its environment. (In Rails the raw bytes are
# request.raw_post, in Rack request.body.read.)
require_relative "verify"

# The old one is for the time after a rotation.
secrets = ENV.values_at("WEBHOOK_SECRET", "WEBHOOK_SECRET_OLD").compact
body = $stdin.binmode.read(ENV["CONTENT_LENGTH"].to_i)
header = ->(name) { ENV.fetch("HTTP_#{name}", "") }

good = if ENV["PATH_INFO"] == "/standard"
  PosternWebhook.verify_standard(secrets, body, header["WEBHOOK_ID"],
    header["WEBHOOK_TIMESTAMP"], header["WEBHOOK_SIGNATURE"])
else
  PosternWebhook.verify_hmac(secrets, body, header["X_WEBHOOK_SIGNATURE"])
end
print "Status: #{good ? "204 No Content" : "401 Unauthorized"}\r\n\r\n"
