/* The dispatcher's handlers, one for each delivery, and the worker's call: the same in every protocol. */

/* The steps between T7 and the reply; they leave the response in `answer`, and may `goto respond`. */
#ifndef DISPATCH
#define DISPATCH create();
#endif

/* T8 */
inline create() {
    if WRITE_AND_HEAR(create_job(me, answer), answer) DISPATCHER_DIES fi
}

active [N * DELIVERIES] proctype dispatcher() {
    byte request, answer;
    d_step { phase[_pid] == SENT -> phase[_pid] = HANDLED; request = content[_pid]; content[_pid] = 0 };      /* T7 */
    DISPATCH
respond:
    if
    :: d_step { true -> reply(_pid, answer); request = 0; answer = 0 }
    REPLY_LOST_OPTION
    DISPATCHER_DIES
    fi;
gone:
    false
}

/* Send (T2), and wait for the response, again and again until one comes. */
#define CALL(request, hear, failed) \
    do \
    :: if \
       :: d_step { true -> send(me, SENT, request) } \
       REQUEST_LOST_OPTION \
       WORKER_DIES \
       fi; \
       if \
       :: d_step { phase[newest(me)] == REPLIED && content[newest(me)] != IS_ERROR -> \
              hear; stop_listening(newest(me)) } -> break \
       :: d_step { phase[newest(me)] == REPLIED && content[newest(me)] == IS_ERROR -> \
              stop_listening(newest(me)) } -> goto failed \
       :: d_step { phase[newest(me)] == REFUSED -> stop_listening(newest(me)) } -> goto failed \
       :: d_step { phase[newest(me)] == LOST -> stop_listening(newest(me)) } \
       RETRY_OPTION \
       TIMEOUT_OPTION(failed) \
       WORKER_DIES \
       fi \
    od
