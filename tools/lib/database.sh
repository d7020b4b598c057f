# shellcheck shell=bash
# database.sh - the stack's own MariaDB: made in DIR/db, no network, durable.

DB_NAME=postern
DB_USER=postern

db_socket() { echo "$RUN/mariadb.sock"; }

# Runs SQL as MariaDB's root, who has no password behind a private socket.
db_sql() {
    mariadb --no-defaults --protocol=socket --socket="$(db_socket)" \
        --user=root --batch --skip-column-names --execute "$1"
}

write_my_cnf() {
    cat >"$DIR/conf/my.cnf" <<CNF
# Made by tools/stack. Durable like a production server: every commit is on
# disk before it is acknowledged.
[mariadbd]
datadir = "$PLACE/db"
socket = "$(db_socket)"
pid-file = "$RUN/mariadb.pid"
tmpdir = "$PLACE/tmp"
skip-networking
skip-name-resolve
skip-log-bin
innodb_flush_log_at_trx_commit = 1
innodb_buffer_pool_size = ${POSTERN_STACK_BUFFER_POOL:-128M}
character-set-server = utf8mb4
collation-server = utf8mb4_general_ci
max_connections = 300
max_allowed_packet = 64M
CNF
}

make_database() {
    local log=$DIR/log/db-install.log
    # A directory left by an interrupted installation is not a database.
    rm -rf "$DIR/db.new"
    if ! mariadb-install-db --defaults-file="$PLACE/conf/my.cnf" \
        --datadir="$PLACE/db.new" --auth-root-authentication-method=normal \
        --skip-test-db --skip-name-resolve --force >"$log" 2>&1; then
        complain "mariadb-install-db failed" db-install
        return 1
    fi
    mv "$DIR/db.new" "$DIR/db"
}

db_answers() { db_sql 'SELECT 1' >/dev/null 2>&1; }

start_db() {
    write_my_cnf
    [ -d "$DIR/db" ] || make_database
    launch db mariadbd --defaults-file="$PLACE/conf/my.cnf"
    wait_for 60 db "MariaDB answers" db_answers
    db_sql "CREATE DATABASE IF NOT EXISTS $DB_NAME CHARACTER SET utf8mb4;
        CREATE USER IF NOT EXISTS $DB_USER@localhost IDENTIFIED BY '';
        GRANT ALL ON $DB_NAME.* TO $DB_USER@localhost;"
}
