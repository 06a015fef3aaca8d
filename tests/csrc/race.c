/* Data races, planted to see that ThreadSanitizer finds them, and the same code without them. */
#include <stdatomic.h>

void race_of_threads(int n);
void no_race_of_threads(int n);
void race_of_a_region(int n);
void no_race_of_a_region(int n);

static volatile long total;
static atomic_long atomic_total;

void race_of_threads(int n) {
    for (int i = 0; i < n; i++)
        total += i;
}

void no_race_of_threads(int n) {
    for (int i = 0; i < n; i++)
        atomic_total += i;
}

void race_of_a_region(int n) {
#pragma omp parallel for num_threads(2)
    for (int i = 0; i < n; i++)
        total += i;
}

void no_race_of_a_region(int n) {
    long sum = 0;
#pragma omp parallel for num_threads(2) reduction(+ : sum)
    for (int i = 0; i < n; i++)
        sum += i;
    atomic_total += sum;
}
