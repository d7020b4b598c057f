// Checks that a webhook comes from Postern, with .NET alone.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Text;

public static class Verify
{
    private static byte[] Mac(byte[] key, byte[] text)
    {
        using (var hmac = new HMACSHA256(key))
            return hmac.ComputeHash(text);
    }

    private static byte[] Bytes(string text)
    {
        return Encoding.UTF8.GetBytes(text);
    }

    private static bool Same(string wanted, string given)
    {
        return CryptographicOperations.FixedTimeEquals(Bytes(wanted), Bytes(given));
    }

    // X-Webhook-Signature: sha256=<hex HMAC-SHA256 of the body>
    public static bool Hmac(IEnumerable<string> secrets, byte[] body, string signature)
    {
        return secrets.Any(secret => Same("sha256=" + BitConverter
            .ToString(Mac(Bytes(secret), body)).Replace("-", "").ToLowerInvariant(),
            signature));
    }

    private static byte[] KeyOf(string secret)
    {
        return secret.StartsWith("whsec_", StringComparison.Ordinal)
            ? Convert.FromBase64String(secret.Substring("whsec_".Length))
            : Bytes(secret);
    }

    // webhook-id, webhook-timestamp and webhook-signature of Standard Webhooks:
    // refuses what is older than the tolerance; any of the signatures may fit.
    public static bool Standard(IEnumerable<string> secrets, byte[] body, string id,
        string timestamp, string signatures, TimeSpan tolerance)
    {
        long seconds;
        if (timestamp.Length > 11 || !long.TryParse(timestamp, out seconds))
            return false;
        if ((DateTimeOffset.UtcNow - DateTimeOffset.FromUnixTimeSeconds(seconds))
            .Duration() > tolerance)
            return false;
        byte[] signed = Bytes(id + "." + timestamp + ".").Concat(body).ToArray();
        return secrets.Any(secret =>
        {
            string wanted = "v1," + Convert.ToBase64String(Mac(KeyOf(secret), signed));
            return signatures.Split(' ').Any(given => Same(wanted, given));
        });
    }
}
