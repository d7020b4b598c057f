-- Every change of shop.users is an event, whoever makes it. The trigger has the
-- rights of who creates it: he needs INSERT on the outbox, others do not.
--
-- CONVERT, because the payload is bytes: what is stored there has to be UTF-8
-- whatever the table's character set is.
DELIMITER //
CREATE OR REPLACE TRIGGER shop.users_created AFTER INSERT ON shop.users
FOR EACH ROW
    INSERT INTO postern.outbox (event_type, payload, ordering_key)
    VALUES ('data.created', CONVERT(JSON_OBJECT(
        'table', 'users', 'record_id', NEW.id,
        'record', JSON_OBJECT('id', NEW.id, 'name', NEW.name,
            'email', NEW.email, 'balance', NEW.balance)) USING utf8mb4),
        CONCAT('users-', NEW.id))//

CREATE OR REPLACE TRIGGER shop.users_updated AFTER UPDATE ON shop.users
FOR EACH ROW
    INSERT INTO postern.outbox (event_type, payload, ordering_key)
    VALUES ('data.updated', CONVERT(JSON_OBJECT(
        'table', 'users', 'record_id', NEW.id,
        'old', JSON_OBJECT('id', OLD.id, 'name', OLD.name,
            'email', OLD.email, 'balance', OLD.balance),
        'new', JSON_OBJECT('id', NEW.id, 'name', NEW.name,
            'email', NEW.email, 'balance', NEW.balance)) USING utf8mb4),
        CONCAT('users-', NEW.id))//

CREATE OR REPLACE TRIGGER shop.users_deleted AFTER DELETE ON shop.users
FOR EACH ROW
    INSERT INTO postern.outbox (event_type, payload, ordering_key)
    VALUES ('data.deleted', CONVERT(JSON_OBJECT(
        'table', 'users', 'record_id', OLD.id,
        'old', JSON_OBJECT('id', OLD.id, 'name', OLD.name,
            'email', OLD.email, 'balance', OLD.balance)) USING utf8mb4),
        CONCAT('users-', OLD.id))//
DELIMITER ;
