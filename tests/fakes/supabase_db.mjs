// supabase_db.mjs - a PostgreSQL as Supabase sets it up: the engine itself
// (PGlite), pgcrypto, a vault, and in place of pg_net a net.http_post() of the
// same signature that keeps what it was given to send.

import { PGlite } from '@electric-sql/pglite';
import { pgcrypto } from '@electric-sql/pglite/contrib/pgcrypto';

const setup = `
CREATE SCHEMA extensions; CREATE SCHEMA vault; CREATE SCHEMA net;
CREATE TABLE vault.secrets (id serial PRIMARY KEY, name text UNIQUE,
    secret text);
CREATE VIEW vault.decrypted_secrets AS
    SELECT id, name, secret AS decrypted_secret FROM vault.secrets;
CREATE FUNCTION vault.create_secret(new_secret text, new_name text)
    RETURNS uuid LANGUAGE sql AS $$
    INSERT INTO vault.secrets (name, secret) VALUES (new_name, new_secret);
    SELECT gen_random_uuid() $$;
CREATE TABLE net.http_request_queue (id bigserial PRIMARY KEY, url text,
    headers jsonb, body text, timeout_milliseconds int);
CREATE FUNCTION net.http_post(url text, body jsonb DEFAULT '{}'::jsonb,
    params jsonb DEFAULT '{}'::jsonb,
    headers jsonb DEFAULT '{"Content-Type": "application/json"}'::jsonb,
    timeout_milliseconds int DEFAULT 5000) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE request bigint;
BEGIN
    IF headers->>'Content-Type' IS DISTINCT FROM 'application/json' THEN
        RAISE EXCEPTION 'Content-Type header must be "application/json"';
    END IF;
    INSERT INTO net.http_request_queue (url, headers, body,
        timeout_milliseconds)
    VALUES (url, headers, body::text, timeout_milliseconds)
    RETURNING id INTO request;
    RETURN request;
END $$;`;

export class SupabaseDb {
    static async start() {
        const db = new SupabaseDb();
        db.engine = await PGlite.create({ extensions: { pgcrypto } });
        await db.engine.exec(setup);
        return db;
    }

    // Runs SQL as in the SQL editor; pg_net is there already.
    run(sql) {
        return this.engine.exec(sql.replace(
            /^create extension if not exists pg_net .*$/m, ''));
    }

    // What was to be sent since the last time: [{url, headers, body}].
    async sent() {
        const { rows } = await this.engine.query(
            'WITH gone AS (DELETE FROM net.http_request_queue RETURNING *) ' +
            'SELECT * FROM gone ORDER BY id');
        return rows;
    }

    stop() {
        return this.engine.close();
    }
}
