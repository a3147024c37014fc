#include "db/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *json_of(struct arena *arena, const char *bytes, size_t length)
{
    struct buf out;
    buf_begin(&out, arena, 0);
    buf_json_string_n(&out, bytes, length);
    assert_int_equal(strlen(out.text), out.length);
    return out.text;
}

/* What the byte must become by itself, from RFC 8259 7 and the promise of the header. */
static const char *escape_of(unsigned char byte, char out[8])
{
    if (byte >= 0x80)
        return "\xef\xbf\xbd";
    if (byte == '"' || byte == '\\')
        snprintf(out, 8, "\\%c", byte);
    else if (byte == '\n' || byte == '\t' || byte == '\r')
        snprintf(out, 8, "\\%c", byte == '\n' ? 'n' : byte == '\t' ? 't' : 'r');
    else if (byte < 0x20 || byte == 0x7f)
        snprintf(out, 8, "\\u%04x", byte);
    else
        snprintf(out, 8, "%c", byte);
    return out;
}

static void every_byte_is_escaped_wherever_it_stands(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        for (size_t at = 0; at < 24; at++) {
            struct arena arena CLEANUP(arena_end) = {0};
            char text[24], escaped[8], wanted[64];
            memset(text, 'a', sizeof text);
            text[at] = (char)byte;
            snprintf(wanted, sizeof wanted, "\"%.*s%s%.*s\"", (int)at, "aaaaaaaaaaaaaaaaaaaaaaaa",
                     escape_of((unsigned char)byte, escaped), (int)(23 - at),
                     "aaaaaaaaaaaaaaaaaaaaaaaa");
            assert_string_equal(json_of(&arena, text, sizeof text), wanted);
        }
    }
}

static void two_escapes_side_by_side_are_both_seen(void **state)
{
    (void)state;
    for (int first = 0; first < 128; first++) {
        for (int second = 0; second < 128; second++) {
            struct arena arena CLEANUP(arena_end) = {0};
            char text[] = "abc..def", one[8], two[8], wanted[40];
            text[3] = (char)first;
            text[4] = (char)second;
            snprintf(wanted, sizeof wanted, "\"abc%s%sdef\"", escape_of((unsigned char)first, one),
                     escape_of((unsigned char)second, two));
            assert_string_equal(json_of(&arena, text, 8), wanted);
        }
    }
}

static void text_of_other_scripts_stays_as_it_is(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_end) = {0};
    const char *text = "\xe0\xa4\xae\xe0\xa5\x80\xe0\xa4\xb0\xe0\xa4\xbe kulkarni \xf0\x9f\x98\x80";
    struct buf wanted;
    buf_begin(&wanted, &arena, 0);
    buf_format(&wanted, "\"%s\"", text);
    assert_string_equal(json_of(&arena, text, strlen(text)), wanted.text);
}

static void a_text_grows_past_its_room(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_end) = {0};
    struct buf out;
    buf_begin(&out, &arena, 0);
    for (int i = 0; i < 1000; i++) {
        buf_char(&out, (char)('a' + i % 26));
        assert_int_equal(out.text[out.length], '\0');
    }
    assert_int_equal(out.length, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(out.text[i], 'a' + i % 26);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_is_escaped_wherever_it_stands),
        cmocka_unit_test(two_escapes_side_by_side_are_both_seen),
        cmocka_unit_test(text_of_other_scripts_stays_as_it_is),
        cmocka_unit_test(a_text_grows_past_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
