/*
 * fuzz_config.c - configuration files: any text is read or refused with a
 * reason that names the place, and what was read is within its bounds.
 *
 * Input: postern.conf, a border, .env, a border, one variable of the
 * environment.
 */
#include "fuzz.h"

#include "settings.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/postern-fuzz-XXXXXX";
static char conf_path[64], env_path[64];

static void
remove_files(void)
{
    (void)unlink(conf_path);
    (void)unlink(env_path);
    (void)rmdir(directory);
}

static void
set_up(void)
{
    static bool done;

    if (done)
        return;
    FUZZ_CHECK(mkdtemp(directory) != NULL);
    (void)snprintf(conf_path, sizeof(conf_path), "%s/postern.conf", directory);
    (void)snprintf(env_path, sizeof(env_path), "%s/.env", directory);
    FUZZ_CHECK(atexit(remove_files) == 0);
    done = true;
}

static void
write_file(const char *path, struct slice content)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    FUZZ_CHECK(fd >= 0);
    FUZZ_CHECK(write(fd, content.ptr, content.len) == (ssize_t)content.len);
    FUZZ_CHECK(close(fd) == 0);
}

static void
check_option(const struct config *config, const struct config_option *option)
{
    const char *origin = config_origin(config, option->name);
    int64_t number;

    FUZZ_CHECK(config_string(config, option->name) != NULL);
    FUZZ_CHECK(origin != NULL && *origin != '\0');
    if (option->type == CONFIG_INT || option->type == CONFIG_BYTES) {
        number = config_int(config, option->name);
        FUZZ_CHECK(number >= option->min && number <= option->max);
    } else if (option->type == CONFIG_REAL) {
        FUZZ_CHECK(config_real(config, option->name) >= (double)option->min);
        FUZZ_CHECK(config_real(config, option->name) <= (double)option->max);
    }
}

/* A value that one line can hold reads the same when it is written again. */
static void
check_written_again(const struct config *config,
                    const struct config_option *option)
{
    const char *value = config_string(config, option->name);
    struct buf text = BUF_INIT(40000), why = BUF_INIT(4000);
    char *const none[] = {NULL};
    struct config *again = config_new(settings_table, settings_table_rows);

    buf_addf(&text, "%s = \"%s\"\n", option->name, value);
    if (text.len < 16000 && strpbrk(value, "\r\n") == NULL &&
        option->type != CONFIG_PATH) {
        write_file(conf_path, buf_slice(&text));
        write_file(env_path, SLICE(""));
        FUZZ_CHECK(config_load(again, conf_path, none, &why));
        FUZZ_CHECK(strcmp(config_string(again, option->name), value) == 0);
    }
    config_free(again);
    buf_free(&text);
    buf_free(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_make(data, size);
    struct slice conf = fuzz_part(&input), env = fuzz_part(&input);
    char *variable = slice_text(fuzz_part(&input));
    char *const environment[] = {variable, NULL};
    struct buf why = BUF_INIT(4000);
    struct settings settings;
    size_t i;

    set_up();
    write_file(conf_path, conf);
    write_file(env_path, env);
    if (settings_load(&settings, conf_path, environment, &why)) {
        FUZZ_CHECK(why.len == 0);
        for (i = 0; i < settings_table_rows; i++)
            check_option(settings.config, &settings_table[i]);
        for (i = 0; i < settings_table_rows; i++) {
            const char *origin =
                config_origin(settings.config, settings_table[i].name);

            if (strcmp(origin, "default") != 0)
                check_written_again(settings.config, &settings_table[i]);
        }
        settings_free(&settings);
    } else {
        FUZZ_CHECK(why.len > 0);
    }
    free(variable);
    buf_free(&why);
    return 0;
}
