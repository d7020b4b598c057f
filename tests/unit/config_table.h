/*
 * config_table.h - the options, and the directory of configuration files, that
 * the tests of base/config*.c share.
 */
#ifndef CONFIG_TABLE_H
#define CONFIG_TABLE_H

#include "config.h"

#include "file.h"
#include "unit.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct config_option table[] = {
    {"host", "HOST", CONFIG_STRING, "localhost", 0, 0, NULL, "", "net", false,
     "Where the server is."},
    {"port", "PORT", CONFIG_INT, "3306", 1, 65535, NULL, "", "net", false,
     "Its port."},
    {"wait_s", NULL, CONFIG_INT, "10", 0, 300, NULL, "s", "net", true,
     "How long to wait. A long sentence follows so that there is something to "
     "break into several lines of a comment, as a reader would expect."},
    {"password", "DB_PASSWORD", CONFIG_SECRET, "", 0, 0, NULL, "", "secrets",
     false, "Never shown."},
    {"key_file", NULL, CONFIG_PATH, "a.key", 0, 0, NULL, "", "secrets", false,
     "A file."},
    {"max_body", NULL, CONFIG_BYTES, "100k", 1024, 26214400, NULL, "bytes",
     "limits", false, "Largest body."},
    {"verify", "VERIFY", CONFIG_BOOL, "yes", 0, 0, NULL, "", "limits", false,
     "Check signatures."},
    {"format", NULL, CONFIG_ENUM, "text", 0, 0, "text|json|none", "", "limits",
     false, "Of the log."},
    {"threshold", NULL, CONFIG_REAL, "0.85", 0, 1, NULL, "", "limits", false,
     "A share."},
};

#define ROWS (sizeof(table) / sizeof(table[0]))

static char directory[] = "/tmp/postern-test-config-XXXXXX";
static char no_environment_text[] = "PATH=/bin";
static char *no_environment[] = {no_environment_text, NULL};

/* The path of a file in the test's directory, in one of a few buffers. */
static const char *
at(const char *name)
{
    static char paths[8][128];
    static unsigned turn;
    char *path = paths[turn++ % 8];

    (void)snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
    return path;
}

static void
put(const char *name, const char *content, mode_t mode)
{
    CU_ASSERT_FATAL(file_replace(at(name), slice_of(content), mode));
}

static void
clean(void)
{
    static const char *const names[] = {
        "postern.conf",     ".env",          "value",       "conf.d/10-a.conf",
        "conf.d/20-b.conf", "conf.d/9.conf", "conf.d/note", "conf.d/.x.conf",
        "password",
    };
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        (void)unlink(at(names[i]));
    (void)rmdir(at("conf.d"));
}

/* Loads postern.conf; the message of a failure stays in why. */
static bool
load(struct config **config, char *const *environment, struct buf *why)
{
    *config = config_new(table, ROWS);
    buf_clear(why);
    buf_add_text(why, "");
    return config_load(*config, at("postern.conf"), environment, why);
}

#endif /* CONFIG_TABLE_H */
