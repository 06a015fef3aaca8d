/* How many threads there may be: what the environment says, else the CPUs that the system leaves to
 * this process. */
#include "maskseq.h"
#include "parallel.h"
#include "system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 4096 };

/* A count of threads from an environment variable, 0 if it is unset or no positive number. Where
 * `separator` is not 0, the number may be the first of a list. */
static int threads_from_environment(const char *name, char separator) {
    const char *const text = getenv(name);
    char *end = NULL;
    const long n = text ? strtol(text, &end, 10) : 0;
    if (n < 1)
        return 0;
    end += strspn(end, " \t");
    return *end && *end != separator ? 0 : n > MSQ_MAX_THREADS ? MSQ_MAX_THREADS : (int)n;
}

/* The quota in <root><group>/cpu.max ("200000 100000": 2 CPUs; "max 100000": no limit), rounded up.
 */
static int threads_from_quota(const char *root, const char *group) {
    char path[PATH_SIZE];
    double quota, period;
    int n = MSQ_MAX_THREADS;
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
    char line[PATH_SIZE], *group = NULL;
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
    int n = threads_from_environment("MASKSEQ_NUM_THREADS", '\0');
    if (n == 0)
        n = threads_from_environment("OMP_NUM_THREADS", ','); /* one a nesting level */
    if (n == 0) {
        const int quota = threads_from_cgroup(cgroup_root ? cgroup_root : "/sys/fs/cgroup");
        n = msq_usable_cpus();
        n = quota < n ? quota : n;
    }
    return n > 1 ? n : 1;
}
