/* Teams where the system refuses threads. A pthread_create in front of the real one refuses as it
 * is told, and ends the program if OpenMP asks for a thread that has not been shown to start:
 * beside as many others as OpenMP adds, held together, and since it last added some. */
#define _GNU_SOURCE
#include "check.h"

#include <maskseq.h>
#include <parallel.h>
#include <system.h>

#include <dlfcn.h>
#include <errno.h>
#include <omp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 6, FOR_OTHERS = 4, WITHOUT = 1 << 20 };

typedef int create_fn(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

static create_fn *real_create;
static atomic_int limit = WITHOUT;     /* threads beside the callers */
static atomic_int refuse_call;         /* the number of the call to refuse; 0: none */
static atomic_int living, held, shown; /* shown: to be started by OpenMP */
static atomic_int calls, started;      /* by the library; by OpenMP */
static atomic_int running;             /* others start threads meanwhile */
static int keeps_threads;              /* OpenMP is LLVM's */
static _Thread_local int host;         /* what this thread starts is the host program's affair */

typedef struct {
    void *(*start)(void *);
    void *argument;
    int by_library, rounds;
} beginning;

/* The last thing that a thread does: keys' destructors run in rounds, the library's in the first.
 */
static pthread_key_t at_end;

static void end_thread(void *context) {
    beginning *const b = context;
    if (b->rounds++ == 0) {
        CHECK(pthread_setspecific(at_end, b) == 0);
        return;
    }
    atomic_fetch_sub(&living, 1);
    if (b->by_library)
        atomic_fetch_sub(&held, 1);
    free(b);
}

static void *run_thread(void *context) {
    const beginning *const b = context;
    CHECK(pthread_setspecific(at_end, context) == 0);
    return b->start(b->argument);
}

static void *end_at_once(void *unused) { /* a thread of others */
    return unused;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                   void *argument) {
    Dl_info caller;
    if (!real_create) {
        void *const found = dlsym(RTLD_NEXT, "pthread_create");
        memcpy(&real_create, &found, sizeof found);
    }
    if (host)
        return real_create(thread, attributes, start, argument);
    const int by_openmp =
        dladdr(__builtin_return_address(0), &caller) && strstr(caller.dli_fname, "omp.so");
    const int by_library = !by_openmp && start != end_at_once;
    const int refused = (by_library && atomic_fetch_add(&calls, 1) + 1 == refuse_call) |
                        (atomic_fetch_add(&living, 1) >= limit);
    if (by_openmp) {
        CHECK(!refused);
        CHECK(atomic_fetch_sub(&shown, 1) > 0);
        atomic_fetch_add(&started, 1);
    } else if (refused) {
        atomic_fetch_sub(&living, 1);
        return EAGAIN;
    }
    if (by_library) {
        if (atomic_load(&held) == 0)
            atomic_store(&shown, -FOR_OTHERS);
        atomic_fetch_add(&held, 1);
        atomic_fetch_add(&shown, 1);
    }
    beginning *const b = malloc(sizeof *b);
    CHECK(b);
    *b = (beginning){start, argument, by_library, 0};
    return real_create(thread, attributes, run_thread, b);
}

/* --- what a caller may do */

typedef struct {
    atomic_int ran[MOST];
    atomic_int num_threads;
} job;

static void body(void *context, int thread, int num_threads) {
    job *const j = context;
    atomic_fetch_add(&j->ran[thread], 1);
    atomic_store(&j->num_threads, num_threads);
}

/* Returns how many threads there were; each had its number. */
static int call(int wanted) {
    job j = {.num_threads = 0};
    msq_parallel(wanted, body, &j);
    const int got = j.num_threads;
    CHECK(got >= 1 && got <= wanted && got <= limit + 1);
    for (int thread = 0; thread < MOST; thread++)
        CHECK(j.ran[thread] == (thread < got));
    return got;
}

static void *calls_of_all_sizes(void *expected) {
    static const int sizes[] = {2, 5, 3, 5, 2, 6, 2, 1, 4};
    const int reached = call(MOST);
    CHECK(!expected || reached == *(int *)expected);
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            const int got = call(sizes[i]);
            CHECK(got == sizes[i] || limit < WITHOUT || refuse_call);
        }
    for (int i = 0; i < 250; i++) /* the team shrinks at last */
        call(2);
    call(MOST);
    return NULL;
}

