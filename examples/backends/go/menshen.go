package main

import (
	"cmp"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

var (
	menshen = cmp.Or(os.Getenv("MENSHEN_URL"), "http://127.0.0.1:8080")
	client  = &http.Client{Timeout: 3 * time.Second}
	keys    keyfunc.Keyfunc
	parser  = jwt.NewParser(jwt.WithValidMethods([]string{"ES256"}), jwt.WithExpirationRequired(), jwt.WithLeeway(5*time.Second),
		jwt.WithIssuer(cmp.Or(os.Getenv("MENSHEN_ISSUER"), "menshen")), jwt.WithAudience(cmp.Or(os.Getenv("MENSHEN_AUDIENCE"), "menshen")))
)

// signedIn tells whose token it is, and nobody is asked: a sign-out is seen when the token expires.
func signedIn(w http.ResponseWriter, r *http.Request) (user string, ok bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", answer(w, 401, "Bearer", `{"code":"token_missing"}`)
	}
	claims := jwt.RegisteredClaims{}
	read, err := parser.ParseWithClaims(token, &claims, keys.KeyfuncCtx(r.Context()))
	if known, _ := keys.Storage().KeyReadAll(r.Context()); len(known) == 0 { // nobody can tell, which is not the person's fault
		return "", answer(w, 503, "", `{"code":"unavailable"}`)
	} else if err != nil || read.Header["typ"] != "at+jwt" || read.Header["crit"] != nil || claims.Subject == "" {
		return "", answer(w, 401, `Bearer error="invalid_token"`, `{"code":"token_invalid"}`)
	}
	return claims.Subject, true
}

// signedInNow asks Menshen as well, which sees a sign-out at once.
func signedInNow(w http.ResponseWriter, r *http.Request) (user string, ok bool) {
	if user, ok = signedIn(w, r); !ok {
		return "", false
	}
	ask, _ := http.NewRequestWithContext(r.Context(), "GET", menshen+"/v1/auth/verify", nil)
	ask.Header.Set("Authorization", r.Header.Get("Authorization"))
	said, err := client.Do(ask)
	if err != nil {
		return "", answer(w, 503, "", `{"code":"unavailable"}`)
	}
	defer said.Body.Close()
	body, err := io.ReadAll(io.LimitReader(said.Body, 16<<10))
	if said.StatusCode == 200 {
		return user, true
	} else if err != nil || said.StatusCode != 401 && said.StatusCode != 403 {
		return "", answer(w, 503, "", `{"code":"unavailable"}`)
	}
	return "", answer(w, said.StatusCode, said.Header.Get("WWW-Authenticate"), string(body))
}
