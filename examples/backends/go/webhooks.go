package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// What Menshen tells: people who came, changed, or left.
type event struct {
	Type string `json:"type"`
	Data struct {
		UserID string `json:"user_id"`
	} `json:"data"`
}

func init() {
	secret := os.Getenv("MENSHEN_WEBHOOK_SECRET")
	if secret == "" {
		return
	}
	webhook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("POST /webhooks/menshen", func(w http.ResponseWriter, r *http.Request) {
		// The signature is over the bytes as they came: nothing may read them before.
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
		var told event
		if err != nil || webhook.Verify(body, r.Header) != nil || json.Unmarshal(body, &told) != nil {
			answer(w, 401, "", `{"code":"signature_invalid"}`)
			return
		}
		// The same event may come twice, by the same id: keep ids in the transaction that acts on them.
		log.Println(r.Header.Get("webhook-id"), told.Type, told.Data.UserID)
		w.WriteHeader(204)
	})
}
