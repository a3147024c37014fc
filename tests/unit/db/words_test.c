/* What is printed when a connection cannot be made. */
#include "db/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

/* With the words of libpq, these would tell what stands where the password should. */
static void a_password_that_libpq_stumbles_over_is_not_quoted(void **state)
{
    static const char *const strings[] = {"postgresql://"
                                          "somebody:secret%zz@127.0.0.1/db",
                                          "postgresql://"
                                          "somebody:secret@[::1/db",
                                          "postgresql://"
                                          "somebody:p@secret@h/db",
                                          "postgresql://"
                                          "somebody:secret/x@h/db",
                                          "host=127.0.0.1 secret",
                                          "host=127.0.0.1 port=secret"};
    (void)state;
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        PGconn *connection = PQconnectdb(strings[i]);
        assert_int_equal(PQstatus(connection), CONNECTION_BAD);
        assert_null(strstr(words_of_refusal(connection), "secret"));
        assert_non_null(strstr(words_of_refusal(connection), "connection string"));
        PQfinish(connection);
    }
}

static void a_server_that_is_not_there_is_named(void **state)
{
    (void)state;
    PGconn *connection = PQconnectdb("host=/nonexistent-folder user=somebody password=secret");
    assert_non_null(strstr(words_of_refusal(connection), "/nonexistent-folder"));
    assert_null(strstr(words_of_refusal(connection), "secret"));
    PQfinish(connection);
    assert_string_equal(words_of_refusal(NULL), "out of memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_password_that_libpq_stumbles_over_is_not_quoted),
        cmocka_unit_test(a_server_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