/* The threads of a caller that has ended, or those that another's region ended, need the CPU once
 * more. LLVM's OpenMP keeps them. */
static void wait_for_ended_threads(int left) {
    while (living > left && !keeps_threads && !running)
        usleep(100);
}

/* Callers at once. `expected`, if not 0, is the most threads that each must get. */
static void in_threads(int count, int expected) {
    pthread_t threads[8];
    wait_for_ended_threads(0);
    host = 1;
    for (int i = 0; i < count; i++)
        CHECK(pthread_create(&threads[i], NULL, calls_of_all_sizes,
                             expected && !keeps_threads ? &expected : NULL) == 0);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    host = 0;
}

/* --- scenes */

/* Of a caller, where the system can start so many threads: four are left to others. */
static int team_of(int startable) {
    const int size = startable - FOR_OTHERS + 1;
    return size < 1 ? 1 : size < MOST ? size : MOST;
}

/* Each limit, each call that can fail, callers one after another and at once. */
static void refusals(void) {
    for (int n = 0; n <= MOST + FOR_OTHERS; n++) {
        limit = n;
        in_threads(1, team_of(n));
        in_threads(3, 0);
    }
    for (int n = 1; n <= 2 * (MOST + FOR_OTHERS); n++) {
        limit = WITHOUT;
        calls = 0;
        refuse_call = n;
        in_threads(1, team_of(n - 1));
    }
    refuse_call = 0;
    limit = WITHOUT;
}

/* A system that refuses is not asked each time. */
static void *refused_always(void *unused) {
    limit = 0;
    calls = 0;
    for (int i = 0; i < 60; i++)
        call(MOST);
    CHECK(calls <= 60 / 2);
    limit = WITHOUT;
    return unused;
}

/* Starts and ends threads, up to three at a time, whenever it can. */
static void *start_threads(void *unused) {
    pthread_t threads[FOR_OTHERS - 1];
    while (running) {
        int n = 0;
        while (n < FOR_OTHERS - 1 && pthread_create(&threads[n], NULL, end_at_once, NULL) == 0)
            n++;
        while (n > 0)
            pthread_join(threads[--n], NULL);
    }
    return unused;
}

/* Others take what room there is just when a team is about to grow. */
static void among_others(void) {
    pthread_t other;
    running = 1;
    limit = MOST + FOR_OTHERS;
    host = 1;
    CHECK(pthread_create(&other, NULL, start_threads, NULL) == 0);
    host = 0;
    for (int i = 0; i < 20; i++)
        in_threads(1, 0);
    running = 0;
    pthread_join(other, NULL);
    limit = WITHOUT;
}

/* A team is kept: growing and shrinking wants start no threads again and again. */
static void *alternating(void *unused) {
    call(MOST);
    const int before = started;
    for (int i = 0; i < 20; i++) {
        call(MOST);
        call(MOST);
        call(2);
    }
    CHECK(started == before);
    return unused;
}

/* Regions of the host program on the same OpenMP end our threads, or are around our calls. */
static void *beside_others(void *unused) {
    call(MOST);
    for (int i = 0; i < 20; i++) {
        host = 1;
#pragma omp parallel num_threads(2)
        {
            host = 1;
            CHECK(call(4) == 1);
            host = 0;
        }
        host = 0;
        wait_for_ended_threads(1);
        call(i % 2 ? MOST : 3);
    }
    omp_set_dynamic(1);
    for (int i = 0; i < 20; i++)
        call(2 + i % 5);
    omp_set_dynamic(0);
    return unused;
}

static void in_a_child(void) {
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        _exit(msq_plan_threads(4, 4, 1e9, 1) == 1 && msq_default_threads() == 1 ? 0 : 1);
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void in_a_thread(void *(*scene)(void *)) {
    pthread_t thread;
    host = 1;
    CHECK(pthread_create(&thread, NULL, scene, NULL) == 0);
    pthread_join(thread, NULL);
    host = 0;
}

int main(void) {
    CHECK(pthread_key_create(&at_end, end_thread) == 0);
    keeps_threads = dlsym(RTLD_DEFAULT, "kmp_get_blocktime") != NULL;
    refusals();
    among_others();
    in_a_thread(refused_always);
    in_a_thread(alternating);
    in_a_thread(beside_others);
    call(3);
    in_a_child();
    CHECK(call(3) == 3);
    puts("the process lives");
    return 0;
}
