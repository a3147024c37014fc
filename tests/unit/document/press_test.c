/* The press: the same bytes wherever and whenever, any text, any length. Called with "--print" it
 * prints a paper to its standard output: that is how it meets another environment. */
#include "api/document/press.h"
#include "api/http/document.h"
#include "tests/unit/document/facts.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { AT_ONCE = 4, EACH = 5 };

struct shop {
    struct arena arena;
    struct fault fault;
    json_t *document;
    struct press *press;
};

static void shop_open(struct shop *shop)
{
    *shop = (struct shop){.fault = {.arena = &shop->arena}};
    shop->fault.arena = &shop->arena;
    shop->document =
        arena_json(&shop->arena, json_loadb(document_bytes, document_bytes_n, 0, NULL));
    if (press_start(2, &shop->fault, &shop->press))
        abort();
}

static int setup(void **state)
{
    static struct shop shop;
    shop_open(&shop);
    *state = &shop;
    return 0;
}

static int teardown(void **state)
{
    struct shop *shop = *state;
    press_stop(shop->press);
    arena_end(&shop->arena);
    return 0;
}

/* Everything in `arena`, so that several threads may. */
static struct buf print(const struct shop *shop, struct arena *arena, const json_t *printed,
                        const char *sheet, enum language language)
{
    const struct paper_setting setting = {.language = language,
                                          .document = shop->document,
                                          .check_url = "https://clinic.example/check/abc"};
    char *text = json_dumps(printed, 0);
    json_t *read = describe_read(arena, text);
    free(text);
    const struct description *description = describe(arena, PAPER_PRESCRIPTION, read, &setting);
    struct fault fault = {.arena = arena};
    struct buf out;
    buf_begin(&out, arena, 65536);
    if (press_print(shop->press, description, sheet, &fault, &out))
        fail_msg("%s", fault.reason);
    return out;
}

static json_t *facts(struct arena *arena)
{
    return arena_json(arena, json_loads(FACTS, 0, NULL));
}

static void the_same_facts_are_the_same_bytes(void **state)
{
    struct shop *shop = *state;
    struct buf one = print(shop, &shop->arena, facts(&shop->arena), "A4", LANGUAGE_MR);
    struct buf other = print(shop, &shop->arena, facts(&shop->arena), "A4", LANGUAGE_MR);
    assert_int_equal(one.length, other.length);
    assert_memory_equal(one.text, other.text, one.length);
}

/* Another process, without fonts or fontconfig, elsewhere, in another language and time zone, in
 * another year. */
static void another_environment_changes_nothing(void **state)
{
    struct shop *shop = *state;
    struct buf here = print(shop, &shop->arena, facts(&shop->arena), "A5", LANGUAGE_HI);
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(n > 0);
    self[n] = '\0';
    const char *command = arena_format(
        &shop->arena,
        "env HOME=/nonexistent FONTCONFIG_FILE=/nonexistent FONTCONFIG_PATH=/nonexistent "
        "XDG_CACHE_HOME=/nonexistent XDG_DATA_HOME=/nonexistent LANG=ar_EG.UTF-8 "
        "LC_ALL=ja_JP.UTF-8 LANGUAGE=ar FC_LANG=ja PANGO_LANGUAGE=ar TZ=Pacific/Apia "
        "SOURCE_DATE_EPOCH=86400 '%s' --print",
        self);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    char *there = arena_take(&shop->arena, here.length + 1);
    size_t got = fread(there, 1, here.length + 1, pipe);
    assert_int_equal(pclose(pipe), 0);
    assert_int_equal(got, here.length);
    assert_memory_equal(there, here.text, got);
}

static const char *repeat(struct arena *arena, const char *text, int n)
{
    struct buf out;
    buf_begin(&out, arena, 64);
    for (int i = 0; i < n; i++)
        buf_text(&out, text);
    return out.text;
}

