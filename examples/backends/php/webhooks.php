<?php

// What Menshen tells: people who came, changed, or left. It needs no library.

$secret = base64_decode(preg_replace('/^whsec_/', '', (string) getenv('MENSHEN_WEBHOOK_SECRET')), true);
$here = $_SERVER['REQUEST_METHOD'] === 'POST' && parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) === '/webhooks/menshen';
if (!$secret || !$here) {
    http_response_code(404);
    exit;
}

// The signature is over the bytes as they came.
$body = file_get_contents('php://input', length: 65536);
$id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
$time = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
$expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$time.$body", $secret, true));
// There may be several, while a secret is changed.
$signatures = explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '');
$signed = array_filter($signatures, fn (string $one) => hash_equals($expected, $one));

if (!$signed || $id === '' || !ctype_digit($time) || abs(time() - (int) $time) > 300) {
    http_response_code(401);
    header('Content-Type: application/json');
    exit('{"code":"signature_invalid"}');
}

// The same event may come twice, by the same id: keep ids in the transaction that acts on them.
$event = json_decode($body);
error_log("$id {$event->type} {$event->data->user_id}");
http_response_code(204);
