/* The baseline, with a watch that looks once at the evaluation of each new Job, and deletes the Job of one that is
 * cancelled. */

#define WATCHED
#include "components.pml"
#include "roles_overwriting.pml"
#include "surroundings.pml"

#define CLEANER_FORGETS current = N; doomed = 0;
#define at_work (current < N)
#define EVENT_OPTION(e) :: d_step { !at_work && events[e] > 0 -> events[e]--; current = e }

active proctype storage_worker() {
    byte current = N;   /* the evaluation whose Job it looks at */
    bit doomed;
begin:
    do
    EVENT_OPTION(0)
#if N > 1
    EVENT_OPTION(1)
#endif
#if N > 2
    EVENT_OPTION(2)
#endif
#if N > 3
#error "The storage worker is written for up to 3 evaluations."
#endif
    :: d_step { at_work && !doomed && status[current] == CANCELLED -> doomed = 1 }
    :: d_step { at_work && !doomed && status[current] != CANCELLED -> current = N }
    :: d_step { doomed -> delete_job(current); CLEANER_FORGETS }
    REFUSED_OPTION(doomed, CLEANER_FORGETS)
    ANSWER_LOST_OPTION(doomed, delete_job(current), CLEANER_FORGETS)
    CLEANER_DIES
    od;
gone:
    false
}
