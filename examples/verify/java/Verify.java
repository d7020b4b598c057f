import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Checks that a webhook comes from Postern, with the JDK (17) alone. */
final class Verify {
    private Verify() {
    }

    private static byte[] mac(byte[] key, byte[] text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(text);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** MessageDigest.isEqual compares in constant time. */
    private static boolean same(String wanted, String given) {
        return MessageDigest.isEqual(bytes(wanted), bytes(given));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** X-Webhook-Signature: sha256=(hex HMAC-SHA256 of the body). */
    static boolean hmac(List<String> secrets, byte[] body, String signature) {
        for (String secret : secrets) {
            String hex = HexFormat.of().formatHex(mac(bytes(secret), body));
            if (same("sha256=" + hex, signature)) {
                return true;
            }
        }
        return false;
    }

    private static byte[] keyOf(String secret) {
        return secret.startsWith("whsec_")
            ? Base64.getDecoder().decode(secret.substring("whsec_".length()))
            : bytes(secret);
    }

    /**
     * webhook-id, webhook-timestamp and webhook-signature of Standard Webhooks:
     * refuses what is older than the tolerance; any of the signatures may fit.
     */
    static boolean standard(List<String> secrets, byte[] body, String id,
            String timestamp, String signatures, Duration tolerance) {
        if (!timestamp.matches("[0-9]{1,12}")) {
            return false;
        }
        Instant sent = Instant.ofEpochSecond(Long.parseLong(timestamp));
        if (Duration.between(sent, Instant.now()).abs().compareTo(tolerance) > 0) {
            return false;
        }
        ByteArrayOutputStream signed = new ByteArrayOutputStream();
        signed.writeBytes(bytes(id + "." + timestamp + "."));
        signed.writeBytes(body);
        for (String secret : secrets) {
            byte[] mac = mac(keyOf(secret), signed.toByteArray());
            String wanted = "v1," + Base64.getEncoder().encodeToString(mac);
            for (String given : signatures.split(" ")) {
                if (same(wanted, given)) {
                    return true;
                }
            }
        }
        return false;
    }
}
