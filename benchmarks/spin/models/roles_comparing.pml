/* The worker, and the user with the cancel handler, of the protocols in which each status change is a
 * compare-and-set; they define COMPARES_AND_SETS.
 *
 * A worker that finds the evaluation neither queued nor provisioning drops the task. The cancel handler begins anew
 * when the status is no longer what it was at its check. A protocol says by macros what it adds: DISPATCH (see
 * common_roles.pml), PREPARE and REQUEST (of the worker), BEFORE_FAILED and AFTER_FAILED (of a worker whose call
 * failed, around its write), BEFORE_THE_CHECK, BEFORE_CANCELLED and AFTER_CANCELLED (of the cancel handler, around T6).
 */

#include "common_roles.pml"

#ifndef PREPARE
#define PREPARE
#endif
#ifndef REQUEST
#define REQUEST 0
#endif
#ifndef BEFORE_FAILED
#define BEFORE_FAILED
#endif
#ifndef AFTER_FAILED
#define AFTER_FAILED
#endif
#ifndef BEFORE_THE_CHECK
#define BEFORE_THE_CHECK
#endif
#ifndef BEFORE_CANCELLED
#define BEFORE_CANCELLED
#endif
#ifndef AFTER_CANCELLED
#define AFTER_CANCELLED
#endif

#define WRITE_FAILED \
    if :: d_step { true -> if :: status[me] == PROVISIONING -> set_status(me, FAILED) :: else fi } WORKER_DIES fi;

active [N] proctype worker() {
    byte mine;   /* a generation */
    FOUND
begin:
    if :: d_step { message[me] == WAITING -> message[me] = TAKEN } fi;                                         /* T0 */
    PREPARE
    if                                                                                                         /* T1 */
    :: d_step { status[me] == QUEUED -> set_status(me, PROVISIONING) }
    :: status[me] != QUEUED ->
       if
       :: status[me] == PROVISIONING
       :: status[me] != PROVISIONING -> goto acknowledge
       WORKER_DIES
       fi
    WORKER_DIES
    fi;
    CALL(REQUEST, skip, call_failed);
    goto acknowledge;
call_failed:
    BEFORE_FAILED
    WRITE_FAILED
    AFTER_FAILED
acknowledge:
    if :: d_step { true -> message[me] = ACKNOWLEDGED; mine = 0 } WORKER_DIES fi;
    WORKER_LETS_GO
    false
}

active [N] proctype cancel() {
    mtype seen;
    FOUND
    d_step { !calm -> user[me] = ASKED };                                                        /* T3: may, need not */
begin:
    user[me] == ASKED;
    BEFORE_THE_CHECK
check:
    if                                                                                                         /* T4 */
    :: ended(me) -> goto too_late
    :: d_step { !ended(me) -> seen = status[me] }
    CANCEL_DIES
    fi;
    BEFORE_CANCELLED
    if                                                                                                         /* T6 */
    :: d_step { status[me] == seen -> set_status(me, CANCELLED) }
    :: status[me] != seen -> goto check
    CANCEL_DIES
    fi;
    AFTER_CANCELLED
    if :: d_step { true -> user[me] = TOLD_CANCELLED; seen = 0 } CANCEL_DIES fi;
    goto gone;
too_late:
    if :: d_step { true -> user[me] = TOLD_TOO_LATE; seen = 0 } CANCEL_DIES fi;
gone:
    false
}
