# Postern. One Makefile, not recursive: make sees every dependency at once.
#
#   make            build the three programs into build/
#   make run        install what is missing, build, start a private stack and
#                   show a webhook going through (DETACH=1: leave it running)
#   make stop       stop that stack
#   make check      all tests; check-unit, check-func, check-clients: some;
#                   tests/run --help says how to run one
#   make unit       builds the unit tests, to run one by hand
#   make asan       unit and functional tests under ASan and UBSan
#   make tsan       the same under TSan
#   make valgrind   unit tests under valgrind's memcheck
#   make fuzz       fuzzers, one after the other: TIME=60 seconds for each,
#                   NAMES="json url" for some
#   make bench      measures it beside its physical limits, under 5 minutes
#   make bench-full the same and more, longer
#   make torture    kills everything again and again and counts every event,
#                   ROUNDS=20, SEED=; see tests/torture/README.md
#   make lint       house rules, formatting, static analysis
#   make deps       installs the packages that all this needs, if missing
#   make man        the manual pages, into build/man/
#   make install    the programs and what belongs to them, PREFIX=/usr/local
#                   DESTDIR=
#   make uninstall  removes what `make install` installs, nothing else
#   make clean      removes what was built
#   make help       this

CC       ?= cc
CSTD      = -std=c17 -D_GNU_SOURCE
WARN      = -Wall -Wextra -Wpedantic -Wformat=2 -Wshadow -Wconversion \
            -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes \
            -Wwrite-strings -Wcast-qual -Wundef -Wvla -fno-common
ifdef WERROR
WARN     += -Werror
endif

# SAN=address or SAN=thread builds the same programs with a sanitizer, SAN=fuzz
# what the fuzzers need.
SAN      ?=
ifeq ($(SAN),address)
BUILD    ?= build-asan
CFLAGS   ?= -O1 -g -fno-omit-frame-pointer
SANFLAGS  = -fsanitize=address,undefined -fno-sanitize-recover=undefined
HARDEN    =
else ifeq ($(SAN),thread)
BUILD    ?= build-tsan
CFLAGS   ?= -O1 -g -fno-omit-frame-pointer
SANFLAGS  = -fsanitize=thread
HARDEN    =
else ifeq ($(SAN),fuzz)
CC        = clang
BUILD    ?= build-fuzz
CFLAGS   ?= -O1 -g -fno-omit-frame-pointer
WARN      = -Wall -Wextra
SANFLAGS  = -fsanitize=fuzzer-no-link,address,undefined \
            -fno-sanitize-recover=undefined
HARDEN    =
else
BUILD    ?= build
CFLAGS   ?= -O2 -g
SANFLAGS  =
HARDEN    = -D_FORTIFY_SOURCE=2 -fstack-protector-strong
endif
ALL_CFLAGS = $(CSTD) $(WARN) $(HARDEN) $(CFLAGS) $(SANFLAGS) -MMD -MP
ALL_LDFLAGS = $(SANFLAGS) $(LDFLAGS)

MARIADB_CFLAGS := $(shell pkg-config --cflags libmariadb 2>/dev/null)
MARIADB_LIBS   := $(or $(shell pkg-config --libs libmariadb 2>/dev/null),-lmariadb)
CORE_LIBS   = $(MARIADB_LIBS) -ljson-c -lcrypto -lpthread
BASE_LIBS   = -linih -lpthread

