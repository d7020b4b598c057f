<?php
// Takes webhooks at /standard or /hmac, whichever signature it should check.
//
//   WEBHOOK_SECRET=whsec_... php -S 127.0.0.1:8080 receiver.php
declare(strict_types=1);

require __DIR__ . '/verify.php';

// The old one is for the time after a rotation.
$secrets = array_filter([getenv('WEBHOOK_SECRET'), getenv('WEBHOOK_SECRET_OLD')]);
$body = file_get_contents('php://input'); // the raw bytes: nothing has parsed them

if ($_SERVER['REQUEST_URI'] === '/standard') {
    $good = webhook_verify_standard(
        $secrets,
        $body,
        $_SERVER['HTTP_WEBHOOK_ID'] ?? '',
        $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '',
        $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? ''
    );
} else {
    $good = webhook_verify_hmac($secrets, $body, $_SERVER['HTTP_X_WEBHOOK_SIGNATURE'] ?? '');
}
http_response_code($good ? 204 : 401);
