/* A policy admits a Job only with the evaluation's present generation, as its cache knows it; the cancellation raises
 * the generation before it kills. The worker reads it before its status change and sends it along. */

#define COMPARES_AND_SETS
#define GENERATIONS
#include "components.pml"
#define PREPARE read_generation();
#define REQUEST mine
#define DISPATCH create_fenced();
#define BEFORE_CANCELLED raise_and_kill();
#define BEFORE_FAILED worker_raises();

inline read_generation() {
    if :: d_step { true -> mine = generation[me] } WORKER_DIES fi;
}

inline create_if_admitted(e, answer) {
    if
    :: request == enforced[e] -> create_job(e, answer)
    :: else -> answer = IS_FORBIDDEN
    fi
}

inline create_fenced() {
    if WRITE_AND_HEAR(create_if_admitted(me, answer), answer) DISPATCHER_DIES fi
}

inline raise_and_kill() {
    if WRITE(generation[me]++) CANCEL_DIES fi;
    if WRITE(delete_job(me)) CANCEL_DIES fi;
}

inline worker_raises() {
    if WRITE(generation[me]++) WORKER_DIES fi;
}

#include "roles_comparing.pml"
#include "surroundings.pml"
