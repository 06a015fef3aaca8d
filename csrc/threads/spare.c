#define _GNU_SOURCE /* pthread_sigmask, sigset_t */
#include "spare.h"

#ifdef _OPENMP

#include "system.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum {
    FOR_OTHERS = 4,
    MAX_LOOKS = 10000,       /* for a thread that has ended to be gone: a few are enough */
    BYTES = 16 << 10,        /* more than libgomp allocates for a team, some 2 KB, */
    BYTES_A_THREAD = 1 << 10 /* and for each of its threads, some 400 bytes */
};

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static size_t stack; /* of OpenMP's threads, in bytes; 0: the default */

typedef struct {
    pthread_t thread;
    int id;
} held;

static void *wait_at_gate(void *context) {
    held *const h = context;
    h->id = msq_thread_id();
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    return NULL;
}

/* Number and unit of OMP_STACKSIZE or GOMP_STACKSIZE in bytes, 0 if they say nothing. */
static size_t stack_asked_for(void) {
    static const char units[] = "bkmg";
    const char *text = getenv("OMP_STACKSIZE");
    char *end;
    if (!text)
        text = getenv("GOMP_STACKSIZE");
    if (!text)
        return 0;
    const unsigned long long number = strtoull(text, &end, 10);
    end += strspn(end, " \t");
    const char *const unit = strchr(units, *end ? *end | 0x20 : 'k');
    const int shift = unit ? (int)(unit - units) * 10 : 0;
    return end == text || !unit || number > SIZE_MAX >> shift ? 0 : (size_t)number << shift;
}

__attribute__((constructor)) static void on_load(void) {
    stack = stack_asked_for(); /* when libgomp asks, too */
}

static int start_threads(held *threads, int wanted) {
    pthread_attr_t attributes;
    sigset_t all, before;
    int started = 0;
    if (pthread_attr_init(&attributes) != 0)
        return 0;
    if (stack > 0)
        (void)pthread_attr_setstacksize(&attributes, stack); /* else the default, as in libgomp */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* they handle none of the program's signals */
    pthread_mutex_lock(&gate);
    while (started < wanted && pthread_create(&threads[started].thread, &attributes, wait_at_gate,
                                              &threads[started]) == 0)
        started++;
    pthread_mutex_unlock(&gate);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return started;
}

int msq_threads_to_spare(int wanted) {
    held *const threads = malloc((size_t)(wanted + FOR_OTHERS) * sizeof *threads);
    const int started = threads ? start_threads(threads, wanted + FOR_OTHERS) : 0;
    for (int i = 0; i < started; i++)
        pthread_join(threads[i].thread, NULL);
    /* a joined thread counts against limits until the system has forgotten it */
    for (int i = 0; i < started; i++)
        for (int looks = 0; msq_thread_exists(threads[i].id) && looks < MAX_LOOKS; looks++)
            msq_yield();
    free(threads);
    return started > FOR_OTHERS && msq_memory_to_spare(started) ? started - FOR_OTHERS : 0;
}

int msq_memory_to_spare(int num_threads) {
    void *const memory = malloc(BYTES + (size_t)num_threads * BYTES_A_THREAD);
    free(memory);
    return memory != NULL;
}

#endif
