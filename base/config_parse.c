/*
 * config_parse.c - the text of an option as a value of its type.
 */
#include "config_impl.h"

#include "number.h"

#define SHOWN_MAX 80       /* characters of a wrong value worth repeating */
#define REAL_DIGITS_MAX 15 /* as many as a double holds exactly */

static bool
parse_bytes(const struct config_option *option, struct slice text, int64_t *out)
{
    static const struct {
        char suffix;
        int64_t factor;
    } units[] = {
        {'k', INT64_C(1) << 10},
        {'m', INT64_C(1) << 20},
        {'g', INT64_C(1) << 30},
    };
    int64_t factor = 1, value;
    size_t i;

    for (i = 0; i < sizeof(units) / sizeof(units[0]) && text.len > 0; i++) {
        if ((text.ptr[text.len - 1] | 0x20) == units[i].suffix) {
            factor = units[i].factor;
            text = slice_trim(slice_make(text.ptr, text.len - 1));
            break;
        }
    }
    if (!number_i64(text, 0, INT64_MAX / factor, &value))
        return false;
    value *= factor;
    if (value < option->min || value > option->max)
        return false;
    *out = value;
    return true;
}

static bool
parse_bool(struct slice text, int64_t *out)
{
    static const char *const words[] = {"no",  "yes", "false", "true",
                                        "off", "on",  "0",     "1"};
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (slice_is_nocase(text, words[i])) {
            *out = (int64_t)(i % 2);
            return true;
        }
    }
    return false;
}

static bool
parse_enum(const char *choices, struct slice text, int64_t *out)
{
    char choice[CONFIG_NAME_MAX];
    int64_t index;

    for (index = 0; choices != NULL; index++) {
        const char *bar = strchr(choices, '|');
        size_t len = bar == NULL ? strlen(choices) : (size_t)(bar - choices);

        if (len < sizeof(choice)) {
            memcpy(choice, choices, len);
            choice[len] = '\0';
            if (slice_is_nocase(text, choice)) {
                *out = index;
                return true;
            }
        }
        choices = bar == NULL ? NULL : bar + 1;
    }
    return false;
}

/* Digits with at most one point between them. strtod() would obey the locale
   and take hexadecimal, "inf" and "nan". */
static bool
parse_real(const struct config_option *option, struct slice text, double *out)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    size_t i = negative ? 1 : 0, digits = 0;
    double value = 0, scale = 1;
    bool point = false;

    for (; i < text.len; i++) {
        char c = text.ptr[i];

        if (c == '.' && !point && digits > 0) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9' || ++digits > REAL_DIGITS_MAX)
            return false;
        value = value * 10 + (c - '0');
        scale *= point ? 10 : 1;
    }
    if (digits == 0 || text.ptr[text.len - 1] == '.')
        return false;
    value = (negative ? -value : value) / scale;
    if (value < (double)option->min || value > (double)option->max)
        return false;
    *out = value;
    return true;
}

bool
config_parse(const struct config_option *option, const char *whole,
             struct config_value *value)
{
    struct slice text = slice_trim(slice_of(whole));

    switch (option->type) {
    case CONFIG_INT:
        return number_i64(text, option->min, option->max, &value->number);
    case CONFIG_BYTES:
        return parse_bytes(option, text, &value->number);
    case CONFIG_BOOL:
        return parse_bool(text, &value->number);
    case CONFIG_ENUM:
        return parse_enum(option->choices, text, &value->number);
    case CONFIG_REAL:
        return parse_real(option, text, &value->real);
    default:
        return true;
    }
}

static void
say_choices(const char *choices, struct buf *why)
{
    for (; *choices != '\0'; choices++) {
        if (*choices == '|')
            buf_add_text(why, ", ");
        else
            buf_add_char(why, *choices);
    }
}

static void
say_wanted(const struct config_option *option, struct buf *why)
{
    long long min = option->min, max = option->max;

    switch (option->type) {
    case CONFIG_BYTES:
        buf_addf(why,
                 "must be %lld to %lld bytes (k, M, G behind the number stand "
                 "for 1024, 1024^2, 1024^3)",
                 min, max);
        break;
    case CONFIG_BOOL:
        buf_add_text(why, "must be yes or no");
        break;
    case CONFIG_ENUM:
        buf_add_text(why, "must be one of: ");
        say_choices(option->choices, why);
        break;
    case CONFIG_REAL:
        buf_addf(why, "must be a number from %lld to %lld, such as 0.5", min,
                 max);
        break;
    default:
        buf_addf(why, "must be a whole number from %lld to %lld", min, max);
        if (option->unit != NULL && *option->unit != '\0')
            buf_addf(why, " (%s), written without the unit", option->unit);
        break;
    }
}

void
config_say_wrong(const struct config_option *option, const char *text,
                 struct buf *why)
{
    buf_addf(why, "%s = \"%.*s\": ", option->name, SHOWN_MAX, text);
    say_wanted(option, why);
}
