# Checks that a webhook comes from Postern, with the standard library alone.
require "openssl"

module PosternWebhook
  module_function

  # X-Webhook-Signature: sha256=<hex HMAC-SHA256 of the body>
  def verify_hmac(secrets, body, signature)
    secrets.any? do |secret|
      mac = OpenSSL::HMAC.hexdigest("SHA256", secret, body)
      OpenSSL.secure_compare("sha256=#{mac}", signature)
    end
  end

  def key_of(secret)
    secret.start_with?("whsec_") ? secret.delete_prefix("whsec_").unpack1("m") : secret
  end

  # webhook-id, webhook-timestamp and webhook-signature of Standard Webhooks:
  # refuses what is older than tolerance_s; any of the signatures may fit.
  def verify_standard(secrets, body, id, timestamp, signatures, tolerance_s: 300)
    return false unless timestamp.match?(/\A[0-9]{1,12}\z/)
    return false if (Time.now.to_i - timestamp.to_i).abs > tolerance_s

    signed = "#{id}.#{timestamp}.".b + body
    secrets.any? do |secret|
      mac = OpenSSL::HMAC.digest("SHA256", key_of(secret), signed)
      wanted = "v1,#{[mac].pack("m0")}"
      signatures.split(" ").any? { |given| OpenSSL.secure_compare(wanted, given) }
    end
  end
end
