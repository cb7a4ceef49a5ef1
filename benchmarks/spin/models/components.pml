/* The components: Celery's queue, the status, the user, HTTP, Redis and Kubernetes, one of each for every evaluation;
 * with the properties as assertions on the steps that could violate them, and the budgets of the faults.
 *
 * Every step of a process is one d_step (or one condition), so one Promela transition is one step of the real system.
 * Everything is an array over the N evaluations; `me` is the evaluation of the process at work.
 */

#ifndef N
#define N 1        /* evaluations */
#endif
#ifndef CALLS
#define CALLS 1    /* HTTP calls of one run of the worker */
#endif

#include "properties.pml"
#include "faults.pml"

/* Every kind of process has N instances, or a multiple of N, and those of which there is only one come last. */
#define me (_pid % N)

/* How long the lease is relied on: while the worker is at work, or while the process is that the content names. */
#define HELD_BY_WORKER 1
#define HELD_BY_ITS_CONTENT 2

/* -------------------- Celery's queue ---------------------------------------------------------------------------- */

mtype = { WAITING, TAKEN, ACKNOWLEDGED }
mtype message[N] = WAITING

/* -------------------- the user ---------------------------------------------------------------------------------- */

mtype = { SILENT, ASKED, TOLD_CANCELLED, TOLD_TOO_LATE }
mtype user[N] = SILENT

/* -------------------- the Jobs ---------------------------------------------------------------------------------- */

/* One Job for each evaluation, since all have the evaluation's name. */
mtype = { ABSENT, PENDING, STARTING, RUNNING, FINISHED, DELETING }
mtype job[N] = ABSENT
byte created[N]           /* how many Jobs; the newest has this number as its uid */

#define live(e) (job[e] != ABSENT && job[e] != DELETING)

/* -------------------- the status -------------------------------------------------------------------------------- */

mtype = { QUEUED, PROVISIONING, CANCELLED, FAILED, COMPLETED }
mtype status[N] = QUEUED

#define ended(e) (status[e] == CANCELLED || status[e] == FAILED || status[e] == COMPLETED)

#ifdef EVENT_STREAM
/* The status is what the newest event says; the subscriber gets the events later, in order. */
chan stream[N] = [STREAM_LENGTH] of { mtype }
bit subscriber_knows[N]   /* that it was cancelled */
#define ANNOUNCE(e, entered) assert(nfull(stream[e])); stream[e] ! entered;
#else
#define ANNOUNCE(e, entered)
#endif

inline set_status(e, entered) {
    CHECK_FINAL(e, entered)
    status[e] = entered;
    ANNOUNCE(e, entered)
    CHECK_ORPHAN(e)
}

/* -------------------- HTTP -------------------------------------------------------------------------------------- */

/* Delivery number k of evaluation e is at index k * N + e, which is also the _pid of the dispatcher's handler. */
#define DELIVERIES (CALLS * (1 + WORKER_CRASH + WORKER_LOSS) + HTTP_RETRY + HTTP_LOSS + DISPATCHER_CRASH)

mtype = { UNSENT, SENT, HANDLED, REPLIED, LOST, REFUSED, CLOSED }
mtype phase[N * DELIVERIES] = UNSENT
bit deaf[N * DELIVERIES]        /* the caller does not wait any more */
byte content[N * DELIVERIES]    /* of the request, or of the response */
byte sent[N]                    /* how many */

/* What a response says; it may be a token instead, which is a smaller number. */
#define IS_CREATED 101
#define IS_TAKEN 102      /* the Job's name is */
#define IS_DONE 103
#define IS_NOT_FOUND 104
#define IS_FORBIDDEN 105
#define IS_NO 106         /* the dispatcher does not want to */
#define IS_ERROR 107      /* 409 Conflict, 429, 500, or no answer: nobody tells them apart */

#define newest(e) ((sent[e] - 1) * N + e)
#define nobody_listens(d) (deaf[d] && (phase[d] == SENT || phase[d] == HANDLED))

