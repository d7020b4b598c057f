// Checks that a webhook comes from Postern, with the standard library alone.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

func mac(key, text []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(text)
	return h.Sum(nil)
}

// hmac.Equal compares in constant time.
func same(wanted, given string) bool {
	return hmac.Equal([]byte(wanted), []byte(given))
}

// VerifyHMAC checks X-Webhook-Signature: sha256=<hex HMAC-SHA256 of the body>.
func VerifyHMAC(secrets []string, body []byte, signature string) bool {
	for _, secret := range secrets {
		if same("sha256="+hex.EncodeToString(mac([]byte(secret), body)), signature) {
			return true
		}
	}
	return false
}

func keyOf(secret string) ([]byte, error) {
	if text, found := strings.CutPrefix(secret, "whsec_"); found {
		return base64.StdEncoding.DecodeString(text)
	}
	return []byte(secret), nil
}

// VerifyStandard checks webhook-id, webhook-timestamp and webhook-signature of
// Standard Webhooks: it refuses what is older than the tolerance; any of the
// signatures may fit.
func VerifyStandard(secrets []string, body []byte, id, timestamp, signatures string,
	tolerance time.Duration) bool {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > tolerance {
		return false
	}
	signed := append([]byte(id+"."+timestamp+"."), body...)
	for _, secret := range secrets {
		key, err := keyOf(secret)
		if err != nil {
			continue
		}
		wanted := "v1," + base64.StdEncoding.EncodeToString(mac(key, signed))
		for _, given := range strings.Fields(signatures) {
			if same(wanted, given) {
				return true
			}
		}
	}
	return false
}
