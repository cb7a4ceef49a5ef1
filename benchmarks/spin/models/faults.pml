/* The faults: each is a budget, 0 unless -D says otherwise, and some transitions that draw on it.
 *
 * A macro that ends in _OPTION or _DIES is the further option of an `if` that lists what may happen at one step.
 */

#ifndef WORKER_CRASH
#define WORKER_CRASH 0
#endif
#ifndef WORKER_LOSS
#define WORKER_LOSS 0
#endif
#ifndef CANCEL_CRASH
#define CANCEL_CRASH 0
#endif
#ifndef CANCEL_LOSS
#define CANCEL_LOSS 0
#endif
#ifndef DISPATCHER_CRASH
#define DISPATCHER_CRASH 0
#endif
#ifndef DISPATCHER_LOSS
#define DISPATCHER_LOSS 0
#endif
#ifndef CLEANUP_CRASH
#define CLEANUP_CRASH 0
#endif
#ifndef CLEANUP_LOSS
#define CLEANUP_LOSS 0
#endif
#ifndef HTTP_RETRY
#define HTTP_RETRY 0
#endif
#ifndef HTTP_TIMEOUT
#define HTTP_TIMEOUT 0
#endif
#ifndef HTTP_LOSS
#define HTTP_LOSS 0
#endif
#ifndef K8S_REFUSAL
#define K8S_REFUSAL 0
#endif
#ifndef K8S_LOST_ANSWER
#define K8S_LOST_ANSWER 0
#endif
#ifndef LEASE_EXPIRY
#define LEASE_EXPIRY 0
#endif
#ifndef COMPLETION
#define COMPLETION 0
#endif

/* Once all is calm there are no more faults, and the user asks for nothing more (see `calm` in surroundings.pml). */
#if CHECKS & (NO_PERMANENT_ORPHAN | UNCANCELLED_GETS_JOB)
bit calm
#else
#define calm 0
#endif
#define may(fault) (fault > 0 && !calm)

/* -------------------- the worker dies --------------------------------------------------------------------------- */

/* Its broker and its peers notice: the message waits again, no reply is heard, and nobody counts on its lease. Where a
 * worker is lost, another takes its place: it is the same process here, since there is one message. */
#define WORKER_IS_MISSED \
    if :: message[me] == TAKEN -> message[me] = WAITING :: else fi; \
    missed = 0; \
    do \
    :: missed < sent[me] -> stop_listening(missed * N + me); missed++ \
    :: else -> break \
    od; \
    missed = 0; \
    WORKER_FORSAKES \
    mine = 0;

#if WORKER_CRASH
byte worker_crash = WORKER_CRASH
#define WORKER_CRASHES :: d_step { may(worker_crash) -> worker_crash--; WORKER_IS_MISSED } -> goto begin
#else
#define WORKER_CRASHES
#endif
#if WORKER_LOSS
byte worker_loss = WORKER_LOSS
#define WORKER_IS_LOST :: d_step { may(worker_loss) -> worker_loss--; WORKER_IS_MISSED } -> goto begin
#else
#define WORKER_IS_LOST
#endif
#if WORKER_CRASH || WORKER_LOSS
hidden byte missed
#endif
#define WORKER_DIES WORKER_CRASHES WORKER_IS_LOST

/* -------------------- the cancel handler dies ------------------------------------------------------------------- */

#define CANCEL_HANDLER 200   /* as the content of a lock that it holds */
#ifdef COMPARES_AND_SETS
#define CANCEL_FORGETS seen = 0;
#else
#define CANCEL_FORGETS
#endif

#if CANCEL_CRASH
byte cancel_crash = CANCEL_CRASH
#define CANCEL_CRASHES \
    :: d_step { may(cancel_crash) -> cancel_crash--; FORSAKES(CANCEL_HANDLER) CANCEL_FORGETS } -> goto begin
#else
#define CANCEL_CRASHES
#endif
#if CANCEL_LOSS
byte cancel_loss = CANCEL_LOSS
#define CANCEL_IS_LOST \
    :: d_step { may(cancel_loss) -> cancel_loss--; FORSAKES(CANCEL_HANDLER) CANCEL_FORGETS } -> goto gone
#else
#define CANCEL_IS_LOST
#endif
#define CANCEL_DIES CANCEL_CRASHES CANCEL_IS_LOST

/* -------------------- a handler of the dispatcher dies ---------------------------------------------------------- */

#define THIS_HANDLER (_pid + 1)   /* as the content of a lock that it holds */

