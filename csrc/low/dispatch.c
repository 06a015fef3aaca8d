/* Which kernels multiply weights of fewer bits, on the active instruction set of this CPU. */
#include "low.h"

#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

/* csrc/isa/low/<precision>_<isa>.c each. */
extern const msq_low_table msq_kernels_int8_generic, msq_kernels_int8_avx2, msq_kernels_int8_avx512,
    msq_kernels_int8_avx512_vnni, msq_kernels_bfloat16_avx512, msq_kernels_int8_neon;

static int always(void) {
    return 1;
}

#if defined(__x86_64__)
static int has_vnni(void) {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c & (1u << 11)) != 0;
}

static int has_bfloat16(void) {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & (1u << 5)) != 0;
}
#endif

/* The best last: the instruction set, and what else a table needs of a CPU that has it. */
static const struct {
    const char *isa;
    const msq_low_table *table;
    int (*supported)(void);
    int extension;
} tables[] = {
    {"generic", &msq_kernels_int8_generic, always, 0},
#if defined(__x86_64__)
    {"avx2", &msq_kernels_int8_avx2, always, 0},
    {"avx512", &msq_kernels_int8_avx512, always, 0},
    {"avx512", &msq_kernels_int8_avx512_vnni, has_vnni, 1},
    {"avx512", &msq_kernels_bfloat16_avx512, has_bfloat16, 1},
#elif defined(__aarch64__)
    {"neon", &msq_kernels_int8_neon, always, 0},
#endif
};

static int extensions = 1;

int msq_low_use_extensions(int use) {
    const int before = extensions;
    extensions = use;
    return before;
}

const msq_low_table *msq_low(int precision) {
    for (int i = (int)(sizeof tables / sizeof *tables) - 1; i >= 0; i--)
        if (tables[i].table->precision == precision && strcmp(tables[i].isa, msq_isa()) == 0 &&
            (extensions || !tables[i].extension) && tables[i].supported())
            return tables[i].table;
    return NULL;
}
