from os import environ

import httpx
import jwt
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse

MENSHEN = environ.get("MENSHEN_URL", "http://127.0.0.1:8080")
OURS = {
    "issuer": environ.get("MENSHEN_ISSUER", "menshen"),
    "audience": environ.get("MENSHEN_AUDIENCE", "menshen"),
    "options": {"require": ["exp", "sub", "sid"], "strict_aud": True},
}
UNAVAILABLE = HTTPException(503, {"code": "unavailable"})

# Kept for five minutes. A key that is not among them is asked for, but not more often than every ten seconds.
keys = jwt.PyJWKClient(f"{MENSHEN}/.well-known/jwks.json", lifespan=300, cooldown_duration=10, timeout=2)
menshen = httpx.Client(base_url=MENSHEN, timeout=3)
app = FastAPI()
if "MENSHEN_WEBHOOK_SECRET" in environ:
    from webhooks import router

    app.include_router(router)


@app.exception_handler(HTTPException)
def refuse(_, error):
    return JSONResponse(error.detail, error.status_code, error.headers)


def signed_in(request: Request):
    """The claims of a good token: nobody is asked, a sign-out is seen when the token expires."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise HTTPException(401, {"code": "token_missing"}, {"WWW-Authenticate": "Bearer"})
    try:
        if jwt.get_unverified_header(token).get("typ") != "at+jwt":
            raise jwt.InvalidTokenError("not an access token")
        return jwt.decode(token, keys.get_signing_key_from_jwt(token), ["ES256"], leeway=5, **OURS)
    except jwt.PyJWKClientConnectionError:  # without keys nobody can tell, which is not the person's fault
        raise UNAVAILABLE from None
    except jwt.PyJWTError:
        raise HTTPException(401, {"code": "token_invalid"}, {"WWW-Authenticate": 'Bearer error="invalid_token"'})


def signed_in_now(request: Request, claims: dict = Depends(signed_in)):
    """Asks Menshen as well, which sees a sign-out at once."""
    try:
        answer = menshen.get("/v1/auth/verify", headers={"Authorization": request.headers["authorization"]})
    except httpx.HTTPError:
        raise UNAVAILABLE from None
    if answer.status_code not in (200, 401, 403):
        raise UNAVAILABLE
    if answer.status_code != 200:
        why = answer.headers.get("www-authenticate")
        raise HTTPException(answer.status_code, answer.json(), {"WWW-Authenticate": why} if why else None)
    return claims


@app.get("/orders")
def orders(claims: dict = Depends(signed_in)):
    return {"user": claims["sub"]}


@app.get("/payments")
def payments(claims: dict = Depends(signed_in_now)):
    return {"user": claims["sub"]}
