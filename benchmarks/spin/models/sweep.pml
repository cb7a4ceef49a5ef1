/* The periodic cleanup: lists all Jobs at one moment, and deletes those of which the evaluation has ended, one by one.
 *
 * `current` is the evaluation whose Job it looks at, and N between two sweeps. While anything can still change, a sweep
 * may begin at any time. Once all is calm a sweep begins only if there is a Job that it would delete: any other sweep
 * changes nothing, and would only hide that the system has settled.
 */

#ifndef SAME_JOB
#define SAME_JOB(e) true
#endif

#define CLEANER_FORGETS \
    current = 0; \
    do \
    :: current < N -> seen[current] = 0; current++ \
    :: else -> break \
    od; \
    doomed = 0;
#define at_work (current < N)

inline go_on() {
    seen[current] = 0;
    doomed = 0;
    do
    :: current < N && seen[current] == 0 -> current++
    :: else -> break
    od;
    skip
}

/* `any(condition)` over all evaluations. */
#if N == 1
#define any(condition) condition(0)
#elif N == 2
#define any(condition) (condition(0) || condition(1))
#elif N == 3
#define any(condition) (condition(0) || condition(1) || condition(2))
#else
#error "The sweep is written for up to 3 evaluations."
#endif
#define has_doomed_job(e) (job[e] != ABSENT && ended(e))

inline take_list() {
    current = 0;
    do
    :: current < N -> if :: job[current] != ABSENT -> seen[current] = created[current] :: else fi; current++
    :: else -> break
    od;
    current = 0;
    do
    :: current < N && seen[current] == 0 -> current++
    :: else -> break
    od;
    skip
}

active proctype orphan_cleanup() {
    byte current = N;
    byte seen[N];   /* the uids of the Jobs in its list that it has yet to look at; 0 is none */
    bit doomed;
begin:
    do
    :: d_step { current == N && (!calm || any(has_doomed_job)) -> take_list() }
    :: d_step { at_work && !doomed && ended(current) -> doomed = 1 }
    :: d_step { at_work && !doomed && !ended(current) -> go_on() }
    :: d_step { doomed -> if :: SAME_JOB(current) -> delete_job(current) :: else fi; go_on() }
    REFUSED_OPTION(doomed, go_on())
    ANSWER_LOST_OPTION(doomed, if :: SAME_JOB(current) -> delete_job(current) :: else fi, go_on())
    CLEANER_DIES
    od;
gone:
    false
}
