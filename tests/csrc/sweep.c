/* usage: sweep SCENARIOS [ISA]: runs that many made-up scenarios and prints a hash of all results.
 * usage: sweep isas: prints the names of the instruction sets that run here.
 *
 * Built with OUT_OF_MEMORY and -Wl,--wrap=malloc,--wrap=calloc,--wrap=aligned_alloc it runs each
 * again and again, with the first, the second, ... allocation inside the library failing: that must
 * be reported as MSQ_NO_MEMORY, and with LeakSanitizer nothing may be lost. */
#include "scenario/scenario.h"

#include <maskseq.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 6000 };

static uint64_t state = 20261122;

static uint8_t random_byte(void) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint8_t)(state >> 56);
}

#ifdef OUT_OF_MEMORY
static int64_t allocations_left = INT64_MAX;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

void *__wrap_malloc(size_t size) {
    return allocations_left-- > 0 ? __real_malloc(size) : NULL;
}
void *__wrap_calloc(size_t count, size_t size) {
    return allocations_left-- > 0 ? __real_calloc(count, size) : NULL;
}
void *__wrap_aligned_alloc(size_t alignment, size_t size) {
    return allocations_left-- > 0 ? __real_aligned_alloc(alignment, size) : NULL;
}

/* Returns the hash of a run with all the memory it wants. */
static uint64_t run(const uint8_t *data) {
    for (int64_t n = 0;; n++) {
        allocations_left = n;
        const uint64_t hash = run_scenario(data, SIZE);
        const int failed = allocations_left < 0;
        allocations_left = INT64_MAX;
        if (failed && hash != 0 && hash != run_scenario(data, SIZE)) {
            fprintf(stderr, "sweep: allocation %" PRId64 " failed, and the answer is another\n", n);
            abort();
        }
        if (!failed)
            return hash;
    }
}
#else
static uint64_t run(const uint8_t *data) {
    return run_scenario(data, SIZE);
}
#endif

int main(int argc, char **argv) {
    uint8_t data[SIZE];
    uint64_t all = 0;
    const long scenarios = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    if (argc == 2 && strcmp(argv[1], "isas") == 0) {
        for (int i = 0; msq_isa_name(i); i++)
            if (msq_isa_supported(i))
                puts(msq_isa_name(i));
        return 0;
    }
    if (scenarios < 1 || msq_set_isa(argc > 2 ? argv[2] : NULL) != MSQ_OK) {
        fprintf(stderr, "usage: sweep SCENARIOS [ISA] | isas\n");
        return 2;
    }
    for (long i = 0; i < scenarios; i++) {
        for (int j = 0; j < SIZE; j++)
            data[j] = random_byte();
        data[0] = (uint8_t)i;
        all = all * 31 + run(data);
    }
    printf("%016" PRIx64 "\n", all);
    return 0;
}
