<?php
// Changes records and emits the events in the same transaction.
//
//   DB_DSN='mysql:unix_socket=/run/mysqld/mysqld.sock;dbname=postern' \
//   DB_USER=shop DB_PASSWORD=... php emit.php
declare(strict_types=1);

/** Call it between beginTransaction() and commit(). */
function emit(PDO $db, string $type, array $payload, ?string $id = null): void
{
    $db->prepare('INSERT INTO outbox (event_type, payload, external_id) VALUES (?, ?, ?)')
        ->execute([$type, json_encode($payload, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE), $id]);
}

function find_user(PDO $db, int $id): array
{
    $query = $db->prepare('SELECT id, name, email, balance FROM shop.users WHERE id = ? FOR UPDATE');
    $query->execute([$id]);
    return $query->fetch(PDO::FETCH_ASSOC);
}

function create_user(PDO $db, string $name, string $email): int
{
    $db->beginTransaction();
    $db->prepare('INSERT INTO shop.users (name, email) VALUES (?, ?)')->execute([$name, $email]);
    $id = (int) $db->lastInsertId();
    emit($db, 'data.created', ['table' => 'users', 'record_id' => $id, 'record' => find_user($db, $id)]);
    $db->commit();
    return $id;
}

function rename_user(PDO $db, int $id, string $name): void
{
    $db->beginTransaction();
    $old = find_user($db, $id);
    $db->prepare('UPDATE shop.users SET name = ? WHERE id = ?')->execute([$name, $id]);
    emit($db, 'data.updated', ['table' => 'users', 'record_id' => $id,
        'old' => $old, 'new' => find_user($db, $id)]);
    $db->commit();
}

function delete_user(PDO $db, int $id): void
{
    $db->beginTransaction();
    $old = find_user($db, $id);
    $db->prepare('DELETE FROM shop.users WHERE id = ?')->execute([$id]);
    // With an id of its own: sent twice, it is one event all the same.
    emit($db, 'data.deleted', ['table' => 'users', 'record_id' => $id, 'old' => $old],
        "users-$id-deleted");
    $db->commit();
}

// Errors are exceptions; a transaction that is not committed is rolled back
// when the connection ends.
$db = new PDO(getenv('DB_DSN') . ';charset=utf8mb4', getenv('DB_USER'), getenv('DB_PASSWORD') ?: null,
    [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_EMULATE_PREPARES => false]);
$id = create_user($db, 'Zoë', 'zoe@example.com');
rename_user($db, $id, 'Zoë Müller 😀');
delete_user($db, $id);
