package main

import (
	"cmp"
	"context"
	"io"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"golang.org/x/time/rate"
)

func answer(w http.ResponseWriter, status int, why, body string) bool {
	if w.Header().Set("Content-Type", "application/json"); why != "" {
		w.Header().Set("WWW-Authenticate", why)
	}
	w.WriteHeader(status)
	io.WriteString(w, body)
	return false
}

func serve(path string, who func(http.ResponseWriter, *http.Request) (string, bool)) {
	http.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
		if user, ok := who(w, r); ok {
			answer(w, 200, "", `{"user":"`+user+`"}`)
		}
	})
}

func main() {
	// Fetched every five minutes. A key that is not among them is asked for, but not more often than every ten seconds.
	override := keyfunc.Override{RefreshInterval: 5 * time.Minute, HTTPTimeout: 2 * time.Second,
		RefreshUnknownKID: rate.NewLimiter(rate.Every(10*time.Second), 1), RateLimitWaitMax: 2 * time.Second}
	var err error
	if keys, err = keyfunc.NewDefaultOverrideCtx(context.Background(), []string{menshen + "/.well-known/jwks.json"}, override); err != nil {
		log.Fatal(err)
	}
	serve("/orders", signedIn)
	serve("/payments", signedInNow)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+cmp.Or(os.Getenv("PORT"), "3000"), nil))
}
