/* The whole matrix, against the service as it is. The same program is built with wall 1 taken out
 * of every query, and runs once more as a role that wall 2 does not stop: each wall must hold
 * alone. */
#include "tests/api/matrix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void nobody_gets_what_is_not_theirs(void **state)
{
    struct world world;
    struct matrix_report report;
    const char *only = getenv("CLINICD_TEST_ONLY"); /* by hand: operationIds that contain this */
    (void)state;
    world_begin(&world, &(struct world_options){
                            .name = "matrix",
                            .bypass_wall_2 = getenv("CLINICD_TEST_BYPASS_WALL_2") != NULL,
                        });
    matrix_run(&world, &(struct matrix_options){.only = only}, &report);
    world_end(&world);
    assert_true(only || report.checks >= 5000);
    assert_true(report.fingerprints > 0);
    assert_int_equal(report.leaks, 0);
    assert_int_equal(report.failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nobody_gets_what_is_not_theirs)};
    return cmocka_run_group_tests_name("matrix", tests, NULL, NULL);
}
