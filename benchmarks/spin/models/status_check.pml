/* Option 1: the dispatcher looks at the status before it creates the Job. */

#include "components.pml"
#define DISPATCH refuse_if_ended(); create();

inline refuse_if_ended() {
    if
    :: d_step { ended(me) -> answer = IS_NO } -> goto respond
    :: !ended(me)
    DISPATCHER_DIES
    fi
}

#include "roles_overwriting.pml"
#include "surroundings.pml"
