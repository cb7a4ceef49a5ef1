/* The worker, and the user with the cancel handler, of the protocols that overwrite the status.
 *
 * A protocol says by macros what it adds: DISPATCH (see common_roles.pml), PREPARE and
 * CALLS_OF_THE_WORKER (of the worker, before and at T2), BEFORE_THE_CHECK, BEFORE_THE_KILL and BEFORE_THE_ANSWER (of
 * the cancel handler). What it does not define is nothing, or as in the baseline.
 */

#include "common_roles.pml"

#ifndef PREPARE
#define PREPARE
#endif
#ifndef CALLS_OF_THE_WORKER
#define CALLS_OF_THE_WORKER CALL(0, skip, call_failed);
#endif
#ifndef BEFORE_THE_CHECK
#define BEFORE_THE_CHECK
#endif
#ifndef BEFORE_THE_KILL
#define BEFORE_THE_KILL
#endif
#ifndef BEFORE_THE_ANSWER
#define BEFORE_THE_ANSWER
#endif

active [N] proctype worker() {
    byte mine;   /* a token or a reservation */
begin:
    if :: d_step { message[me] == WAITING -> message[me] = TAKEN } fi;                                         /* T0 */
    if :: d_step { true -> set_status(me, PROVISIONING) } WORKER_DIES fi;                                      /* T1 */
    PREPARE
    CALLS_OF_THE_WORKER
    goto acknowledge;
call_failed:
    if :: d_step { true -> set_status(me, FAILED) } WORKER_DIES fi;
acknowledge:
    if :: d_step { true -> message[me] = ACKNOWLEDGED; mine = 0 } WORKER_DIES fi;
    WORKER_LETS_GO
    false
}

active [N] proctype cancel() {
    d_step { !calm -> user[me] = ASKED };                                                        /* T3: may, need not */
begin:
    user[me] == ASKED;
    BEFORE_THE_CHECK
    if                                                                                                         /* T4 */
    :: ended(me) -> goto too_late
    :: !ended(me)
    CANCEL_DIES
    fi;
    BEFORE_THE_KILL
    if WRITE(delete_job(me)) CANCEL_DIES fi;                                                                   /* T5 */
    if :: d_step { true -> set_status(me, CANCELLED) } CANCEL_DIES fi;                                         /* T6 */
    BEFORE_THE_ANSWER
    if :: d_step { true -> user[me] = TOLD_CANCELLED } CANCEL_DIES fi;
    goto gone;
too_late:
    BEFORE_THE_ANSWER
    if :: d_step { true -> user[me] = TOLD_TOO_LATE } CANCEL_DIES fi;
gone:
    false
}