BASE_SRCS   = $(wildcard base/*.c)
CORE_SRCS   = $(wildcard core/*.c core/*/*.c core/*/*/*.c)
FCGI_SRCS   = $(wildcard fcgi/*.c fcgi/*/*.c)
WORKER_SRCS = $(wildcard worker/*.c worker/*/*.c)
CLI_SRCS    = $(wildcard cli/*.c)
SQL_FILES   = $(sort $(wildcard sql/[0-9]*.sql))

BASE   = $(BUILD)/libbase.a
CORE   = $(BUILD)/libcore.a
FCGI   = $(BUILD)/libfcgi-app.a
WORKER = $(BUILD)/libworker.a
CLI    = $(BUILD)/libcli.a
PROGRAMS = $(BUILD)/postern.fcgi $(BUILD)/posternd $(BUILD)/postern

UNIT_SRCS = $(wildcard tests/unit/test_*.c)
UNIT      = $(UNIT_SRCS:tests/unit/%.c=$(BUILD)/tests/%)

.PHONY: all unit check check-unit check-func check-clients asan tsan lint \
        valgrind fuzz fuzz-programs \
        run stop install clean deps bench bench-full bench-programs torture \
        help man uninstall
all: $(PROGRAMS)

# A library holds everything of its folder but main().
lib_objs = $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/main.c,$(1)))
$(BASE):   $(call lib_objs,$(BASE_SRCS))
$(CORE):   $(call lib_objs,$(CORE_SRCS)) $(BUILD)/core/migrations.o
$(FCGI):   $(call lib_objs,$(FCGI_SRCS))
$(WORKER): $(call lib_objs,$(WORKER_SRCS))
$(CLI):    $(call lib_objs,$(CLI_SRCS))
$(BASE) $(CORE) $(FCGI) $(WORKER) $(CLI):
	@mkdir -p $(@D) && rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/postern.fcgi: $(BUILD)/fcgi/main.o $(FCGI) $(CORE) $(BASE)
	$(CC) $(ALL_LDFLAGS) $^ -lfcgi $(CORE_LIBS) $(BASE_LIBS) -o $@
$(BUILD)/posternd: $(BUILD)/worker/main.o $(WORKER) $(CORE) $(BASE)
	$(CC) $(ALL_LDFLAGS) $^ -lcurl -lssl $(CORE_LIBS) $(BASE_LIBS) -o $@
$(BUILD)/postern: $(BUILD)/cli/main.o $(CLI) $(CORE) $(BASE)
	$(CC) $(ALL_LDFLAGS) $^ -lssl $(CORE_LIBS) $(BASE_LIBS) -o $@

# The include path is the dependency rule between the folders.
rooms_inc  = -I$(1) $(patsubst %/,-I%,$(wildcard $(1)/*/ $(1)/*/*/))
CORE_INC   := $(call rooms_inc,core)
FCGI_INC   := $(call rooms_inc,fcgi)
WORKER_INC := $(call rooms_inc,worker)
$(BUILD)/base/%.o:   CPPFLAGS += -Ibase
$(BUILD)/core/%.o:   CPPFLAGS += -Ibase $(CORE_INC) $(MARIADB_CFLAGS)
$(BUILD)/fcgi/%.o:   CPPFLAGS += -Ibase $(CORE_INC) $(FCGI_INC)
$(BUILD)/worker/%.o: CPPFLAGS += -Ibase $(CORE_INC) $(WORKER_INC)
$(BUILD)/cli/%.o:    CPPFLAGS += -Ibase $(CORE_INC) -Icli
$(BUILD)/bench/%.o:  CPPFLAGS += -Ibase $(CORE_INC) -Ibench

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -c $< -o $@

# The migrations travel inside the programs.
$(BUILD)/core/migrations.c: $(SQL_FILES) tools/embed-sql
	@mkdir -p $(@D)
	tools/embed-sql $(SQL_FILES) > $@
$(BUILD)/core/migrations.o: $(BUILD)/core/migrations.c
	$(CC) -Ibase $(CORE_INC) $(ALL_CFLAGS) -c $< -o $@

# A test links the library of its module's folder and those below it, so a
# base module that calls upwards cannot link.
mod_libs = $(if $(wildcard base/$(1).c),$(BASE),\
           $(if $(wildcard fcgi/$(1).c fcgi/*/$(1).c),$(FCGI) $(CORE) $(BASE),\
           $(if $(wildcard worker/$(1).c worker/*/$(1).c)$(filter simulation scheduler_doubt,$(1)),$(WORKER) $(CORE) $(BASE),\
           $(if $(wildcard cli/$(1).c),$(CLI) $(CORE) $(BASE),\
           $(CORE) $(BASE)))))
mod_extra = $(if $(wildcard fcgi/$(1).c fcgi/*/$(1).c),-lfcgi)\
            $(if $(wildcard worker/$(1).c worker/*/$(1).c)$(filter simulation scheduler_doubt,$(1)),-lcurl -lssl)\
            $(if $(wildcard cli/$(1).c),-lssl)
$(BUILD)/tests/test_%: tests/unit/test_%.c tests/unit/unit.h $(BASE) $(CORE) $(FCGI) $(WORKER) $(CLI)
	@mkdir -p $(@D)
	$(CC) -Ibase $(CORE_INC) $(FCGI_INC) $(WORKER_INC) -Icli -Itests/unit $(MARIADB_CFLAGS) \
	    $(ALL_CFLAGS) $(ALL_LDFLAGS) $< $(call mod_libs,$*) \
	    $(call mod_extra,$*) $(CORE_LIBS) $(BASE_LIBS) -lcunit -o $@

# A fuzzer is built twice: for libFuzzer, and with a main() that gives it the
# files of its corpus as a unit test.
FUZZ_NAMES = $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ       = $(FUZZ_NAMES:%=$(BUILD)/fuzz/fuzz_%)
REPLAY     = $(FUZZ_NAMES:%=$(BUILD)/tests/fuzz_%)
FUZZ_BUILD = $(CC) -Ibase $(CORE_INC) $(FCGI_INC) -Itests/fuzz -Itests/unit \
             $(MARIADB_CFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS)
FUZZ_LIBS  = $(FCGI) $(CORE) $(BASE) -lfcgi -lcurl $(CORE_LIBS) $(BASE_LIBS)
$(REPLAY) $(FUZZ): tests/fuzz/fuzz.h $(FCGI) $(CORE) $(BASE)
$(REPLAY): $(BUILD)/tests/fuzz_%: tests/fuzz/fuzz_%.c tests/fuzz/replay.c
	@mkdir -p $(@D)
	$(FUZZ_BUILD) $(filter %.c,$^) $(FUZZ_LIBS) -lcunit -o $@
