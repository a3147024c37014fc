#include "tests/harness/reports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct paper paper_pdf(struct world *world)
{
    return (struct paper){"chest.pdf", "application/pdf", specimen_pdf(&world->arena, NULL, NULL)};
}

/* What makes it big is an object of its own, a string of hexadecimal digits. */
struct paper paper_big(struct arena *arena, size_t bytes, unsigned seed)
{
    struct buf object;
    buf_begin(&object, arena, bytes + 64);
    buf_text(&object, "<");
    for (size_t i = 0; i < bytes; i += 8)
        buf_format(&object, "%08x", (unsigned)rand_r(&seed));
    buf_text(&object, ">");
    return (struct paper){"big.pdf", "application/pdf", specimen_pdf(arena, object.text, NULL)};
}

struct answer report_send(struct world *world, const char *who, const char *path,
                          struct paper paper, const char *const *fields, const char *header)
{
    struct form form;
    form_begin(&form, &world->arena);
    for (; fields && *fields; fields++) {
        size_t n = strcspn(*fields, "=");
        form_text(&form, arena_format(&world->arena, "%.*s", (int)n, *fields), *fields + n + 1);
    }
    if (paper.name)
        form_file(&form, paper.name, paper.type, paper.bytes.text, paper.bytes.length);
    return form_send(world, "POST", path_a(world, "%s", path), token_a(world, who), &form, header);
}

const char *of_patient(struct world *world, int patient, const char *what)
{
    return arena_format(&world->arena, "/patients/%s/%s", id_a(world, patient), what);
}

struct answer report_make(struct world *world, int patient)
{
    struct answer made = report_send(world, "receptionist", of_patient(world, patient, "reports"),
                                     paper_pdf(world), NULL, NULL);
    expect(&made, 201, NULL);
    return made;
}

const char *report_file(const struct answer *report, const char *member)
{
    return text_in(report, "file", member);
}

const char *report_path(struct world *world, const struct answer *report, const char *rest)
{
    return path_a(world, "/files/%s%s", report_file(report, "id"), rest);
}

struct objects objects_now(struct world *world)
{
    struct objects objects = objects_count(world->boss, &world->service->options.store, false);
    assert_int_equal(objects.rows_alone, 0);
    assert_int_equal(objects.objects_alone, 0);
    assert_int_equal(objects.arriving, 0);
    return objects;
}

void reports_restore(struct world *world)
{
    world_restore(world);
    objects_count(world->boss, &world->service->options.store, true);
}
