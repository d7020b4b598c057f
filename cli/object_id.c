/*
 * object_id.c - ids as people write them on a command line.
 */
#include "object_id.h"

#include "id.h"
#include "number.h"

bool
object_id_webhook(const char *text, uint32_t *id)
{
    uint64_t number;

    if (!number_u64(slice_of(text), UINT32_MAX, &number) &&
        !id_parse(ID_ENDPOINT, slice_of(text), &number))
        return false;
    if (number == 0 || number > UINT32_MAX)
        return false;
    *id = (uint32_t)number;
    return true;
}

bool
object_id_delivery(const char *text, uint64_t *id)
{
    return id_parse(ID_DELIVERY, slice_of(text), id) ||
           number_u64(slice_of(text), INT64_MAX, id);
}

bool
object_id_event(const char *text, uint64_t *id)
{
    return id_parse(ID_EVENT, slice_of(text), id) ||
           number_u64(slice_of(text), INT64_MAX, id);
}
