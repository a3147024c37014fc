/* The batch: audit rows that reads owe, collected and written by one INSERT. For pipeline.c.
 *
 * There is one turn at writing the trail. Whoever takes it writes: a read its own row, or the batch
 * what has collected; everybody else collects until it is given back. So there is no timer, and at
 * most one audit row or batch of reads is under way.
 *
 *     batch_turn()    a read is about to be sent: does it write its row itself?
 *     batch_owe()     a read came back without having written it
 *     batch_begin()   what has collected, as a unit to send; the turn is then taken
 *     batch_sent()    it was sent: who did not fit is to be asked again
 *     batch_ended()   it came back: all that it wrote for are done
 *     batch_release() whoever had the turn gives it back
 *
 * Promises: a unit that is owed stays in exactly one list until batch_ended() (or batch_sent(),
 * when it did not fit) gives it back; no read is given back as UNIT_DONE whose row is not
 * committed. The batch sends nothing, ends nothing and knows no connection. It belongs to the
 * pipeline's thread; the two counters may be read by others. Units stay their requesters'; rendered
 * rows are its own.
 */
#ifndef DB_AUDIT_BATCH_H
#define DB_AUDIT_BATCH_H

#include "db/pipeline.h"

#include <stdatomic.h>

/* Units one after the other; a unit is in one list at a time. */
struct list {
    struct unit *first, *last;
};

void list_push(struct list *list, struct unit *unit);
struct unit *list_pop(struct list *list); /* NULL: empty */

/* All zero is one that is empty. */
struct audit_batch {
    struct arena arena;
    struct buf rows;
    struct list owed; /* their rows are in `rows` */
    int owed_n;
    struct list waiting; /* past AUDIT_BATCH_MAX: rendered when the next batch begins */
    bool is_taken;       /* a row or a flush is under way */
    struct unit flush;
    struct arena sending; /* the rows of `flush`, until libpq has copied them */
    struct list flushing;
    const char *flush_args[1];
    const char *no_reserved[RESERVED_COUNT];
    atomic_uint_fast64_t batches, written;
};

/* True: nobody is writing, and the one who asks now is. */
bool batch_turn(struct audit_batch *batch);
void batch_release(struct audit_batch *batch);

/* False: the read failed by itself and owes nothing; it is done. */
bool batch_owe(struct audit_batch *batch, struct unit *unit);

/* NULL: nothing is owed, or it is somebody else's turn. The unit is the batch's own. */
struct unit *batch_begin(struct audit_batch *batch);
struct list batch_sent(struct audit_batch *batch);

/* Whom the batch wrote for, and what became of it: UNIT_DONE or UNIT_UNAUDITED. */
struct list batch_ended(struct audit_batch *batch, enum unit_outcome outcome,
                        enum unit_outcome *verdict);

/* Nothing may be owed any more. */
void batch_end(struct audit_batch *batch);

#endif
