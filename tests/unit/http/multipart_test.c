#include "api/http/multipart.h"
#include "db/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define PART(name) "--b\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n"

/* What came, one line a part: name:file:bytes; and how often we were called. */
struct heard {
    struct arena arena;
    struct buf text;
    int calls, parts, parts_most;
};

static bool on_part(void *user, const struct multipart_part *part, const char *bytes,
                    uint64_t offset, size_t length)
{
    struct heard *heard = user;
    heard->calls++;
    if (!offset) {
        if (++heard->parts > heard->parts_most)
            return false;
        buf_format(&heard->text, "[%s:%s:", part->name, part->file_name);
    }
    buf_add(&heard->text, bytes, length);
    return true;
}

static void heard_begin(struct heard *heard, int most)
{
    *heard = (struct heard){.parts_most = most};
    buf_begin(&heard->text, &heard->arena, 256);
}

/* In pieces of `size`; what was heard, or "!" and the fault. */
static const char *read_in_pieces(struct heard *heard, const char *bytes, size_t length,
                                  size_t size)
{
    struct multipart multipart;
    arena_end(&heard->arena);
    heard_begin(heard, 100);
    multipart_begin(&multipart, "b", on_part, heard);
    for (size_t at = 0; at < length; at += size)
        if (!multipart_feed(&multipart, bytes + at, length - at < size ? length - at : size))
            return arena_format(&heard->arena, "!%s", multipart.fault);
    return multipart_is_whole(&multipart) ? heard->text.text : "!not whole";
}

static void what_comes_does_not_depend_on_how_it_is_cut(void **state)
{
    (void)state;
    static const char *const bodies[][2] = {
        {PART("a") "1\r\n" PART("b") "\r\n--b--\r\n", "[a::1[b::"},
        {PART("a") "\r\r\n\r\n-\r\n--\r\n--\rb\r\n--b--", "[a::\r\r\n\r\n-\r\n--\r\n--\rb"},
        {PART("a") "\r\n--b--\r", "!not whole"},
        {PART("a") "x\r\n--bb\r\n", "!a line begins as the boundary does"},
        {PART("a") "x\r\n--b-x", "!a line begins as the boundary does"},
        {PART("a") "x\r\n--b--\r\n\r\n", "!something stands behind the last boundary"},
        {"--b--\r\n", ""},
        {"\r\n--b--\r\n", "!the body does not begin with its boundary"},
    };
    struct heard heard = {0};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        for (size_t size = 1; size < 60; size++) {
            const char *came = read_in_pieces(&heard, bodies[i][0], strlen(bodies[i][0]), size);
            if (strcmp(came, bodies[i][1]) != 0)
                fail_msg("%zu in pieces of %zu: %s", i, size, came);
        }
    arena_end(&heard.arena);
}

/* A call costs a write to the disk: what looks like a boundary in each byte must not cost one a
 * byte. */
static void the_worst_bytes_cost_no_more_calls_than_others(void **state)
{
    (void)state;
    enum { PIECE = 1000, PIECES = 50 };
    static const char *const patterns[] = {"\r", "\r\n", "\r\n-", "\r\n--", "x"};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        struct heard heard;
        struct multipart multipart;
        heard_begin(&heard, 1);
        multipart_begin(&multipart, "b", on_part, &heard);
        assert_true(multipart_feed(&multipart, PART("a"), sizeof PART("a") - 1));
        char piece[PIECE];
        for (size_t at = 0; at < PIECE; at++)
            piece[at] = patterns[i][at % strlen(patterns[i])];
        for (int n = 0; n < PIECES; n++)
            assert_true(multipart_feed(&multipart, piece, PIECE));
        assert_true(heard.calls <= 2 * PIECES);
        arena_end(&heard.arena);
    }
}

/* The rest of the body is a page that nobody may read. */
static void behind_a_refusal_nothing_is_looked_at(void **state)
{
    (void)state;
    struct heard heard;
    struct multipart multipart;
    struct buf body;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *shut = mmap(NULL, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(shut != MAP_FAILED);
    heard_begin(&heard, 32);
    buf_begin(&body, &heard.arena, 4096);
    for (int i = 0; i < 33; i++)
        buf_text(&body, PART("f") "x\r\n");
    buf_text(&body, "--b");
    multipart_begin(&multipart, "b", on_part, &heard);
    assert_false(multipart_feed(&multipart, body.text, body.length));
    assert_int_equal(heard.calls, 33);
    for (int i = 0; i < 40000; i++)
        assert_false(multipart_feed(&multipart, shut, page));
    assert_int_equal(heard.calls, 33);
    assert_false(multipart_is_whole(&multipart));
    munmap(shut, page);
    arena_end(&heard.arena);
}

static void a_part_s_headers_have_a_bound(void **state)
{
    (void)state;
    struct heard heard = {0};
    struct buf body;
    for (int over = 0; over < 2; over++) {
        static const char head[] = "Content-Disposition: form-data; name=\"a\"\r\nX: ";
        struct arena arena = {0};
        buf_begin(&body, &arena, 4096);
        buf_text(&body, "--b\r\n");
        buf_text(&body, head);
        for (size_t n = sizeof head - 1 + 4; n < (size_t)MULTIPART_HEAD_MAX + (size_t)over; n++)
            buf_char(&body, 'x');
        buf_text(&body, "\r\n\r\n\r\n--b--");
        assert_string_equal(read_in_pieces(&heard, body.text, body.length, 100),
                            over ? "!a part's headers are too long" : "[a::");
        arena_end(&arena);
    }
    arena_end(&heard.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_does_not_depend_on_how_it_is_cut),
        cmocka_unit_test(the_worst_bytes_cost_no_more_calls_than_others),
        cmocka_unit_test(behind_a_refusal_nothing_is_looked_at),
        cmocka_unit_test(a_part_s_headers_have_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
