/* What goes on around every protocol: the cluster's controllers, Redis's clock, completion, and calm. */

/* The Job controller, the kubelet, the garbage collector and the admission policy's cache. */
active [N] proctype controllers() {
    do
    :: d_step { job[me] == PENDING && may_run(me) -> CHECK_CREATION(me) job[me] = STARTING }
    :: d_step { job[me] == STARTING && may_run(me) -> job[me] = RUNNING }
    :: d_step { job[me] == RUNNING && may_run(me) -> job[me] = FINISHED }
    :: d_step { job[me] == DELETING -> job[me] = ABSENT; CLEAR_SUSPENDED(me) }
#ifdef OWNED
    :: d_step { live(me) && owner_deleted[me] -> CHECK_WANTED(me) job[me] = DELETING }
#endif
#ifdef GENERATIONS
    :: d_step { enforced[me] != generation[me] -> enforced[me] = generation[me] }
#endif
    od
}

#ifdef LEASE
/* The time to live runs out: by itself where nobody counts on the key any more, else by a fault. */
active [N] proctype expiry() {
    do
    :: d_step { lease[me] != 0 && !relied_on[me] -> drop_lease(me) }
    EXPIRES_IN_USE_OPTION
    od
}
#endif

#if COMPLETION
/* The Job finishes, and its completion is recorded. */
active [N] proctype completer() {
    d_step { job[me] == FINISHED && may(completion) -> completion-- };
#ifdef COMPARES_AND_SETS
    d_step { true -> if :: status[me] == PROVISIONING -> set_status(me, COMPLETED) :: else fi };
#else
    if
    :: ended(me)
    :: !ended(me) -> d_step { true -> set_status(me, COMPLETED) }
    fi;
#endif
    false
}
#endif

#if CHECKS & (NO_PERMANENT_ORPHAN | UNCANCELLED_GETS_JOB)
/* From any moment on there may be calm: no more faults, no more requests. What is left then are the steps that are
 * owed; where none of them can be made (`timeout`), the system has settled. */
active proctype all_is_calm() {
    byte each;
    d_step { calm = 1 };
    timeout;
    d_step {
        do
        :: each < N -> SETTLED_ORPHAN(each) SETTLED_WITHOUT_JOB(each) each++
        :: else -> break
        od;
        each = 0
    };
    false
}
#endif
