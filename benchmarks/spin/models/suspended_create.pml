/* The Job is created suspended; the dispatcher then looks at the status, and resumes or deletes it. The cancellation
 * writes the status first and kills afterwards, and so does a worker whose call failed. */

#define COMPARES_AND_SETS
#define SUSPENDS
#include "components.pml"
#define DISPATCH create_look_resume();
#define AFTER_CANCELLED kill();
#define AFTER_FAILED worker_kills();

inline resume(e, answer) {
    if
    :: job[e] == ABSENT -> answer = IS_NOT_FOUND
    :: else -> suspended[e] = 0; answer = IS_DONE
    fi
}

inline create_look_resume() {
    if
    :: d_step { true -> create_job(me, answer) }
#if K8S_REFUSAL
    REFUSED_OPTION(true, answer = IS_ERROR) -> goto respond
#endif
#if K8S_LOST_ANSWER
    ANSWER_LOST_OPTION(true, create_job(me, answer), answer = IS_ERROR) -> goto respond
#endif
    DISPATCHER_DIES
    fi;
    if
    :: ended(me) -> if WRITE_THEN(delete_job(me), answer = IS_NO) DISPATCHER_DIES fi; goto respond
    :: !ended(me)
    DISPATCHER_DIES
    fi;
    if WRITE_AND_HEAR(resume(me, answer), answer) DISPATCHER_DIES fi;
}

inline kill() {
    if WRITE(delete_job(me)) CANCEL_DIES fi;
}

inline worker_kills() {
    if WRITE(delete_job(me)) WORKER_DIES fi;
}

#include "roles_comparing.pml"
#include "surroundings.pml"
