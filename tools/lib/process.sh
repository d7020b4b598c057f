# shellcheck shell=bash
# process.sh - starting, watching and ending the processes of a stack.
#
# A process is known by its pid *and* its start time, so that a pid which has
# been given to somebody else meanwhile is never signalled. DIR/pids/NAME holds
# one line "PID STARTTIME" for each. Every process is started as the leader of
# a session of its own; what it forks stays in that session and is found there
# even after the leader was killed.

# Prints the start time of a living process (field 22 of /proc/PID/stat).
# Zombies are dead.
start_time() {
    local stat fields
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
    read -ra fields <<<"${stat##*) }" # from field 3, the state
    [ "${fields[0]}" != Z ] && [ "${fields[0]}" != X ] || return 1
    printf '%s\n' "${fields[19]}"
}

is_alive() { # PID STARTTIME
    local now
    now=$(start_time "$1") && [ "$now" = "$2" ]
}

# Living pids of NAME, one a line.
living_pids() {
    local pid start
    [ -f "$DIR/pids/$1" ] || return 0
    while read -r pid start; do
        if is_alive "$pid" "$start"; then
            echo "$pid"
        fi
    done <"$DIR/pids/$1"
}

# Pids of all processes in the sessions that NAME's processes lead or led. A
# session's number cannot be reused while it has members; if its leader is
# alive with another start time, it is somebody else's session.
session_pids() {
    local pid start now
    [ -f "$DIR/pids/$1" ] || return 0
    while read -r pid start; do
        now=$(start_time "$pid") || now=$start
        [ "$now" = "$start" ] || continue
        ps -e -o pid=,sess=,stat= |
            awk -v s="$pid" '$2 == s && $3 !~ /^Z/ { print $1 }'
    done <"$DIR/pids/$1"
}

# The environment of everything a stack runs: nothing of the caller's own.
declare -a STACK_ENV=()
stack_environment() {
    STACK_ENV=(PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        HOME="$PLACE" TMPDIR="$PLACE/tmp" LANG=C.UTF-8)
    if [ -n "${TZ:-}" ]; then
        STACK_ENV+=(TZ="$TZ")
    fi
    # Reports of sanitizer builds: DIR/log/asan.PID and so on.
    STACK_ENV+=(
        ASAN_OPTIONS="log_path=$PLACE/log/asan:detect_leaks=1:abort_on_error=0"
        UBSAN_OPTIONS="log_path=$PLACE/log/ubsan:print_stacktrace=1"
        TSAN_OPTIONS="log_path=$PLACE/log/tsan:second_deadlock_stack=1"
        LSAN_OPTIONS="print_suppressions=0")
}

# launch NAME COMMAND...: starts it in the background, adds it to DIR/pids/NAME
# and appends what it says to DIR/log/NAME.log.
launch() {
    local name=$1 pid
    shift
    (
        # None of the caller's files: a pipe kept open would make it wait.
        for fd in "/proc/$BASHPID/fd/"*; do
            fd=${fd##*/}
            [ "$fd" -le 2 ] || eval "exec $fd>&-"
        done
        exec env -i "${STACK_ENV[@]}" setsid "$@"
    ) </dev/null >>"$DIR/log/$name.log" 2>&1 &
    pid=$!
    printf '%s %s\n' "$pid" "$(start_time "$pid" || echo 0)" \
        >>"$DIR/pids/$name"
}

# wait_for SECONDS NAME WHAT COMMAND...: asks until COMMAND succeeds. Fails at
# once if a process of NAME has died, and after SECONDS; says why either way.
wait_for() {
    local seconds=$1 name=$2 what=$3 end expected
    shift 3
    expected=$(wc -l <"$DIR/pids/$name")
    end=$((SECONDS + seconds * ${POSTERN_TEST_SLOW:-1}))
    until "$@"; do
        if [ "$(living_pids "$name" | wc -l)" -lt "$expected" ]; then
            complain "$name ended before $what" "$name"
            return 1
        fi
        if [ "$SECONDS" -ge "$end" ]; then
            complain "$what: not within $seconds s" "$name"
            return 1
        fi
        sleep 0.03
    done
}

# An error with the end of a log.
complain() { # TEXT LOG
    printf 'stack: %s\n' "$1" >&2
    if [ -s "$DIR/log/$2.log" ]; then
        printf 'stack: the end of %s:\n' "$DIR/log/$2.log" >&2
        tail -n 20 "$DIR/log/$2.log" | sed 's/^/  | /' >&2
    fi
}

signal_pids() { # SIGNAL PID...
    local signal=$1
    shift
    [ $# -eq 0 ] || kill "-$signal" "$@" 2>/dev/null || true
}

none_left() { # NAME...
    local name
    for name in "$@"; do
        [ -z "$(living_pids "$name")" ] && [ -z "$(session_pids "$name")" ] ||
            return 1
    done
}

# ask_to_leave SIGNAL NAME...: TERM goes to the leaders, which tell their
# children; KILL goes to all. Children whose leader is dead get KILL at once:
# Apache's, for one, do not leave by themselves.
ask_to_leave() {
    local signal=$1 name
    local -a leaders rest
    shift
    for name in "$@"; do
        mapfile -t leaders < <(living_pids "$name")
        rest=()
        if [ "$signal" = KILL ] || [ "${#leaders[@]}" -eq 0 ]; then
            mapfile -t rest < <(session_pids "$name")
        fi
        if [ "$signal" = KILL ] && [ "${#rest[@]}" -gt 0 ]; then
            echo "stack: killing $name (${rest[*]})" >&2
        fi
        signal_pids TERM "${leaders[@]}"
        signal_pids CONT "${leaders[@]}" # a stopped one cannot leave
        signal_pids KILL "${rest[@]}"
    done
}

# end_processes SECONDS NAME...: asks them to leave, asks again (which means
# "now"), then kills. In the end nothing of their sessions is left.
end_processes() {
    local seconds=$1 signal name end
    shift
    for signal in TERM TERM KILL; do
        ask_to_leave "$signal" "$@"
        end=$((SECONDS + seconds))
        while ! none_left "$@" && [ "$SECONDS" -lt "$end" ]; do
            sleep 0.03
        done
        if none_left "$@"; then
            for name in "$@"; do
                rm -f "$DIR/pids/$name"
            done
            return 0
        fi
    done
    echo "stack: cannot end $*" >&2
    return 1
}
