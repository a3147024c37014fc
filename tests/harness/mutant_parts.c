#include "tests/harness/mutant_parts.h"

#include "tests/harness/form.h"
#include "tests/harness/specimen.h"

#include <string.h>

#define PICK(m, list) ((list)[mutant_roll((m), sizeof(list) / sizeof *(list))])

static const char *const headers[] = {
    ("Content-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n"
     "Content-Type: multipart/mixed; boundary=y\r\n"),
    "Content-Disposition: form-data; name=\"file\"; filename=\"../../etc/passwd\"\r\n",
    "Content-Disposition: form-data; name=\"file\"; filename=\"\xff\xfe\xe2\x80\xae.pdf\"\r\n",
    "Content-Disposition: form-data; name=\"file\"; filename=\"a\"b\"\r\n",
    "Content-Disposition: form-data; name=\"file\"; filename=\"%0d%0aX: y.pdf\"\r\n",
    "Content-Disposition: form-data; name=\"file\"; filename=\"\"\r\n",
    "Content-Disposition: form-data; name=\"file\"\r\n",
    "Content-Disposition: form-data; name=\"\"\r\n",
    "Content-Disposition: form-data; name=x\r\n",
    "Content-Disposition: form-data; name=\"\xff\"\r\n",
    "Content-Disposition: form-data; name=\"a/b~c\"; filename=\"x\"\r\n",
    "Content-Disposition: form-data\r\n",
    "Content-Disposition: attachment; name=\"file\"\r\n",
    "Content-Disposition: form-data; name=\"x\"\r\nContent-Transfer-Encoding: base64\r\n",
    "Content-Disposition: form-data; name=\"x\"\r\nContent-Type: text/plain; charset=utf-7\r\n",
    "Content-Disposition: form-data; name=\"x\"\r\n folded: yes\r\n",
    "X-Other: 1\r\n",
    "no header\r\n",
    ":\r\n",
    "\r\n",
    "\n",
    "",
};

static const char *const types[] = {
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=\"\"",
    "multipart/form-data; boundary=\"" FORM_BOUNDARY "\"",
    "multipart/form-data; boundary=another",
    "multipart/form-data; charset=utf-8; boundary=" FORM_BOUNDARY,
    "multipart/form-data; boundary=" FORM_BOUNDARY "; boundary=x",
    "multipart/mixed; boundary=" FORM_BOUNDARY,
    "Multipart/Form-Data; boundary=" FORM_BOUNDARY,
    "multipart/form-data; "
    "boundary=1234567890123456789012345678901234567890123456789012345678901234567890a",
    "multipart/form-data; boundary=a b",
    "application/json",
};

static void add_fields(struct mutant *m, struct form *form, const char *file, const json_t *good)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)good, name, value)
    {
        bool is_text = json_is_string(value);
        if (strcmp(name, file) != 0 && mutant_roll(m, 8))
            form_text(form, name, is_text ? json_string_value(value) : "1");
        if (mutant_roll(m, 30) == 0)
            form_text(form, name, "\xff");
    }
}

static void add_file(struct mutant *m, struct arena *arena, struct form *form, bool is_logo)
{
    struct buf file =
        is_logo ? specimen_png(arena, 8, 8, NULL, true) : specimen_pdf(arena, NULL, NULL);
    if (mutant_roll(m, 4) == 0)
        file.text[mutant_roll(m, (uint32_t)file.length)] ^= (char)(1 + mutant_roll(m, 255));
    if (mutant_roll(m, 8) == 0)
        file.length = mutant_roll(m, (uint32_t)file.length);
    form_file(form, is_logo ? "a.png" : "a.pdf", is_logo ? "image/png" : "application/pdf",
              file.text, file.length);
}

static void add_bad_part(struct mutant *m, struct buf *out)
{
    buf_text(out, "--" FORM_BOUNDARY "\r\n");
    buf_text(out, PICK(m, headers));
    buf_text(out, "\r\n");
    for (uint32_t i = 0, n = mutant_roll(m, 4) ? mutant_roll(m, 40) : 20000; i < n; i++)
        buf_char(out, (char)(mutant_roll(m, 3) ? '\r' : '-'));
    buf_text(out, "\r\n");
}

static void spoil(struct mutant *m, struct buf *body)
{
    switch (mutant_roll(m, 5)) {
    case 0:
        body->length = mutant_roll(m, (uint32_t)body->length) + 1; /* cut */
        break;
    case 1:
        body->text[mutant_roll(m, (uint32_t)body->length)] = (char)mutant_roll(m, 256);
        break;
    case 2:
        buf_text(body, "more");
        break;
    default:
        break;
    }
}

void mutant_parts(struct mutant *m, struct arena *arena, const struct operation *operation,
                  const json_t *good, struct call *call)
{
    bool is_logo = operation->upload == UPLOAD_LOGO;
    struct form form;
    form_begin(&form, arena);
    if (mutant_roll(m, 3) == 0)
        add_bad_part(m, &form.body);
    add_fields(m, &form, operation->file, good);
    for (uint32_t files = mutant_roll(m, 12) ? 1 : mutant_roll(m, 3); files > 0; files--)
        add_file(m, arena, &form, is_logo);
    for (uint32_t parts = mutant_roll(m, 40) ? 0 : 40; parts > 0; parts--)
        form_text(&form, "x", "y");
    form_end(&form);
    spoil(m, &form.body);
    call->body = form.body.text;
    call->body_length = form.body.length;
    call->type = mutant_roll(m, 10) ? FORM_TYPE : PICK(m, types);
}
