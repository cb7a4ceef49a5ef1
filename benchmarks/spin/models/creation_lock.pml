/* Option 2: the dispatcher holds a lock over its status check and the creation, the cancel handler from its check to
 * its last write. Both wait for it without a limit; whose lease has run out works on without noticing, and unlocks only
 * what is its own. */

#define LEASE HELD_BY_ITS_CONTENT
#include "components.pml"
#define DISPATCH lock_check_create_unlock();
#define BEFORE_THE_CHECK lock();
#define BEFORE_THE_ANSWER unlock();

inline lock_check_create_unlock() {
    if :: d_step { lease[me] == 0 -> set_lease(me, THIS_HANDLER) } DISPATCHER_DIES fi;
    if
    :: d_step { ended(me) -> answer = IS_NO } -> goto release
    :: !ended(me)
    DISPATCHER_DIES
    fi;
    create();
release:
    if :: d_step { true -> if :: lease[me] == THIS_HANDLER -> drop_lease(me) :: else fi } DISPATCHER_DIES fi
}

inline lock() {
    if :: d_step { lease[me] == 0 -> set_lease(me, CANCEL_HANDLER) } CANCEL_DIES fi
}

inline unlock() {
    if :: d_step { true -> if :: lease[me] == CANCEL_HANDLER -> drop_lease(me) :: else fi } CANCEL_DIES fi;
}

#include "roles_overwriting.pml"
#include "surroundings.pml"
