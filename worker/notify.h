/*
 * notify.h - tells systemd how this process is doing (sd_notify(3): one
 * datagram to $NOTIFY_SOCKET). Without systemd nothing happens.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

/* Lines such as "READY=1", "STOPPING=1" or "STATUS=...\nWATCHDOG=1". */
void notify_send(const char *state);

#endif /* NOTIFY_H */
