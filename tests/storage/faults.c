// Loaded before libc: lets the nth system call that concerns one folder fail, or end the process.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { FAIL_ONCE, FAIL_EVER, KILL_BEFORE, KILL_AFTER };

static char folder[4096]; // "": nothing is counted
static int mode, number, nth, calls;
static char last[16]; // the call that was made to fail

void fault_arm(const char *path, int how, int error, int which) {
    snprintf(folder, sizeof folder, "%s", path);
    mode = how, number = error, nth = which, calls = 0, last[0] = 0;
}

const char *fault_last(void) {
    folder[0] = 0;
    return last;
}

static int concerns(const char *path) {
    return folder[0] && path != NULL && strstr(path, folder) != NULL;
}

static int concerns_fd(int fd) {
    char link[64], path[4096];
    if (!folder[0]) {
        return 0;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    path[size < 0 ? 0 : size] = 0;
    return concerns(path);
}

// 1 if this call must fail; the process may end here, or `*after` ask for it once the call is made.
static int hit(const char *name, int concerned, int *after) {
    *after = 0;
    if (!concerned) {
        return 0;
    }
    calls++;
    int full =
        mode == FAIL_EVER && calls > nth && (!strcmp(name, "write") || !strcmp(name, "fsync"));
    if (calls != nth && !full) {
        return 0;
    }
    snprintf(last, sizeof last, "%s", name);
    if (mode == KILL_BEFORE) {
        raise(SIGKILL);
    }
    *after = mode == KILL_AFTER;
    errno = number;
    return mode == FAIL_ONCE || mode == FAIL_EVER;
}

#define CALL(type, name, parameters, arguments, concerned)                                         \
    type name parameters {                                                                         \
        static type(*real) parameters;                                                             \
        if (real == NULL) {                                                                        \
            real = (type(*) parameters)dlsym(RTLD_NEXT, #name);                                    \
        }                                                                                          \
        int after;                                                                                 \
        if (hit(#name, concerned, &after)) {                                                       \
            return (type) - 1;                                                                     \
        }                                                                                          \
        type result = real arguments;                                                              \
        if (after) {                                                                               \
            raise(SIGKILL);                                                                        \
        }                                                                                          \
        return result;                                                                             \
    }

CALL(int, fsync, (int fd), (fd), concerns_fd(fd))
CALL(int, close, (int fd), (fd), concerns_fd(fd))
CALL(int, fchmod, (int fd, mode_t bits), (fd, bits), concerns_fd(fd))
CALL(int, fchown, (int fd, uid_t user, gid_t group), (fd, user, group), concerns_fd(fd))
CALL(off_t, lseek64, (int fd, off_t at, int from), (fd, at, from), concerns_fd(fd))
CALL(int, rename, (const char *from, const char *to), (from, to), concerns(to))

// Half of the bytes get through before the process ends.
ssize_t write(int fd, const void *bytes, size_t size) {
    static ssize_t (*real)(int, const void *, size_t);
    if (real == NULL) {
        real = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    }
    int after;
    if (hit("write", concerns_fd(fd), &after)) {
        return -1;
    }
    ssize_t done = real(fd, bytes, after ? size / 2 : size);
    if (after) {
        raise(SIGKILL);
    }
    return done;
}

int open64(const char *path, int flags, ...) {
    static int (*real)(const char *, int, ...);
    if (real == NULL) {
        real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64");
    }
    va_list rest;
    va_start(rest, flags);
    mode_t bits = va_arg(rest, mode_t);
    va_end(rest);
    int after;
    if (hit("open64", concerns(path), &after)) {
        return -1;
    }
    int fd = real(path, flags, bits);
    if (after) {
        raise(SIGKILL);
    }
    return fd;
}
