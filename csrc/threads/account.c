#include "account.h"

enum {
    NS_A_GRAIN = 15 * 1000,         /* roughly */
    NS_OF_TRIAL = 200 * 1000,       /* may be lost before a rest: sleeping threads wake in 50 us */
    NS_OF_CREDIT = 4 * 1000 * 1000, /* the most that gains make up for later: a time slice */
    MOST_NS_OF_REST = 1000 * 1000 * 1000,
#ifdef MASKSEQ_EAGER_THREADS /* for tests: threads whatever they cost */
    RESTS = 0,
    MOST_LOOKS = 0,
    NS_TO_START = 0
#else
    RESTS = 40, /* for what was lost: so no more than a fortieth of all time is */
    MOST_LOOKS = 4,
    NS_TO_START = 500 * 1000
#endif
};

void msq_open_account(msq_account *account) {
    *account = (msq_account){.balance = NS_OF_TRIAL, .rest = NS_TO_START};
}

int msq_threads_pay(msq_account *account, double grains, int threads, msq_taken_fn *taken) {
    if (account->rest <= 0)
        return 1;
    account->rest -=
        grains < MOST_NS_OF_REST / NS_A_GRAIN ? (int64_t)(grains * NS_A_GRAIN) : MOST_NS_OF_REST;
    if (account->rest > 0)
        return 0;
    if (account->again > 0 && account->looks < MOST_LOOKS && taken(threads)) {
        account->looks++;
        account->rest = account->again;
        return 0;
    }
    account->looks = 0;
    account->balance = NS_OF_TRIAL;
    return 1;
}

void msq_settle(msq_account *account, int64_t elapsed, int64_t worked) {
    const int64_t balance = account->balance + worked - elapsed;
    account->balance = balance < NS_OF_CREDIT ? balance : NS_OF_CREDIT;
    if (balance < 0) {
        const int64_t lost = NS_OF_TRIAL - balance;
        account->rest = RESTS * (lost < MOST_NS_OF_REST / 40 ? lost : MOST_NS_OF_REST / 40);
        account->again = account->rest;
    }
}
