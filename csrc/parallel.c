/* Threads: how many there may be, the guard for forked children, and the one OpenMP region of the
 * library. OpenMP's own settings are never changed: they belong to the whole process. */
#define _GNU_SOURCE
#include "parallel.h"

#include "maskseq.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef _OPENMP
#include <omp.h>
#endif

enum {
    MAX_THREADS = 1024,
    MAX_PATH = 4096,
    MS_PER_CHECK = 50,
    FMAS_PER_LOOK = 1 << 22, /* between looks at the clock: 0.1 ms of AVX2, 4 ms of plain C */
    MAX_PAUSES = 2000        /* some 20 us: then there are more threads than CPUs, let others run */
};

static int default_threads = 1; /* the budget at load */
static atomic_int process_threads;
static _Thread_local int own_threads;
static int (*_Atomic interrupt_check)(void);
/* libgomp's pool does not survive fork: a region in the child would wait for threads that are not
 * there. */
static int forked = 0;

static void after_fork_in_child(void) {
    forked = 1;
}

/* A count of threads from an environment variable, 0 if it is unset or no positive number.
 * OMP_NUM_THREADS may be a list, one number a nesting level: the first counts. */
static int threads_from_environment(const char *name) {
    const char *text = getenv(name);
    const long n = text ? strtol(text, NULL, 10) : 0;
    return n < 1 ? 0 : n > MAX_THREADS ? MAX_THREADS : (int)n;
}

static int threads_from_affinity(void) {
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return CPU_COUNT(&set);
#endif
    return MAX_THREADS;
}

/* The quota in <root><group>/cpu.max ("200000 100000": 2 CPUs; "max 100000": no limit), rounded up.
 */
static int threads_from_quota(const char *root, const char *group) {
    char path[MAX_PATH];
    double quota, period;
    int n = MAX_THREADS;
    if (snprintf(path, sizeof path, "%s%s/cpu.max", root, group) >= (int)sizeof path)
        return n;
    FILE *file = fopen(path, "r");
    if (!file)
        return n;
    if (fscanf(file, "%lf %lf", &quota, &period) == 2 && quota > 0 && period > 0 &&
        quota < n * period) {
        n = (int)(quota / period);
        n += n * period < quota;
    }
    fclose(file);
    return n;
}

/* The least quota of this process's cgroup and all groups above it (cgroup v2). */
static int threads_from_cgroup(const char *root) {
    char line[MAX_PATH], *group = NULL;
    FILE *file = fopen("/proc/self/cgroup", "r");
    while (file && !group && fgets(line, sizeof line, file))
        if (strncmp(line, "0::/", 4) == 0)
            group = line + 3;
    if (file)
        fclose(file);
    int least = threads_from_quota(root, "");
    if (!group)
        return least;
    group[strcspn(group, "\n")] = '\0';
    for (char *end; (end = strrchr(group, '/')) != NULL; *end = '\0') {
        const int n = threads_from_quota(root, group);
        least = n < least ? n : least;
    }
    return least;
}

int msq_thread_budget(const char *cgroup_root) {
    int n = threads_from_environment("MASKSEQ_NUM_THREADS");
    if (n == 0)
        n = threads_from_environment("OMP_NUM_THREADS");
    if (n == 0) {
        const int quota = threads_from_cgroup(cgroup_root ? cgroup_root : "/sys/fs/cgroup");
        n = threads_from_affinity();
        n = quota < n ? quota : n;
    }
    return n > 1 ? n : 1;
}

__attribute__((constructor)) static void on_load(void) {
    default_threads = msq_thread_budget(NULL);
    pthread_atfork(NULL, NULL, after_fork_in_child);
}

int msq_default_threads(void) {
    const int process = atomic_load_explicit(&process_threads, memory_order_relaxed);
    return forked ? 1 : own_threads ? own_threads : process ? process : default_threads;
}

static int limited(int n) {
    return n < 0 ? 0 : n > MAX_THREADS ? MAX_THREADS : n;
}

int msq_set_threads(int n) {
    return atomic_exchange(&process_threads, limited(n));
}

int msq_set_own_threads(int n) {
    const int before = own_threads;
    own_threads = limited(n);
    return before;
}

void msq_set_interrupt_check(int (*check)(void)) {
    interrupt_check = check;
}

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int msq_stops(msq_stop *stop, int thread, double fmas) {
    if (thread == 0 && interrupt_check && (stop->fmas += fmas) > FMAS_PER_LOOK) {
        stop->fmas = 0;
        const int64_t now = milliseconds();
        if (stop->next_check == 0)
            stop->next_check = now + MS_PER_CHECK;
        if (now >= stop->next_check) {
            if (interrupt_check())
                atomic_store_explicit(&stop->stopped, 1, memory_order_relaxed);
            stop->next_check = milliseconds() + MS_PER_CHECK;
        }
    }
    return atomic_load_explicit(&stop->stopped, memory_order_relaxed);
}

int msq_has_openmp(void) {
#ifdef _OPENMP
    return 1;
#else
    return 0;
#endif
}

int msq_plan_threads(int requested, int64_t parts, double work, double grain) {
#ifdef MASKSEQ_EAGER_THREADS /* for tests: threads for work of any size */
    grain = work < 1 ? 1 : work / MAX_THREADS;
#endif
    int64_t n = requested > 0 ? requested : msq_default_threads();
    n = n > MAX_THREADS ? MAX_THREADS : n;
    n = n > parts ? parts : n;
    n = n > work / grain ? (int64_t)(work / grain) : n;
    return forked || !msq_has_openmp() || n < 1 ? 1 : (int)n;
}

static void pause_cpu(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

int msq_wait(msq_barrier *b, int num_threads, int64_t patience) {
    const int round = atomic_load_explicit(&b->round, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&b->arrived, 1, memory_order_acq_rel) == num_threads - 1) {
        atomic_store_explicit(&b->arrived, 0, memory_order_relaxed);
        b->was_slow = atomic_load_explicit(&b->slow, memory_order_relaxed);
        atomic_store_explicit(&b->round, round + 1, memory_order_release);
        return b->was_slow;
    }
    int64_t pauses = 0;
#ifdef MASKSEQ_EAGER_THREADS /* for tests: 16 to 32768, so that some meetings are slow */
    patience = patience < 0 ? patience : (int64_t)16 << round * 5 % 12;
#endif
    while (atomic_load_explicit(&b->round, memory_order_acquire) == round) {
        if (pauses++ < MAX_PAUSES)
            pause_cpu();
        else
            sched_yield();
        if (pauses == patience)
            atomic_store_explicit(&b->slow, 1, memory_order_relaxed);
    }
    return b->was_slow;
}

void msq_parallel(int num_threads, msq_body_fn *body, void *context) {
#ifdef _OPENMP
    if (num_threads > 1) {
#pragma omp parallel num_threads(num_threads)
        body(context, omp_get_thread_num(), omp_get_num_threads());
        return;
    }
#endif
    (void)num_threads;
    body(context, 0, 1);
}
