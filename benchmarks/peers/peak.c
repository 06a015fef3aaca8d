/* Fused multiply-adds as fast as the machine does them: chains of independent accumulators in
 * registers, no memory. Built by peak.py with the flags of the machine it runs on. */
#include <stdint.h>
#if defined(__AVX512F__)
enum { WIDTH = 16 };
#else
enum { WIDTH = 8 };
#endif
enum { CHAINS = 20 }; /* more than latency x units (4 x 2 on current cores), fewer than registers */
typedef float vec __attribute__((vector_size(4 * WIDTH)));

/* Runs `rounds` x CHAINS vector multiply-adds; returns their number of floating point operations. */
double msq_peak(int64_t rounds, float seed) {
    vec a[CHAINS], x, y;
    for (int i = 0; i < WIDTH; i++) {
        x[i] = 1.0f - seed;
        y[i] = seed;
    }
    for (int c = 0; c < CHAINS; c++)
        a[c] = x + (float)c;
    for (int64_t r = 0; r < rounds; r++)
        for (int c = 0; c < CHAINS; c++)
            a[c] = a[c] * x + y;
    float sum = 0;
    for (int c = 0; c < CHAINS; c++)
        sum += a[c][0];
    return 2.0 * WIDTH * CHAINS * rounds + (sum == 12345.0f);
}
