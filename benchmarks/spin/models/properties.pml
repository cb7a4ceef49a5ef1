/* The properties. CHECKS says which are asserted: a sum of the numbers below, all of them unless -D says otherwise.
 *
 * An assertion reads `name || condition`, where `name` is a variable that is always 0: so that the verifier's message
 * tells which property was violated.
 */

#define NO_PERMANENT_ORPHAN 1
#define NO_TRANSIENT_ORPHAN 2
#define TERMINAL_IS_FINAL 4
#define AT_MOST_ONE_JOB 8
#define WANTED_JOB_SURVIVES 16
#define UNCANCELLED_GETS_JOB 32
#define CANCELLED_MEANS_STOPPED 64

#ifndef CHECKS
#define CHECKS 127
#endif

/* A Job that is not being deleted, for an ended evaluation; the finished Job of a completed one is its record. */
#define orphan(e) (live(e) && ended(e) && !(status[e] == COMPLETED && job[e] == FINISHED))
#define without_job(e) (user[e] == SILENT && created[e] == 0)

#if CHECKS & NO_PERMANENT_ORPHAN
bit no_permanent_orphan
#define SETTLED_ORPHAN(e) assert(no_permanent_orphan || !orphan(e));
#else
#define SETTLED_ORPHAN(e)
#endif

#if CHECKS & UNCANCELLED_GETS_JOB
bit uncancelled_gets_job
#define SETTLED_WITHOUT_JOB(e) assert(uncancelled_gets_job || !without_job(e));
#else
#define SETTLED_WITHOUT_JOB(e)
#endif

#if CHECKS & NO_TRANSIENT_ORPHAN
bit no_transient_orphan
#define CHECK_ORPHAN(e) assert(no_transient_orphan || !orphan(e));
#else
#define CHECK_ORPHAN(e)
#endif

#if CHECKS & TERMINAL_IS_FINAL
bit terminal_is_final
#define CHECK_FINAL(e, entered) assert(terminal_is_final || !ended(e) || status[e] == entered);
#else
#define CHECK_FINAL(e, entered)
#endif

#if CHECKS & AT_MOST_ONE_JOB
bit at_most_one_job
#define CHECK_ONE_JOB(e) assert(at_most_one_job || created[e] <= 1);
#else
#define CHECK_ONE_JOB(e)
#endif

#if CHECKS & WANTED_JOB_SURVIVES
bit wanted_job_survives
#define CHECK_WANTED(e) assert(wanted_job_survives || ended(e) || user[e] != SILENT);
#else
#define CHECK_WANTED(e)
#endif

#if CHECKS & CANCELLED_MEANS_STOPPED
bit cancelled_means_stopped
#define CHECK_CREATION(e) assert(cancelled_means_stopped || user[e] != TOLD_CANCELLED);
#else
#define CHECK_CREATION(e)
#endif