static void any_text_is_set(void **state)
{
    struct shop *shop = *state;
    struct arena *arena = &shop->arena;
    const char *const texts[] = {
        repeat(arena, "W", 200),
        repeat(arena, "क्ष्म्य", 28),
        "عربي ٣٤ עברית 12 mixed 34",
        "a\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308 \u0301 \u200b\u200c\u200d\u2060\ufeff",
        "😀👩‍⚕️ 🇮🇳 \U0010ffff \ue000 தமிழ் ગુજરાતી 漢字",
        repeat(arena, "\n", 300),
        "tab\tand\r\nline\u2028break\u2029and\xc2\x85 more",
        "<b>&amp;</b> \x01\x1f\x7f",
        "",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_t *printed = facts(arena);
        json_t *rx = json_object_get(printed, "facts");
        json_t *medicine = json_array_get(json_object_get(rx, "medicines"), 0);
        json_object_set_new(json_object_get(rx, "patient"), "name", json_string(texts[i]));
        json_object_set_new(json_object_get(rx, "clinic"), "name", json_string(texts[i]));
        json_object_set_new(json_object_get(rx, "clinic"), "footer", json_string(texts[i]));
        json_object_set_new(json_object_get(rx, "notes"), "observations", json_string(texts[i]));
        json_object_set_new(medicine, "medicine_name", json_string(texts[i]));
        json_object_set_new(medicine, "instructions", json_string(texts[i]));
        assert_memory_equal(print(shop, arena, printed, "A5", LANGUAGE_EN).text, "%PDF-1.", 7);
    }
}

static void the_longest_of_everything_is_set(void **state)
{
    struct shop *shop = *state;
    struct arena *arena = &shop->arena;
    json_t *printed = facts(arena);
    json_t *rx = json_object_get(printed, "facts"), *notes = json_object_get(rx, "notes");
    json_t *list = json_object_get(rx, "medicines"), *line = json_array_get(list, 0);
    json_object_set_new(line, "instructions", json_string(repeat(arena, "औषध घ्या\n", 220)));
    for (int i = 1; i < 100; i++)
        json_array_append(list, line);
    json_object_set_new(notes, "notes", json_string(repeat(arena, "word ", 2000)));
    assert_true(print(shop, arena, printed, "A5", LANGUAGE_MR).length > 10000);
}

struct hand {
    const struct shop *shop;
    const struct buf *expected;
    bool is_same;
};

static void *work(void *user)
{
    struct hand *hand = user;
    hand->is_same = true;
    for (int i = 0; i < EACH; i++) {
        struct arena arena = {0};
        struct buf out = print(hand->shop, &arena, facts(&arena), "A4", LANGUAGE_MR);
        hand->is_same &= out.length == hand->expected->length &&
                         memcmp(out.text, hand->expected->text, out.length) == 0;
        arena_end(&arena);
    }
    return NULL;
}

static void many_print_at_once(void **state)
{
    struct shop *shop = *state;
    struct buf expected = print(shop, &shop->arena, facts(&shop->arena), "A4", LANGUAGE_MR);
    pthread_t threads[AT_ONCE];
    struct hand hands[AT_ONCE];
    for (int i = 0; i < AT_ONCE; i++) {
        hands[i] = (struct hand){.shop = shop, .expected = &expected};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &hands[i]), 0);
    }
    for (int i = 0; i < AT_ONCE; i++) {
        pthread_join(threads[i], NULL);
        assert_true(hands[i].is_same);
    }
}

static int print_one(void)
{
    struct shop shop;
    shop_open(&shop);
    struct buf out = print(&shop, &shop.arena, facts(&shop.arena), "A5", LANGUAGE_HI);
    fwrite(out.text, 1, out.length, stdout);
    press_stop(shop.press);
    arena_end(&shop.arena);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--print") == 0)
        return print_one();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_facts_are_the_same_bytes),
        cmocka_unit_test(another_environment_changes_nothing),
        cmocka_unit_test(any_text_is_set),
        cmocka_unit_test(the_longest_of_everything_is_set),
        cmocka_unit_test(many_print_at_once),
    };
    return cmocka_run_group_tests_name("press", tests, setup, teardown);
}
