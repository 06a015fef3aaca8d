/* Which table of kernels is active. Starts from the generic one, so that no call can come too
 * early. */
#include "kernels.h"

#include <stddef.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

/* csrc/isa/<isa>.c each. */
extern const msq_kernel_table msq_kernels_generic, msq_kernels_avx2, msq_kernels_avx512,
    msq_kernels_neon;

static int always(void) {
    return 1;
}

#if defined(__x86_64__)
enum { YMM = 0x6, ZMM = 0xe0 }; /* in XCR0: what AVX, and what AVX-512 adds */

/* Whether the operating system saves these registers, bits of XCR0, when it switches threads. Only
 * where the CPU has AVX. */
static int are_saved(unsigned registers) {
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & registers) == registers;
}

/* Read here, because __builtin_cpu_supports does not link with clang-cl. */
static int has_avx2(void) {
    const unsigned basic = bit_OSXSAVE | bit_AVX | bit_FMA;
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & basic) == basic &&
           __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX2) && are_saved(YMM);
}

static int has_avx512(void) {
    const unsigned all = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
    unsigned a, b, c, d;
    return has_avx2() && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & all) == all &&
           are_saved(ZMM);
}
#endif

/* Weakest first: the table, and whether this CPU and operating system can run it. */
static const struct {
    const msq_kernel_table *table;
    int (*supported)(void);
} isas[] = {
    {&msq_kernels_generic, always},
#if defined(__x86_64__)
    {&msq_kernels_avx2, has_avx2},
    {&msq_kernels_avx512, has_avx512},
#elif defined(__aarch64__)
    {&msq_kernels_neon, always},
#endif
};
enum { NUM_ISAS = sizeof isas / sizeof *isas };

static const msq_kernel_table *active = &msq_kernels_generic;

const msq_kernel_table *msq_kernels(void) {
    return active;
}

const char *msq_isa(void) {
    return active->name;
}

const char *msq_isa_name(int i) {
    return i >= 0 && i < NUM_ISAS ? isas[i].table->name : NULL;
}

int msq_isa_supported(int i) {
    return i >= 0 && i < NUM_ISAS && isas[i].supported();
}

int msq_set_isa(const char *name) {
    for (int i = NUM_ISAS - 1; i >= 0; i--) {
        if (name && strcmp(name, isas[i].table->name) != 0)
            continue;
        if (isas[i].supported()) {
            active = isas[i].table;
            return MSQ_OK;
        }
        if (name)
            return MSQ_UNSUPPORTED;
    }
    return MSQ_UNKNOWN_NAME;
}
