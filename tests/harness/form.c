#include "tests/harness/form.h"

void form_begin(struct form *form, struct arena *arena)
{
    buf_begin(&form->body, arena, 4096);
}

void form_text(struct form *form, const char *name, const char *value)
{
    buf_format(&form->body,
               "--" FORM_BOUNDARY "\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n",
               name, value);
}

void form_file(struct form *form, const char *name, const char *type, const void *bytes, size_t n)
{
    buf_text(&form->body, "--" FORM_BOUNDARY "\r\nContent-Disposition: form-data; name=\"file\"; "
                          "filename=\"");
    buf_text(&form->body, name);
    buf_text(&form->body, "\"\r\n");
    if (type)
        buf_format(&form->body, "Content-Type: %s\r\n", type);
    buf_text(&form->body, "\r\n");
    buf_add(&form->body, bytes, n);
    buf_text(&form->body, "\r\n");
}

void form_end(struct form *form)
{
    buf_text(&form->body, "--" FORM_BOUNDARY "--\r\n");
}

struct answer form_send(struct world *world, const char *method, const char *path,
                        const char *token, struct form *form, const char *header)
{
    struct answer answer;
    form_end(form);
    http_send(world->client, &world->arena,
              &(struct call){.method = method,
                             .path = path,
                             .token = token,
                             .body = form->body.text,
                             .body_length = form->body.length,
                             .type = FORM_TYPE,
                             .headers = {header}},
              &answer);
    return answer;
}
