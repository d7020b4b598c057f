# shellcheck shell=bash
# program.sh - Postern's own programs in a stack: configuration, set-up,
# responder, worker.

# The value of a --conf line, the last one given; else a default.
conf_value() { # NAME DEFAULT
    local value
    value=$(sed -n "s/^$1=//p" "$DIR/conf/options" | tail -n 1)
    printf '%s\n' "${value:-$2}"
}

# postern.conf: our lines, then those of --conf with lower-case names (the last
# of each); .env: those with upper-case names.
write_conf() {
    {
        echo "# Made by tools/stack."
        {
            printf '%s=%s\n' db_host localhost db_socket "$(db_socket)" \
                db_name "$DB_NAME" db_user "$DB_USER" \
                key_file "$PLACE/postern.key" run_dir "$RUN" \
                allow_targets '127.0.0.0/8,::1/128'
            grep '^[a-z]' "$DIR/conf/options" || true
        } | last_of_each
    } >"$DIR/postern.conf"
    {
        echo "# Made by tools/stack."
        { grep '^[A-Z]' "$DIR/conf/options" || true; } | last_of_each
    } >"$DIR/.env"
    chmod 600 "$DIR/postern.conf" "$DIR/.env"
}

# Of lines NAME=VALUE with the same name, the last one; in the order in which
# the names first came.
last_of_each() {
    awk '{ name = $0; sub(/=.*/, "", name)
           if (!(name in line)) order[++n] = name
           line[name] = $0 }
         END { for (i = 1; i <= n; i++) print line[order[i]] }'
}

# The command line, as the stack's user sees it.
postern() {
    env -i "${STACK_ENV[@]}" "$BUILD_DIR/postern" -c "$PLACE/postern.conf" "$@"
}

# setup_step WHAT COMMAND...: its output goes to DIR/log/setup.log.
setup_step() {
    local what=$1
    shift
    if ! "$@" >>"$DIR/log/setup.log" 2>&1; then
        complain "$what failed" setup
        return 1
    fi
}

random_secret() { openssl rand -hex 24; }

set_source() { # NAME SECRET
    postern source set "$1" --secret-stdin <<<"$2"
}

token_is_valid() {
    local count
    count=$(db_sql "SELECT COUNT(*) FROM $DB_NAME.api_tokens
        WHERE token_hash = UNHEX(SHA2('$ADMIN_TOKEN', 256))
        AND revoked_at IS NULL
        AND (expires_at IS NULL OR expires_at > CURRENT_TIMESTAMP(6))") &&
        [ "$count" = 1 ]
}

add_token() {
    local token
    token=$(postern token add stack --scope admin --json \
        2>>"$DIR/log/setup.log") || true
    ADMIN_TOKEN=$(sed -n 's/.*"token" *: *"\([^"]*\)".*/\1/p' <<<"$token")
    if [ -z "$ADMIN_TOKEN" ]; then
        complain "postern token add failed" setup
        return 1
    fi
}

# The key, the tables, the sources' secrets and a token: once for a stack;
# migrations each time, because the programs may be newer than the data; another
# token when somebody has revoked ours.
setup_programs() {
    [ -e "$(conf_value key_file "$PLACE/postern.key")" ] ||
        setup_step "postern init" postern init
    setup_step "postern migrate up" postern migrate up
    if [ -z "$ADMIN_TOKEN" ]; then
        SUPABASE_SECRET=$(random_secret)
        NOTION_SECRET=$(random_secret)
        setup_step "postern source set supabase" \
            set_source supabase "$SUPABASE_SECRET"
        setup_step "postern source set notion" \
            set_source notion "$NOTION_SECRET"
        add_token
        save_state
    elif ! token_is_valid; then
        echo "stack: the token of this stack is no longer valid; made another"
        add_token
        save_state
    fi
}

responder_listens() { [ -S "$RUN/fcgi.sock" ]; }

start_responder() {
    [ "$WEB" != apache ] || return 0 # mod_fcgid starts it
    rm -f "$RUN/fcgi.sock"
    launch responder "$BUILD_DIR/postern.fcgi" -c "$PLACE/postern.conf" \
        --listen "unix:$RUN/fcgi.sock" --threads "$THREADS"
    wait_for 20 responder "the responder listens" responder_listens
}

# Every worker of ours has a leased row of `nodes`.
workers_registered() {
    local pids count
    pids=$(living_pids worker | paste -sd, -)
    count=$(db_sql "SELECT COUNT(*) FROM $DB_NAME.nodes WHERE role = 'worker'
        AND pid IN (${pids:-0}) AND lease_until > UTC_TIMESTAMP(6)") &&
        [ "$count" = "$WORKERS" ]
}

# ... and together they own at least one shard.
workers_own_shards() {
    local count
    count=$(db_sql "SELECT COUNT(*) FROM $DB_NAME.shards
        WHERE lease_until > UTC_TIMESTAMP(6)") && [ "$count" -gt 0 ]
}

workers_ready() { workers_registered && workers_own_shards; }

start_worker() {
    local i
    for ((i = 0; i < WORKERS; i++)); do
        launch worker "$BUILD_DIR/posternd" -c "$PLACE/postern.conf"
    done
    [ "$WORKERS" -eq 0 ] ||
        wait_for 20 worker "the worker has registered" workers_ready
}

receiver_listens() { [ -s "$DIR/received/port" ]; }

receiver_url() { echo "http://127.0.0.1:$(<"$DIR/received/port")"; }

# On the port it had before, so that subscriptions still find it.
start_receiver() {
    local port=0
    [ -n "$RECEIVER" ] || return 0
    mkdir -p "$DIR/received"
    if receiver_listens; then
        port=$(<"$DIR/received/port")
        port_is_free "$port" || port=0
    fi
    rm -f "$DIR/received/port"
    launch receiver "$NODE" "$ROOT/tools/receiver.mjs" --port "$port" \
        --dir "$DIR/received" --port-file "$DIR/received/port"
    wait_for 20 receiver "the receiver listens" receiver_listens
}

# Under mod_fcgid the responders are Apache's children.
responder_pids() {
    local pid
    if [ "$WEB" != apache ]; then
        living_pids responder
        return
    fi
    for pid in $(session_pids web); do
        case $(cat "/proc/$pid/comm" 2>/dev/null) in
        postern.fcgi*) echo "$pid" ;;
        esac
    done
}

healthy() {
    [ "$(curl -s -o "$DIR/tmp/health" -w '%{http_code}' --max-time 5 \
        "$(stack_url)/health")" = 200 ]
}

wait_healthy() {
    [ "$WEB" != none ] || return 0
    if ! wait_for 20 web "$(stack_url)/health answers 200" healthy; then
        [ ! -s "$DIR/tmp/health" ] || sed 's/^/  | /' "$DIR/tmp/health" >&2
        if [ -s "$DIR/log/responder.log" ]; then
            complain "the responder says" responder
        fi
        return 1
    fi
}

# Apache's children leave; it starts others when the next request comes.
restart_fcgid_children() {
    local -a pids
    local end=$((SECONDS + 10)) pid
    mapfile -t pids < <(responder_pids)
    signal_pids TERM "${pids[@]}"
    for pid in "${pids[@]}"; do
        while start_time "$pid" >/dev/null && [ "$SECONDS" -lt "$end" ]; do
            sleep 0.03
        done
    done
    wait_healthy
}
