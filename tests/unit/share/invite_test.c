/* What is sent to a patient: to a whole number only, readable in three scripts, and whole in an
 * address. */
#include "models/share/invite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define URL "https://clinic.example/shared/4Zp0cXnqT1mVb8sYkHd2rJw6uGf9eLxA3QoNi5tCyKM"

static int setup(void **state)
{
    static struct arena arena;
    *state = &arena;
    return 0;
}

static int teardown(void **state)
{
    arena_end(*state);
    return 0;
}

static const char *message_in(struct arena *arena, const char *language)
{
    return invite_message(arena, &(struct invite){.clinic_name = "Asha & Sons 100%",
                                                  .url = URL,
                                                  .until = "25-11-2026 15:15",
                                                  .language = language});
}

static void the_message_says_who_where_and_until_when_in_each_language(void **state)
{
    static const struct {
        const char *language, *word;
    } expected[] = {{"en", "Greetings"}, {"hi", "नमस्ते"}, {"mr", "औषधचिठ्ठी"}, {"xx", "Greetings"}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const char *message = message_in(*state, expected[i].language);
        assert_non_null(strstr(message, expected[i].word));
        assert_non_null(strstr(message, "Asha & Sons 100%"));
        assert_non_null(strstr(message, ": " URL " ("));
        assert_non_null(strstr(message, "25-11-2026 15:15"));
    }
}

static void messages_go_to_whole_numbers_only(void **state)
{
    static const char *const whole[] = {"+919880012345", "+14155550123", "+6512345678",
                                        "+123456789012345"};
    static const char *const other[] = {"+91988001234",      "+9198800123456", "+9198", "+1234567",
                                        "+1234567890123456", "9880012345",     "",      "+",
                                        "+9198800x2345"};
    (void)state;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        assert_string_equal(invite_phone(whole[i]), whole[i]);
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        if (invite_phone(other[i]))
            fail_msg("%s was taken", other[i]);
    assert_null(invite_phone(NULL));
}

static void the_address_holds_the_message_byte_for_byte(void **state)
{
    static const char prefix[] = "https://wa.me/919880012345?text=";
    for (int i = 0; i < 3; i++) {
        const char *message = message_in(*state, ((const char *[]){"en", "hi", "mr"})[i]);
        const char *address = invite_address(*state, "whatsapp", "+919880012345", message);
        assert_memory_equal(address, prefix, strlen(prefix));
        const char *at = address + strlen(prefix);
        for (const unsigned char *c = (const unsigned char *)message; *c; c++) {
            unsigned byte = (unsigned char)*at;
            if (*at == '%') {
                const char hex[] = {at[1], at[2], '\0'};
                byte = (unsigned)strtoul(hex, NULL, 16);
                at += 2;
            } else {
                assert_non_null(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789-._~",
                                       *at));
            }
            assert_int_equal(byte, *c);
            at++;
        }
        assert_int_equal(*at, '\0');
    }
    assert_string_equal(invite_address(*state, "sms", "+919880012345", "a b&c\n"),
                        "sms:+919880012345?body=a%20b%26c%0A");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_message_says_who_where_and_until_when_in_each_language),
        cmocka_unit_test(messages_go_to_whole_numbers_only),
        cmocka_unit_test(the_address_holds_the_message_byte_for_byte),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