$(FUZZ): $(BUILD)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c
	@mkdir -p $(@D)
	$(FUZZ_BUILD) -fsanitize=fuzzer $< $(FUZZ_LIBS) -o $@
unit: $(UNIT) $(REPLAY)
fuzz-programs: $(FUZZ)

check: deps
	tests/run unit func clients
check-unit:
	tests/run unit
check-func:
	tests/run func
check-clients:
	tests/run clients
asan:
	SAN=address tests/run unit func
tsan:
	SAN=thread tests/run unit func
valgrind:
	tools/deps valgrind
	VALGRIND=1 tests/run unit
fuzz:
	tools/deps fuzz
	tools/fuzz $(NAMES)

# The benchmark's own programs, each of a main file and what they share.
BENCH_NAMES  = load sink floor_fcgi floor_curl floor_insert floor_queue
BENCH        = $(BENCH_NAMES:%=$(BUILD)/bench/%)
BENCH_SRCS   = $(wildcard bench/*.c)
BENCH_SHARED = $(filter-out $(BENCH_NAMES:%=bench/%.c),$(BENCH_SRCS))
BENCHLIB     = $(BUILD)/libbench.a
$(BENCHLIB): $(call lib_objs,$(BENCH_SHARED))
	@mkdir -p $(@D) && rm -f $@
	$(AR) rcs $@ $^
$(BUILD)/bench/floor_fcgi: BENCH_LIBS = -lfcgi
$(BUILD)/bench/floor_curl: BENCH_LIBS = -lcurl
$(BENCH): $(BUILD)/bench/%: $(BUILD)/bench/%.o $(BENCHLIB) $(CORE) $(BASE)
	$(CC) $(ALL_LDFLAGS) $^ $(BENCH_LIBS) $(CORE_LIBS) $(BASE_LIBS) -o $@

bench-programs: all $(BENCH)
bench: deps
	bench/run
bench-full: deps
	bench/run --full
torture: deps
	$(MAKE) all
	tests/torture/run

lint:
	tools/lint

deps:
	tools/deps

# The head of this file.
help:
	@sed -n '/^#   make/,/^$$/s/^#  \{0,1\}//p' Makefile

run: deps
	tools/run
stop:
	tools/stack stop var

# What the programs say about themselves, in the frames of docs/man.
MAN1 = $(BUILD)/man/postern.1
MAN5 = $(BUILD)/man/postern.conf.5
MAN8 = $(BUILD)/man/posternd.8 $(BUILD)/man/postern.fcgi.8
man: $(MAN1) $(MAN5) $(MAN8)
$(MAN1) $(MAN5) $(MAN8): $(BUILD)/man/%: docs/man/%.in tools/man $(PROGRAMS) cli/command.h
	@mkdir -p $(@D)
	tools/man $(BUILD) $< >$@.new && mv $@.new $@

# The programs, their manual, and what an administrator copies from:
# configuration, systemd units, sites for nginx and Apache.
PREFIX ?= /usr/local
SHARE   = $(DESTDIR)$(PREFIX)/share/postern
MANDIR  = $(DESTDIR)$(PREFIX)/share/man
install: all man
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/postern
	install -m 755 $(BUILD)/postern $(BUILD)/posternd $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(BUILD)/postern.fcgi $(DESTDIR)$(PREFIX)/lib/postern
	install -d $(SHARE)/conf $(SHARE)/nginx $(SHARE)/apache $(SHARE)/sql
	install -m 644 conf/* $(SHARE)/conf
	install -m 644 nginx/* $(SHARE)/nginx
	install -m 644 apache/* $(SHARE)/apache
	install -m 644 sql/*.sql $(SHARE)/sql
	install -d $(MANDIR)/man1 $(MANDIR)/man5 $(MANDIR)/man8
	install -m 644 $(MAN1) $(MANDIR)/man1
	install -m 644 $(MAN5) $(MANDIR)/man5
	install -m 644 $(MAN8) $(MANDIR)/man8

# Folders of its own go when nothing else is in them.
uninstall:
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/bin/,postern posternd)
	rm -f $(DESTDIR)$(PREFIX)/lib/postern/postern.fcgi
	rm -f $(addprefix $(SHARE)/,$(wildcard conf/* nginx/* apache/* sql/*.sql))
	rm -f $(addprefix $(MANDIR)/man1/,$(notdir $(MAN1)))
	rm -f $(addprefix $(MANDIR)/man5/,$(notdir $(MAN5)))
	rm -f $(addprefix $(MANDIR)/man8/,$(notdir $(MAN8)))
	for dir in $(DESTDIR)$(PREFIX)/lib/postern $(SHARE)/conf $(SHARE)/nginx \
	    $(SHARE)/apache $(SHARE)/sql $(SHARE); do \
	    [ ! -d $$dir ] || rmdir --ignore-fail-on-non-empty $$dir; done

clean:
	rm -rf build build-asan build-tsan build-fuzz

-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d $(BUILD)/*/*/*/*.d)
