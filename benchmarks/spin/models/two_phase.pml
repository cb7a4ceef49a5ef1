/* Option 5: the dispatcher first reserves; when the worker confirms, it takes the reservation away and creates the Job.
 * The cancel handler deletes the reservation before it tries the kill. */

#define LEASE HELD_BY_WORKER
#define CALLS 2
#include "components.pml"
#define RESERVE 100   /* the content of the first request; that of the second is the reservation */
#define CALLS_OF_THE_WORKER \
    CALL(RESERVE, mine = content[newest(me)], call_failed); \
    CALL(mine, skip, call_failed);
#define DISPATCH reserve_or_create();
#define BEFORE_THE_KILL abort();

byte reservations[N]   /* made so far */

inline reserve_or_create() {
    if
    :: d_step { request == RESERVE -> reservations[me]++; answer = reservations[me] };
       if :: d_step { true -> set_lease(me, answer) } DISPATCHER_DIES fi;
       goto respond
    :: d_step { request != RESERVE && lease[me] == request -> drop_lease(me) }
    :: d_step { request != RESERVE && lease[me] != request -> answer = IS_NO } -> goto respond
    DISPATCHER_DIES
    fi;
    create()
}

inline abort() {
    if :: d_step { true -> drop_lease(me) } CANCEL_DIES fi;
}

#include "roles_overwriting.pml"
#include "surroundings.pml"
