<?php

require __DIR__ . '/vendor/autoload.php';

use Firebase\JWT\CachedKeySet;
use Firebase\JWT\JWT;
use GuzzleHttp\Client;
use GuzzleHttp\Psr7\HttpFactory;
use Psr\Http\Client\ClientExceptionInterface;
use Symfony\Component\Cache\Adapter\FilesystemAdapter;

$menshen = getenv('MENSHEN_URL') ?: 'http://127.0.0.1:8080';
$http = new Client(['connect_timeout' => 1, 'timeout' => 3, 'allow_redirects' => false, 'http_errors' => false]);
// Kept for five minutes. A key that is not among them is asked for, but not more than ten times in a minute.
$keys = new CachedKeySet("$menshen/.well-known/jwks.json", $http, new HttpFactory(), new FilesystemAdapter('menshen'), 300, true);
JWT::$leeway = 5;

function answer(int $status, array|string $body, string $why = ''): never
{
    http_response_code($status);
    header('Content-Type: application/json');
    $why === '' || header("WWW-Authenticate: $why");
    exit(is_string($body) ? $body : json_encode($body));
}

/** The claims of a good token: nobody is asked, a sign-out is seen when the token expires. */
function signedIn(CachedKeySet $keys): stdClass
{
    [$scheme, $token] = explode(' ', ($_SERVER['HTTP_AUTHORIZATION'] ?? '') . ' ', 3);
    strcasecmp($scheme, 'Bearer') === 0 || answer(401, ['code' => 'token_missing'], 'Bearer');
    try {
        $header = new stdClass();
        $claims = JWT::decode($token, $keys, $header);
        $ours = ($claims->iss ?? '') === (getenv('MENSHEN_ISSUER') ?: 'menshen')
            && ($claims->aud ?? '') === (getenv('MENSHEN_AUDIENCE') ?: 'menshen')
            && $header->alg === 'ES256' && ($header->typ ?? '') === 'at+jwt' && !isset($header->crit)
            && is_int($claims->exp ?? null) && is_string($claims->sub ?? null) && is_string($claims->sid ?? null);
        $ours || throw new UnexpectedValueException('not a token for this service');
        return $claims;
    } catch (ClientExceptionInterface) {
        answer(503, ['code' => 'unavailable']); // without keys nobody can tell, which is not the person's fault
    } catch (Throwable) {
        answer(401, ['code' => 'token_invalid'], 'Bearer error="invalid_token"');
    }
}

/** Asks Menshen as well, which sees a sign-out at once. */
function signedInNow(CachedKeySet $keys, Client $http, string $menshen): stdClass
{
    $claims = signedIn($keys);
    try {
        $said = $http->get("$menshen/v1/auth/verify", ['headers' => ['Authorization' => $_SERVER['HTTP_AUTHORIZATION']]]);
    } catch (ClientExceptionInterface) {
        answer(503, ['code' => 'unavailable']);
    }
    return match ($said->getStatusCode()) {
        200 => $claims,
        401, 403 => answer($said->getStatusCode(), (string) $said->getBody(), $said->getHeaderLine('WWW-Authenticate')),
        default => answer(503, ['code' => 'unavailable']),
    };
}

match (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)) {
    '/orders' => answer(200, ['user' => signedIn($keys)->sub]),
    '/payments' => answer(200, ['user' => signedInNow($keys, $http, $menshen)->sub]),
    default => answer(404, ['code' => 'not_found']),
};
