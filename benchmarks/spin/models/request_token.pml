/* Option 3: the worker makes a token and stores it, the cancellation deletes it, and the dispatcher compares the
 * request's token with the stored one before it creates. */

#define LEASE HELD_BY_WORKER
#include "components.pml"
#define PREPARE make_token();
#define CALLS_OF_THE_WORKER CALL(mine, skip, call_failed);
#define DISPATCH refuse_if_invalid(); create();
#define BEFORE_THE_KILL invalidate();

byte tokens[N]   /* made so far */

inline make_token() {
    if :: d_step { true -> tokens[me]++; mine = tokens[me] } WORKER_DIES fi;
    if :: d_step { true -> set_lease(me, mine) } WORKER_DIES fi
}

inline refuse_if_invalid() {
    if
    :: d_step { lease[me] != request -> answer = IS_NO } -> goto respond
    :: lease[me] == request
    DISPATCHER_DIES
    fi
}

inline invalidate() {
    if :: d_step { true -> drop_lease(me) } CANCEL_DIES fi;
}

#include "roles_overwriting.pml"
#include "surroundings.pml"
