/* The Job is owned by an object of its evaluation; the cancellation deletes the owner, the garbage collector the Job.
 * Nothing checks at creation that the owner exists; the dispatcher looks it up before. */

#define COMPARES_AND_SETS
#define OWNED
#include "components.pml"
#define DISPATCH refuse_without_owner(); create();
#define BEFORE_CANCELLED cancel_deletes_owner();
#define BEFORE_FAILED worker_deletes_owner();

inline refuse_without_owner() {
    if
    :: d_step { owner_deleted[me] -> answer = IS_NO } -> goto respond
    :: !owner_deleted[me]
    DISPATCHER_DIES
    fi
}

inline cancel_deletes_owner() {
    if WRITE(owner_deleted[me] = 1) CANCEL_DIES fi;
}

inline worker_deletes_owner() {
    if WRITE(owner_deleted[me] = 1) WORKER_DIES fi;
}

#include "roles_comparing.pml"
#include "surroundings.pml"
