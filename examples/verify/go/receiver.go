// Takes webhooks at /standard or /hmac, whichever signature it should check.
//
//	PORT=8080 WEBHOOK_SECRET=whsec_... go run receiver.go verify.go
package main

import (
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

func main() {
	var secrets []string
	// The old one is for the time after a rotation.
	for _, name := range []string{"WEBHOOK_SECRET", "WEBHOOK_SECRET_OLD"} {
		if secret := os.Getenv(name); secret != "" {
			secrets = append(secrets, secret)
		}
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body) // the raw bytes: nothing has parsed them
		good := err == nil
		if r.URL.Path == "/standard" {
			good = good && VerifyStandard(secrets, body, r.Header.Get("webhook-id"),
				r.Header.Get("webhook-timestamp"), r.Header.Get("webhook-signature"),
				5*time.Minute)
		} else {
			good = good && VerifyHMAC(secrets, body, r.Header.Get("X-Webhook-Signature"))
		}
		if good {
			w.WriteHeader(http.StatusNoContent)
		} else {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
