-- A record is created, updated and deleted, and each of it is an event: both
-- happen at COMMIT, or neither.
START TRANSACTION;
INSERT INTO shop.users (name, email, balance)
    VALUES ('Zoë', 'zoe@example.com', 12.30);
SET @id = LAST_INSERT_ID();
INSERT INTO outbox (event_type, payload, ordering_key)
SELECT 'data.created', JSON_OBJECT('table', 'users', 'record_id', id,
    'data', JSON_OBJECT('id', id, 'name', name, 'email', email,
        'balance', balance)), CONCAT('users-', id)
FROM shop.users WHERE id = @id;
COMMIT;

START TRANSACTION;
SELECT JSON_OBJECT('id', id, 'name', name, 'email', email, 'balance', balance)
    INTO @old_data FROM shop.users WHERE id = @id FOR UPDATE;
UPDATE shop.users SET balance = balance + 100 WHERE id = @id;
INSERT INTO outbox (event_type, payload, ordering_key)
SELECT 'data.updated', JSON_OBJECT('table', 'users', 'record_id', id,
    'old_data', JSON_COMPACT(@old_data),
    'new_data', JSON_OBJECT('id', id, 'name', name, 'email', email,
        'balance', balance)), CONCAT('users-', id)
FROM shop.users WHERE id = @id;
COMMIT;

START TRANSACTION;
SELECT JSON_OBJECT('id', id, 'name', name, 'email', email, 'balance', balance)
    INTO @old_data FROM shop.users WHERE id = @id FOR UPDATE;
DELETE FROM shop.users WHERE id = @id;
INSERT INTO outbox (event_type, payload, ordering_key)
VALUES ('data.deleted', JSON_OBJECT('table', 'users',
    'record_id', CAST(@id AS UNSIGNED), 'old_data', JSON_COMPACT(@old_data)),
    CONCAT('users-', @id));
COMMIT;
