/* Which table of kernels is active. Starts from the generic one, so that no call can come too
 * early. */
#include "kernels.h"

#include <stddef.h>
#include <string.h>

static const msq_kernel_table *const tables[] = {
    /* weakest first */
    &msq_kernels_generic,
#if defined(__x86_64__)
    &msq_kernels_avx2,
    &msq_kernels_avx512,
#elif defined(__aarch64__)
    &msq_kernels_neon,
#endif
};
enum { NUM_TABLES = sizeof tables / sizeof *tables };

static const msq_kernel_table *active = &msq_kernels_generic;

const msq_kernel_table *msq_kernels(void) {
    return active;
}

const char *msq_isa(void) {
    return active->name;
}

const char *msq_isa_name(int i) {
    return i >= 0 && i < NUM_TABLES ? tables[i]->name : NULL;
}

int msq_isa_supported(int i) {
#if defined(__x86_64__)
    /* The compiler's run-time check also asks the operating system whether it saves the wide
     * registers. */
    __builtin_cpu_init();
    if (i == 1)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (i == 2)
        return msq_isa_supported(1) && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl");
#elif defined(__aarch64__)
    if (i == 1)
        return 1;
#endif
    return i == 0;
}

int msq_set_isa(const char *name) {
    for (int i = NUM_TABLES - 1; i >= 0; i--) {
        if (name && strcmp(name, tables[i]->name) != 0)
            continue;
        if (msq_isa_supported(i)) {
            active = tables[i];
            return MSQ_OK;
        }
        if (name)
            return MSQ_UNSUPPORTED;
    }
    return MSQ_UNKNOWN_NAME;
}
