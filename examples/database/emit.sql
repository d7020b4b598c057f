-- A record is created, updated and deleted, and each of it is an event: both
-- happen at COMMIT, or neither.
START TRANSACTION;
INSERT INTO shop.users (name, email, balance)
    VALUES ('Zoë', 'zoe@example.com', 12.30);
SET @id = LAST_INSERT_ID();
INSERT INTO outbox (event_type, payload, ordering_key)
SELECT 'data.created', JSON_OBJECT('table', 'users', 'record_id', id,
    'record', JSON_OBJECT('id', id, 'name', name, 'email', email,
        'balance', balance)), CONCAT('users-', id)
FROM shop.users WHERE id = @id;
COMMIT;

START TRANSACTION;
SELECT JSON_OBJECT('id', id, 'name', name, 'email', email, 'balance', balance)
    INTO @old FROM shop.users WHERE id = @id FOR UPDATE;
UPDATE shop.users SET balance = balance + 100 WHERE id = @id;
INSERT INTO outbox (event_type, payload, ordering_key)
SELECT 'data.updated', JSON_OBJECT('table', 'users', 'record_id', id,
    'old', JSON_COMPACT(@old),
    'new', JSON_OBJECT('id', id, 'name', name, 'email', email,
        'balance', balance)), CONCAT('users-', id)
FROM shop.users WHERE id = @id;
COMMIT;

START TRANSACTION;
SELECT JSON_OBJECT('id', id, 'name', name, 'email', email, 'balance', balance)
    INTO @old FROM shop.users WHERE id = @id FOR UPDATE;
DELETE FROM shop.users WHERE id = @id;
INSERT INTO outbox (event_type, payload, ordering_key)
VALUES ('data.deleted', JSON_OBJECT('table', 'users',
    'record_id', CAST(@id AS UNSIGNED), 'old', JSON_COMPACT(@old)),
    CONCAT('users-', @id));
COMMIT;
