/* The last of a run: was the whole document seen? Every operation, every status that it documents
 * itself on that operation, and every status of the machinery at least once anywhere. What the
 * tests' client noted (tests/harness/http.h) is the evidence. */
#include "api/http/document.h"
#include "tests/harness/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { STATUS_MAX = 600 };

struct state {
    struct arena arena;
    struct document *document;
    bool (*seen)[STATUS_MAX]; /* [operation][status] */
    bool anywhere[STATUS_MAX];
};

static void note(struct state *it, const char *operation_id, int status)
{
    const struct operation *operation = document_find(it->document, operation_id);
    if (!operation || status < 0 || status >= STATUS_MAX)
        fail_msg("the notes speak of %s %d", operation_id, status);
    it->seen[operation - it->document->operations][status] = true;
    it->anywhere[status] = true;
}

static int setup(void **state)
{
    static struct state it;
    struct fault fault = {.arena = &it.arena};
    const char *path = getenv("CLINICD_TEST_SEEN");
    FILE *file = path ? fopen(path, "r") : NULL;
    char id[100];
    int status;
    if (!file || document_load(&it.arena, document_bytes, document_bytes_n, &fault, &it.document)) {
        print_error("no notes of a run in CLINICD_TEST_SEEN\n");
        return 1;
    }
    it.seen = arena_take(&it.arena, it.document->operations_n * sizeof *it.seen);
    while (fscanf(file, "%99s %d", id, &status) == 2)
        note(&it, id, status);
    fclose(file);
    *state = &it;
    return 0;
}

static int teardown(void **state)
{
    arena_end(&((struct state *)*state)->arena);
    return 0;
}

static void every_operation_and_every_status_of_its_own_was_seen(void **state)
{
    struct state *it = *state;
    unsigned missing = 0, there = 0;
    for (size_t i = 0; i < it->document->operations_n; i++) {
        const struct operation *operation = &it->document->operations[i];
        for (size_t r = 0; r < operation->responses_n; r++) {
            const struct response *response = &operation->responses[r];
            bool is_seen = it->seen[i][response->status];
            if (response->is_machinery)
                continue;
            there += is_seen;
            missing += !is_seen;
            if (!is_seen)
                print_error("never seen: %s %d\n", operation->id, response->status);
        }
    }
    printf("document: %zu operations, %u of %u statuses of their own seen\n",
           it->document->operations_n, there, there + missing);
    assert_int_equal(missing, 0);
}

static void every_status_of_the_machinery_was_seen_somewhere(void **state)
{
    struct state *it = *state;
    bool is_told[STATUS_MAX] = {false};
    unsigned missing = 0;
    for (size_t i = 0; i < it->document->operations_n; i++) {
        const struct operation *operation = &it->document->operations[i];
        for (size_t r = 0; r < operation->responses_n; r++) {
            int status = operation->responses[r].status;
            bool is_new =
                operation->responses[r].is_machinery && !it->anywhere[status] && !is_told[status];
            if (!is_new)
                continue;
            is_told[status] = true;
            missing++;
            print_error("never seen anywhere: %d\n", status);
        }
    }
    assert_int_equal(missing, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_and_every_status_of_its_own_was_seen),
        cmocka_unit_test(every_status_of_the_machinery_was_seen_somewhere),
    };
    return cmocka_run_group_tests_name("document", tests, setup, teardown);
}
