#if defined(__linux__)
#define _GNU_SOURCE /* sched_getaffinity, syscall */
#endif
#include "system.h"

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <malloc.h>
#include <windows.h>
#else
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#endif
#if defined(__linux__)
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#endif

enum {
    ALIGNMENT = 64,
    LARGE = 4 << 20, /* from two large pages on */
};

#if defined(_WIN32)

void *msq_aligned_alloc(size_t bytes) {
    return _aligned_malloc(bytes, ALIGNMENT);
}

void msq_aligned_free(void *memory) {
    _aligned_free(memory);
}

void msq_ask_large_pages(void *memory, size_t bytes) {
    (void)memory; /* they need a privilege */
    (void)bytes;
}

int msq_usable_cpus(void) {
    DWORD_PTR usable, all;
    if (!GetProcessAffinityMask(GetCurrentProcess(), &usable, &all))
        return 0;
    int n = 0; /* 0 with more than 64 CPUs and threads in several groups of them */
    for (; usable; usable &= usable - 1)
        n++;
    return n;
}

int msq_cpus_are_taken(int threads) {
    (void)threads;
    return 0;
}

int64_t msq_nanoseconds(void) {
    return (int64_t)GetTickCount64() * 1000000;
}

int64_t msq_thread_nanoseconds(void) {
    return msq_nanoseconds();
}

void msq_yield(void) {
    SwitchToThread();
}

int msq_thread_id(void) {
    return 0;
}

int msq_thread_exists(int id) {
    (void)id;
    return 0;
}

void msq_at_fork_in_child(void (*handler)(void)) {
    (void)handler; /* there is no fork */
}

#else

void *msq_aligned_alloc(size_t bytes) {
    return aligned_alloc(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
}

void msq_aligned_free(void *memory) {
    free(memory);
}

void msq_ask_large_pages(void *memory, size_t bytes) {
#if defined(MADV_HUGEPAGE)
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), before = -(uintptr_t)memory % page;
    if (bytes >= LARGE)
        (void)madvise((char *)memory + before, bytes - before, MADV_HUGEPAGE);
#else
    (void)memory;
    (void)bytes;
#endif
}

int msq_usable_cpus(void) {
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return CPU_COUNT(&set);
#endif
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 && n < INT16_MAX ? (int)n : 0;
}

int msq_cpus_are_taken(int threads) {
#if defined(__linux__)
    char text[128]; /* as "0.66 0.41 0.22 3/94 12603": 3 threads run or wait for a CPU */
    const int file = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    const ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    text[length > 0 ? length : 0] = '\0';
    const char *number = strchr(text, '/');
    while (number > text && number[-1] != ' ')
        number--;
    const int running = number ? atoi(number) : 0; /* 0: a system that counts none */
    return running > 0 && running - 1 + threads > sysconf(_SC_NPROCESSORS_ONLN);
#else
    (void)threads;
    return 0;
#endif
}

static int64_t nanoseconds_of(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t msq_nanoseconds(void) {
    return nanoseconds_of(CLOCK_MONOTONIC);
}

int64_t msq_thread_nanoseconds(void) {
    return nanoseconds_of(CLOCK_THREAD_CPUTIME_ID);
}

void msq_yield(void) {
    sched_yield();
}

int msq_thread_id(void) {
#if defined(__linux__)
    return (int)syscall(SYS_gettid);
#else
    return 0;
#endif
}

int msq_thread_exists(int id) {
#if defined(__linux__)
    return syscall(SYS_tgkill, getpid(), id, 0) == 0;
#else
    (void)id;
    return 0;
#endif
}

void msq_at_fork_in_child(void (*handler)(void)) {
    pthread_atfork(NULL, NULL, handler);
}

#endif
