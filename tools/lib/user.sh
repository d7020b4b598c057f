# shellcheck shell=bash
# user.sh - a stack never runs as root: root's stacks belong to another user.

# The owner of the nearest directory that exists, of PATH or above it.
owner_of_nearest() {
    local path=$1
    until [ -e "$path" ]; do
        path=$(dirname "$path")
    done
    stat -c %U "$path"
}

# Whom the stack of DIR belongs to: the owner of DIR, or of the directory it
# stands in, unless that is root.
stack_user() {
    local user
    for user in "$(owner_of_nearest "$DIR")" \
        "$(owner_of_nearest "$(dirname "$DIR")")" www-data nobody; do
        if [ "$user" != root ] && id "$user" >/dev/null 2>&1; then
            echo "$user"
            return
        fi
    done
    echo "stack: no unprivileged user (www-data, nobody) here" >&2
    return 1
}

needed_program() {
    if [ -e "$BUILD_DIR/postern" ]; then
        echo "$BUILD_DIR/postern"
    else
        echo "$ROOT"
    fi
}

# can_reach COMMAND-PREFIX...: whether that user gets at what a stack needs.
can_reach() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    "$@" sh -c 'cd "$1" 2>/dev/null && [ -r "$2/tools/stack" ] &&
        [ -r "$2/nginx/postern.conf" ] && [ -x "$3" ] && [ -x "$4" ]' \
        sh "$DIR" "$ROOT" "$(needed_program)" "${NODE:-/}" 2>/dev/null
}

make_root_dir() { # USER
    if [ ! -d "$DIR" ]; then
        mkdir -p "$DIR"
        chown "$1:" "$DIR"
    elif [ "$(stat -c %U "$DIR")" = root ]; then
        if [ -n "$(ls -A "$DIR")" ]; then
            echo "stack: $DIR belongs to root and is not empty" >&2
            return 1
        fi
        chown "$1:" "$DIR"
    fi
}

# As root: becomes the stack's user and runs this script again. Where a parent
# directory is closed to that user (a checkout under /root, or in a directory
# made by mktemp -d), it gets the capability to pass through directories and
# read files in spite of it; nothing else of root's.
leave_root() {
    local user cap caps=''
    local -a as
    [ "$(id -u)" -eq 0 ] || return 0
    user=$(stack_user)
    make_root_dir "$user"
    as=(setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups)
    if ! can_reach "${as[@]}"; then
        for cap in +dac_read_search +dac_override; do
            if can_reach "${as[@]}" --inh-caps $cap --ambient-caps $cap; then
                caps=$cap
                break
            fi
        done
        if [ -z "$caps" ]; then
            echo "stack: $user cannot reach $ROOT and $DIR; open their parent" \
                "directories (chmod o+x) or put them elsewhere" >&2
            return 1
        fi
        as+=(--inh-caps "$caps" --ambient-caps "$caps")
        [ "$COMMAND" != start ] ||
            echo "stack: runs as $user, with cap_${caps#+} because a parent" \
                "directory is closed to that user"
    fi
    exec "${as[@]}" "$ROOT/tools/stack" "${ARGUMENTS[@]}"
}