#if DISPATCHER_CRASH
byte dispatcher_crash = DISPATCHER_CRASH
#define DISPATCHER_CRASHES :: d_step { may(dispatcher_crash) -> \
    dispatcher_crash--; connection_breaks(_pid, LOST); FORSAKES(THIS_HANDLER) request = 0; answer = 0 } -> goto gone
#else
#define DISPATCHER_CRASHES
#endif
#if DISPATCHER_LOSS
byte dispatcher_loss = DISPATCHER_LOSS
#define DISPATCHER_IS_LOST :: d_step { may(dispatcher_loss) -> \
    dispatcher_loss--; connection_breaks(_pid, REFUSED); FORSAKES(THIS_HANDLER) request = 0; answer = 0 } -> goto gone
#else
#define DISPATCHER_IS_LOST
#endif
#define DISPATCHER_DIES DISPATCHER_CRASHES DISPATCHER_IS_LOST

/* -------------------- a cleaner dies ---------------------------------------------------------------------------- */

#if CLEANUP_CRASH
byte cleanup_crash = CLEANUP_CRASH
#define CLEANER_CRASHES :: d_step { at_work && may(cleanup_crash) -> cleanup_crash--; CLEANER_FORGETS } -> goto begin
#else
#define CLEANER_CRASHES
#endif
#if CLEANUP_LOSS
byte cleanup_loss = CLEANUP_LOSS
#define CLEANER_IS_LOST :: d_step { at_work && may(cleanup_loss) -> cleanup_loss--; CLEANER_FORGETS } -> goto gone
#else
#define CLEANER_IS_LOST
#endif
#define CLEANER_DIES CLEANER_CRASHES CLEANER_IS_LOST

/* -------------------- HTTP -------------------------------------------------------------------------------------- */

#if HTTP_RETRY
byte http_retry = HTTP_RETRY
#define RETRY_OPTION :: d_step { may(http_retry) -> http_retry--; stop_listening(newest(me)) }
#else
#define RETRY_OPTION
#endif
#if HTTP_TIMEOUT
byte http_timeout = HTTP_TIMEOUT
#define TIMEOUT_OPTION(failed) \
    :: d_step { may(http_timeout) -> http_timeout--; stop_listening(newest(me)) } -> goto failed
#else
#define TIMEOUT_OPTION(failed)
#endif
#if HTTP_LOSS
byte http_loss = HTTP_LOSS
#define REQUEST_LOST_OPTION :: d_step { may(http_loss) -> http_loss--; send(me, LOST, 0) }
#define REPLY_LOST_OPTION :: d_step { !deaf[_pid] && may(http_loss) -> http_loss--; phase[_pid] = LOST; answer = 0 }
#else
#define REQUEST_LOST_OPTION
#define REPLY_LOST_OPTION
#endif

/* -------------------- Kubernetes -------------------------------------------------------------------------------- */

#if K8S_REFUSAL
byte k8s_refusal = K8S_REFUSAL
#define REFUSED_OPTION(guard, then) :: d_step { guard && may(k8s_refusal) -> k8s_refusal--; then }
#else
#define REFUSED_OPTION(guard, then)
#endif
#if K8S_LOST_ANSWER
byte k8s_lost_answer = K8S_LOST_ANSWER
#define ANSWER_LOST_OPTION(guard, write, then) \
    :: d_step { guard && may(k8s_lost_answer) -> k8s_lost_answer--; write; then }
#else
#define ANSWER_LOST_OPTION(guard, write, then)
#endif

/* The options of a write: where nobody looks at the answer (with what follows in the same step), and where one does. */
#define WRITE_THEN(write, then) \
    :: d_step { true -> write; then } \
    REFUSED_OPTION(true, then) \
    ANSWER_LOST_OPTION(true, write, then)
#define WRITE(write) WRITE_THEN(write, skip)
#define WRITE_AND_HEAR(write, answer) \
    :: d_step { true -> write } \
    REFUSED_OPTION(true, answer = IS_ERROR) \
    ANSWER_LOST_OPTION(true, write, answer = IS_ERROR)

/* -------------------- Redis and the Job's end ------------------------------------------------------------------- */

#if LEASE_EXPIRY
byte lease_expiry = LEASE_EXPIRY
#define EXPIRES_IN_USE_OPTION \
    :: d_step { lease[me] != 0 && relied_on[me] && may(lease_expiry) -> lease_expiry--; drop_lease(me) }
#else
#define EXPIRES_IN_USE_OPTION
#endif
#if COMPLETION
byte completion = COMPLETION
#endif
