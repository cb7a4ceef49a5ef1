/* Option 4: compare-and-set, a claim by SET NX that is never given back, and a flag that the dispatcher looks at before
 * and after the creation, and that the cancellation raises before anything else. */

#define COMPARES_AND_SETS
#include "components.pml"
#define DISPATCH claim_and_create();
#define BEFORE_THE_CHECK raise_flag();
#define BEFORE_CANCELLED kill();

byte claimed[N]   /* by which handler; 0 is by none */
bit flag[N]

inline claim_and_create() {
    if
    :: d_step { claimed[me] -> answer = IS_NO } -> goto respond
    :: d_step { !claimed[me] -> claimed[me] = THIS_HANDLER }
    DISPATCHER_DIES
    fi;
    if
    :: d_step { flag[me] -> answer = IS_NO } -> goto respond
    :: !flag[me]
    DISPATCHER_DIES
    fi;
    create();
    if
    :: flag[me] -> if WRITE_THEN(delete_job(me), answer = IS_NO) DISPATCHER_DIES fi
    :: !flag[me]
    DISPATCHER_DIES
    fi;
}

inline raise_flag() {
    if :: d_step { true -> flag[me] = 1 } CANCEL_DIES fi;
}

inline kill() {
    if WRITE(delete_job(me)) CANCEL_DIES fi;
}

#include "roles_comparing.pml"
#include "surroundings.pml"
