import express from "express";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

const env = process.env;
const menshen = env.MENSHEN_URL ?? "http://127.0.0.1:8080";

// Kept for five minutes. A key that is not among them is asked for, but not more often than every ten seconds.
const keys = createRemoteJWKSet(new URL("/.well-known/jwks.json", menshen), {
  cacheMaxAge: 300_000,
  cooldownDuration: 10_000,
  timeoutDuration: 2_000,
});
const rules = {
  algorithms: ["ES256"],
  typ: "at+jwt",
  issuer: env.MENSHEN_ISSUER ?? "menshen",
  audience: env.MENSHEN_AUDIENCE ?? "menshen",
  clockTolerance: 5,
  requiredClaims: ["exp", "sub", "sid"],
};
const noKeys = ["ERR_JOSE_GENERIC", "ERR_JWKS_TIMEOUT", "ERR_JWKS_INVALID"];

/** Lets whoever holds a good token through: nobody is asked, a sign-out is seen when the token expires. */
async function signedIn(request, response, next) {
  const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  if (!token) return response.set("WWW-Authenticate", "Bearer").status(401).json({ code: "token_missing" });
  try {
    request.user = (await jwtVerify(token, keys, rules)).payload;
  } catch (error) {
    // Without keys nobody can tell, which is not the person's fault.
    if (!(error instanceof errors.JOSEError) || noKeys.includes(error.code)) return unavailable(response);
    response.set("WWW-Authenticate", 'Bearer error="invalid_token"');
    return response.status(401).json({ code: "token_invalid" });
  }
  next();
}

/** Asks Menshen as well, which sees a sign-out at once. */
async function signedInNow({ headers: { authorization } }, response, next) {
  const ask = { headers: { authorization }, redirect: "error", signal: AbortSignal.timeout(3_000) };
  const answer = await fetch(new URL("/v1/auth/verify", menshen), ask).catch(() => null);
  if (answer?.ok) return next();
  if (answer?.status !== 401 && answer?.status !== 403) return unavailable(response);
  const why = answer.headers.get("www-authenticate");
  if (why) response.set("WWW-Authenticate", why);
  response.status(answer.status).json(await answer.json());
}

const unavailable = (response) => response.status(503).json({ code: "unavailable" });

const app = express();
app.get("/orders", signedIn, ({ user }, response) => response.json({ user: user.sub }));
app.get("/payments", signedIn, signedInNow, ({ user }, response) => response.json({ user: user.sub }));
if (env.MENSHEN_WEBHOOK_SECRET) app.use((await import("./webhooks.js")).webhooks);
app.listen(env.PORT ?? 3000, "127.0.0.1");
