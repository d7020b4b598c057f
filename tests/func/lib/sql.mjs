// sql.mjs - questions to the stack's database, on connections of our own.
//
// 64-bit numbers come back as strings (JavaScript cannot hold them), blobs as
// Buffers, times as text.

import mysql from 'mysql2/promise';

export class Sql {
    constructor(env) {
        this.options = {
            socketPath: env.POSTERN_DB_SOCKET,
            database: env.POSTERN_DB_NAME,
            user: env.POSTERN_DB_USER,
            password: env.POSTERN_DB_PASSWORD || undefined,
            supportBigNumbers: true,
            bigNumberStrings: true,
            dateStrings: true,
            charset: 'utf8mb4',
        };
    }

    // Runs `steps(rows)` in a transaction on a connection of its own, so that
    // questions asked meanwhile do not see its snapshot.
    async transaction(steps) {
        const connection = await mysql.createConnection(this.options);
        try {
            await connection.query("SET time_zone = '+00:00'");
            await connection.query('START TRANSACTION');
            const result = await steps(async (text, values = []) =>
                (await connection.query(text, values))[0]);
            await connection.query('COMMIT');
            return result;
        } finally {
            connection.destroy();
        }
    }

    // Rows of a query. The connection is made when first needed and again
    // after it was lost.
    async rows(text, values = []) {
        this.connecting ??= this.connect();
        let connection;
        try {
            connection = await this.connecting;
            const [rows] = await connection.query(text, values);
            return rows;
        } catch (error) {
            if (!connection || error.fatal) {
                connection?.destroy();
                this.connecting = null;
            }
            throw error;
        }
    }

    async connect() {
        const connection = await mysql.createConnection(this.options);
        connection.on('error', () => {
            this.connecting = null;
        });
        await connection.query("SET time_zone = '+00:00'");
        return connection;
    }

    async one(text, values = []) {
        const rows = await this.rows(text, values);
        if (rows.length !== 1)
            throw new Error(`${rows.length} rows instead of one: ${text}`);
        return rows[0];
    }

    // The single value of a single row.
    async value(text, values = []) {
        return Object.values(await this.one(text, values))[0];
    }

    async count(text, values = []) {
        return Number(await this.value(text, values));
    }

    // The first column of all rows.
    async column(text, values = []) {
        return (await this.rows(text, values)).map((row) =>
            Object.values(row)[0]);
    }

    async close() {
        const connection = await this.connecting?.catch(() => null);
        this.connecting = null;
        if (connection)
            await connection.end().catch(() => connection.destroy());
    }
}