inline send(e, how, what) {
    phase[sent[e] * N + e] = how;
    content[sent[e] * N + e] = what;
    sent[e]++
}

/* The caller of delivery d is gone, or stops waiting. */
inline stop_listening(d) {
    deaf[d] = 1;
    if
    :: phase[d] != SENT && phase[d] != HANDLED -> phase[d] = CLOSED; content[d] = 0
    :: else
    fi
}

inline reply(d, what) {
    if
    :: deaf[d] -> phase[d] = CLOSED
    :: else -> phase[d] = REPLIED; content[d] = what
    fi
}

/* The handler of delivery d is gone. */
inline connection_breaks(d, how) {
    if
    :: deaf[d] -> phase[d] = CLOSED
    :: else -> phase[d] = how
    fi
}

/* -------------------- Redis ------------------------------------------------------------------------------------- */

/* One key with a time to live for each evaluation (a lock, a token or a reservation); 0 is no key. While whoever
 * counts on it is at work, it expires by a fault only. */
#ifdef LEASE
byte lease[N]
bit relied_on[N]
#define drop_lease(e) lease[e] = 0; relied_on[e] = 0
#endif

#if defined(LEASE) && LEASE == HELD_BY_WORKER
bit worker_left[N]        /* it has done its work, and counts on nothing that is set for it later either */
inline set_lease(e, what) { lease[e] = what; relied_on[e] = 1 - worker_left[e] }
#define WORKER_FORSAKES relied_on[me] = 0;
#define WORKER_LETS_GO \
    if \
    :: d_step { lease[me] != 0 && relied_on[me] -> relied_on[me] = 0; worker_left[me] = 1 } \
    WORKER_DIES \
    fi;
#else
#ifdef LEASE
/* Whose content it is has dropped it before it has done its work. */
inline set_lease(e, what) { lease[e] = what; relied_on[e] = 1 }
#endif
#define WORKER_FORSAKES
#define WORKER_LETS_GO
#endif

#if defined(LEASE) && LEASE == HELD_BY_ITS_CONTENT
#define FORSAKES(holder) if :: lease[me] == holder -> relied_on[me] = 0 :: else fi;
#else
#define FORSAKES(holder)
#endif

/* -------------------- requests to Kubernetes -------------------------------------------------------------------- */

#ifdef WATCHED
byte events[N]            /* creations that the watch has yet to tell of */
#define NOTIFY(e) events[e]++;
#else
#define NOTIFY(e)
#endif

#ifdef SUSPENDS
bit suspended[N]
#define CREATE_SUSPENDED(e) suspended[e] = 1;
#define may_run(e) (!suspended[e])
#define CLEAR_SUSPENDED(e) suspended[e] = 0;
#else
#define CREATE_SUSPENDED(e)
#define may_run(e) true
#define CLEAR_SUSPENDED(e)
#endif

#ifdef OWNED
bit owner_deleted[N]
#endif

#ifdef TOMBSTONES
bit tombstone[N]
#define FOUND byte found;   /* the uid of the Job that was found under the name; 0 is none */
#define name_is_taken(e) (job[e] != ABSENT || tombstone[e])
#else
#define FOUND
#define name_is_taken(e) (job[e] != ABSENT)
#endif

#ifdef GENERATIONS
byte generation[N] = 1
byte enforced[N] = 1      /* what the policy's cache says */
#endif

inline create_job(e, answer) {
    if
    :: name_is_taken(e) -> answer = IS_TAKEN
    :: else ->
        CHECK_CREATION(e)
        job[e] = PENDING;
        created[e]++;
        CREATE_SUSPENDED(e)
        NOTIFY(e)
        answer = IS_CREATED;
        CHECK_ORPHAN(e)
        CHECK_ONE_JOB(e)
    fi
}

/* Nobody who deletes looks at the answer. A delete by name would take a tombstone too, which is a Job of that name; here
 * whoever meets tombstones deletes by uid. */
inline delete_job(e) {
    if
    :: live(e) -> CHECK_WANTED(e) job[e] = DELETING
    :: else
    fi
}
