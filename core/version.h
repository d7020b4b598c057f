/*
 * version.h - the version of Postern, as programs and headers tell it.
 */
#ifndef VERSION_H
#define VERSION_H

#define POSTERN_VERSION "0.1.0"

#endif /* VERSION_H */
