"""Changes records and emits the events in the same transaction.

    DB_SOCKET=/run/mysqld/mysqld.sock DB_NAME=postern DB_USER=shop \\
        DB_PASSWORD=... python3 emit.py

Needs PyMySQL (Debian: python3-pymysql).
"""
import json
import os
from decimal import Decimal

import pymysql
from pymysql.cursors import DictCursor


def text(value):
    """What JSON has no word for: digits of decimals stay as they are."""
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat()


def emit(cursor, event_type, payload, external_id=None):
    """Call it before commit()."""
    cursor.execute(
        "INSERT INTO outbox (event_type, payload, external_id) VALUES (%s, %s, %s)",
        (event_type, json.dumps(payload, default=text, ensure_ascii=False),
         external_id))


def find_user(cursor, user_id):
    cursor.execute("SELECT id, name, email, balance FROM shop.users"
                   " WHERE id = %s FOR UPDATE", (user_id,))
    return cursor.fetchone()


def create_user(db, name, email):
    with db.cursor() as cursor:
        cursor.execute("INSERT INTO shop.users (name, email) VALUES (%s, %s)",
                       (name, email))
        user_id = cursor.lastrowid
        emit(cursor, "data.created", {"table": "users", "record_id": user_id,
                                      "record": find_user(cursor, user_id)})
    db.commit()
    return user_id


def rename_user(db, user_id, name):
    with db.cursor() as cursor:
        old = find_user(cursor, user_id)
        cursor.execute("UPDATE shop.users SET name = %s WHERE id = %s",
                       (name, user_id))
        emit(cursor, "data.updated", {"table": "users", "record_id": user_id,
                                      "old": old,
                                      "new": find_user(cursor, user_id)})
    db.commit()


def delete_user(db, user_id):
    with db.cursor() as cursor:
        old = find_user(cursor, user_id)
        cursor.execute("DELETE FROM shop.users WHERE id = %s", (user_id,))
        # With an id of its own: sent twice, it is one event all the same.
        emit(cursor, "data.deleted", {"table": "users", "record_id": user_id,
                                      "old": old},
             f"users-{user_id}-deleted")
    db.commit()


if __name__ == "__main__":
    # What is not committed is rolled back when the connection ends.
    with pymysql.connect(unix_socket=os.environ["DB_SOCKET"],
                         database=os.environ["DB_NAME"],
                         user=os.environ["DB_USER"],
                         password=os.environ.get("DB_PASSWORD", ""),
                         charset="utf8mb4", cursorclass=DictCursor) as connection:
        new_id = create_user(connection, "Zoë", "zoe@example.com")
        rename_user(connection, new_id, "Zoë Müller 😀")
        delete_user(connection, new_id)
