/* The cancellation takes the Job's name with a tombstone, so that a later creation fails; a Job that has the name is
 * read, and deleted with its uid as a precondition, so that a tombstone is spared which has the name by then; and it
 * tries until that is gone. A worker whose call failed buries the name too. */

#define COMPARES_AND_SETS
#define TOMBSTONES
#include "components.pml"
#define BEFORE_CANCELLED cancel_buries();
#define BEFORE_FAILED worker_buries();

/* Until a tombstone has the name: its own, somebody else's, or its own of which the answer was lost. */
#define BURY(dies) \
    do \
    :: if \
       :: d_step { !name_is_taken(me) -> tombstone[me] = 1 } -> break \
       :: name_is_taken(me) \
       REFUSED_OPTION(true, skip) \
       ANSWER_LOST_OPTION(true, if :: !name_is_taken(me) -> tombstone[me] = 1 :: else fi, skip) \
       dies \
       fi; \
       if \
       :: tombstone[me] -> break \
       :: !tombstone[me] && job[me] == ABSENT \
       :: d_step { !tombstone[me] && job[me] != ABSENT -> found = created[me] }; \
          if WRITE_THEN(DELETE_FOUND, found = 0) dies fi \
       dies \
       fi \
    od;

#define DELETE_FOUND if :: found == created[me] -> delete_job(me) :: else fi

inline cancel_buries() { BURY(CANCEL_DIES) }

inline worker_buries() { BURY(WORKER_DIES) }

#include "roles_comparing.pml"
#include "surroundings.pml"
