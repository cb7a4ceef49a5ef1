/* Option 6: status changes are events. Worker and cancel handler read the whole log; the dispatcher aborts only if its
 * subscription has brought it the cancellation. */

#define EVENT_STREAM
#define STREAM_LENGTH 8
#include "components.pml"
#define DISPATCH refuse_if_told(); create();

inline refuse_if_told() {
    if
    :: d_step { subscriber_knows[me] -> answer = IS_NO } -> goto respond
    :: !subscriber_knows[me]
    DISPATCHER_DIES
    fi
}

#include "roles_overwriting.pml"

active [N] proctype subscription() {
    mtype event;
    do
    :: d_step {
           stream[me] ? event ->
           if :: event == CANCELLED -> subscriber_knows[me] = 1 :: else fi;
           event = 0
       }
    od
}

#include "surroundings.pml"
