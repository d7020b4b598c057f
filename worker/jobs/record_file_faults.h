/*
 * record_file_faults.h - which files of the mirror could not be written, and
 * when each is tried again: after a minute, two, four, ..., an hour.
 *
 * One that cannot be written must not hold up the others. Only so many are
 * remembered; where more fail, the directory does.
 */
#ifndef RECORD_FILE_FAULTS_H
#define RECORD_FILE_FAULTS_H

#include "store_record_file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_FILE_FAULTS_MAX 32

struct record_file_faults;

struct record_file_faults *record_file_faults_new(void);
void record_file_faults_free(struct record_file_faults *faults);
void record_file_faults_clear(struct record_file_faults *faults);

enum record_file_fault {
    FAULT_NEW, /* it has not failed before */
    FAULT_AGAIN,
    FAULT_TOO_MANY /* it was not noted */
};

/* That file has failed now (monotonic). */
enum record_file_fault record_file_faults_add(struct record_file_faults *faults,
                                              const struct record_file_due *due,
                                              int64_t now_us);

/* It was written. True: it had failed before. */
bool record_file_faults_drop(struct record_file_faults *faults,
                             const struct record_file_due *due);

/* Those that are not to be tried yet; room for RECORD_FILE_FAULTS_MAX. Their
   texts live until the next call that changes something. */
size_t record_file_faults_resting(const struct record_file_faults *faults,
                                  int64_t now_us,
                                  struct record_file_skip *skip);

/* When the first of them is to be tried; INT64_MAX: there is none. */
int64_t record_file_faults_due(const struct record_file_faults *faults);

#endif /* RECORD_FILE_FAULTS_H */
