# shellcheck shell=bash
# web.sh - the stack's nginx or Apache, made from the site files we ship.

FCGI_ERROR='stack: this line is not in %s any more: %s\n'

# derive FILE FROM TO [FROM TO]...: prints a shipped site file with some of its
# lines replaced (leading blanks aside). A line that is not there is an error.
derive() {
    local file=$1 text from to
    text=$(<"$file")
    shift
    while [ $# -gt 0 ]; do
        from=$1
        to=$2
        shift 2
        if [[ $text != *"$from"* ]]; then
            # shellcheck disable=SC2059 # the format is our own
            printf "$FCGI_ERROR" "$file" "$from" >&2
            return 1
        fi
        text=${text/"$from"/"$to"}
    done
    printf '%s\n' "$text"
}

nginx_config() {
    cp "$ROOT/nginx/fastcgi_postern.conf" "$DIR/conf/"
    derive "$ROOT/nginx/postern.conf" \
        'listen 80;' "listen $HOST:$PORT;" \
        '/var/log/nginx/postern.log' "\"$PLACE/log/access.log\"" \
        'unix:/run/postern/fcgi.sock;' "\"unix:$RUN/fcgi.sock\";" \
        >"$DIR/conf/site.conf"
    cat >"$DIR/conf/nginx.conf" <<CONF
# Made by tools/stack; site.conf is nginx/postern.conf.
daemon off;
worker_processes 2;
worker_rlimit_nofile 8192;
pid "$RUN/web.pid";
error_log stderr warn;
events {
    worker_connections 2048;
}
http {
    client_body_temp_path "$PLACE/tmp/nginx-body";
    fastcgi_temp_path "$PLACE/tmp/nginx-fastcgi";
    proxy_temp_path "$PLACE/tmp/nginx-proxy";
    scgi_temp_path "$PLACE/tmp/nginx-scgi";
    uwsgi_temp_path "$PLACE/tmp/nginx-uwsgi";
    default_type application/octet-stream;
    include site.conf;
}
CONF
}

apache_config() {
    local module programs modules=(mpm_event authz_core headers reqtimeout rewrite
        unique_id)
    derive "$ROOT/apache/postern-common.conf" >"$DIR/conf/common.conf"
    if [ "$WEB" = apache ]; then
        modules+=(alias fcgid)
        # mod_fcgid ends a program's name at the first blank.
        programs=$BUILD_DIR
        if [[ $programs == *[[:blank:]]* ]]; then
            programs=$RUN/bin
            ln -sfn "$BUILD_DIR" "$programs"
        fi
        derive "$ROOT/apache/postern-fcgid.conf" \
            '*:80>' "*:$PORT>" \
            'ServerName hooks.example.com' "ServerName $HOST" \
            '/usr/local/lib/postern/postern.fcgi/' "$programs/postern.fcgi/" \
            '"/usr/local/lib/postern"' "\"$programs\"" \
            '"/etc/postern/postern.conf"' "\"$PLACE/postern.conf\"
$(fcgid_environment)" \
            '/etc/apache2/postern-common.conf' "\"$PLACE/conf/common.conf\"" \
            >"$DIR/conf/site.conf"
    else
        modules+=(proxy proxy_fcgi)
        derive "$ROOT/apache/postern-proxy.conf" \
            '*:80>' "*:$PORT>" \
            'ServerName hooks.example.com' "ServerName $HOST" \
            'unix:/run/postern/fcgi.sock|' "unix:$RUN/fcgi.sock|" \
            '/etc/apache2/postern-common.conf' "\"$PLACE/conf/common.conf\"" \
            >"$DIR/conf/site.conf"
    fi
    {
        printf '# Made by tools/stack; site.conf is a file of apache/.\n'
        for module in "${modules[@]}"; do
            printf 'LoadModule %s_module "%s/mod_%s.so"\n' "$module" \
                /usr/lib/apache2/modules "$module"
        done
        cat <<CONF
ServerRoot "$PLACE"
ServerName $HOST
Listen $HOST:$PORT
PidFile "$RUN/web.pid"
DefaultRuntimeDir "$RUN"
ErrorLog "$PLACE/log/web.log"
LogFormat "%h [%{%Y-%m-%dT%H:%M:%S%z}t] \"%r\" %>s %B %{us}T %{X-Request-Id}o" postern
CustomLog "$PLACE/log/access.log" postern
ServerLimit 8
ThreadsPerChild 32
MaxRequestWorkers 256
# Where mod_fcgid keeps its sockets and its table of processes.
<IfModule fcgid_module>
    FcgidIPCDir "$RUN/fcgid"
    FcgidProcessTableFile "$RUN/fcgid.shm"
</IfModule>
Include "$PLACE/conf/site.conf"
CONF
    } >"$DIR/conf/httpd.conf"
}

# What the responder needs of the stack's environment.
fcgid_environment() {
    local entry
    for entry in "${STACK_ENV[@]}"; do
        printf '    FcgidInitialEnv %s "%s"\n' "${entry%%=*}" "${entry#*=}"
    done
}

port_is_free() {
    ! (exec 3<>"/dev/tcp/$(connect_host)/$1") 2>/dev/null
}

connect_host() {
    case $HOST in
    0.0.0.0) echo 127.0.0.1 ;;
    *) echo "$HOST" ;;
    esac
}

# A port below the range from which outgoing connections take theirs.
random_port() { echo $((20000 + RANDOM % 12000)); }

# The pid file is written once the port is ours; until then an answer on it
# would be somebody else's.
web_answers() {
    [ -s "$RUN/web.pid" ] && curl -s -o /dev/null --max-time 2 "http://$(connect_host):$PORT/health/live"
}

launch_web() {
    : >"$DIR/log/web.log"
    rm -f "$RUN/web.pid"
    case $WEB in
    nginx)
        nginx_config || return 1
        launch web nginx -e stderr -c "$PLACE/conf/nginx.conf"
        ;;
    apache | apache-proxy)
        apache_config || return 1
        launch web apache2 -f "$PLACE/conf/httpd.conf" -D FOREGROUND
        ;;
    esac
    wait_for 20 web "$WEB answers on port $PORT" web_answers 2>"$DIR/tmp/web"
}

# Binding decides whether a port is free: a server that finds it taken is
# started again with another one.
start_web() {
    local tries=20
    [ "$WEB" != none ] || return 0
    if [ -n "$PORT" ] && ! port_is_free "$PORT"; then
        if [ -n "$FIXED_PORT" ]; then
            echo "stack: port $PORT of $HOST is taken" >&2
            return 1
        fi
        PORT=''
    fi
    while [ "$tries" -gt 0 ]; do
        tries=$((tries - 1))
        if [ -z "$PORT" ]; then
            PORT=$(random_port)
            port_is_free "$PORT" || { PORT='' && continue; }
        fi
        launch_web && return 0
        end_processes 5 web
        if [ -n "$FIXED_PORT" ] ||
            ! grep -q 'ddress already in use' "$DIR/log/web.log"; then
            break
        fi
        PORT=''
    done
    cat "$DIR/tmp/web" >&2
    return 1
}
