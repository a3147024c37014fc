/* The address in the square of a printed prescription: whether the paper is ours and still stands.
 * People open it with a telephone, so there is a page; it says nothing of the patient. */
#include "api/document/check.h"
#include "api/endpoints.h"
#include "api/http/gate.h"
#include "api/http/incoming.h"
#include "api/http/reply.h"
#include "models/share/share.h"

#include <string.h>

enum verdict { STANDS, CHANGED, CANCELLED, DRAFT, VERDICTS };

static enum verdict verdict_of(const struct rows *rows)
{
    const char *status = rows_text(rows, 0, "status");
    if (strcmp(status, "cancelled") == 0)
        return CANCELLED;
    if (!rows_bool(rows, 0, "is_current", false))
        return CHANGED;
    return strcmp(status, "completed") == 0 ? STANDS : DRAFT;
}

static const struct words {
    const char *title, *verdicts[VERDICTS], *clinic, *number, *prescriber, *day;
} words[LANGUAGES] = {
    [LANGUAGE_EN] = {.title = "Prescription check",
                     .verdicts = {[STANDS] = "This prescription is genuine and valid.",
                                  [CHANGED] = "This paper is out of date: the prescription was "
                                              "changed after it was printed.",
                                  [CANCELLED] = "This prescription was cancelled.",
                                  [DRAFT] = "This is a draft and no prescription yet."},
                     .clinic = "Clinic",
                     .number = "Number",
                     .prescriber = "Prescribed by",
                     .day = "Prescribed on"},
    [LANGUAGE_HI] = {.title = "पर्चे की जाँच",
                     .verdicts = {[STANDS] = "यह पर्चा असली और मान्य है।",
                                  [CHANGED] = "यह काग़ज़ पुराना है: छपने के बाद पर्चा बदला गया है।",
                                  [CANCELLED] = "यह पर्चा रद्द कर दिया गया है।",
                                  [DRAFT] = "यह केवल मसौदा है, अभी पर्चा नहीं।"},
                     .clinic = "क्लिनिक",
                     .number = "संख्या",
                     .prescriber = "किसने लिखा",
                     .day = "किस दिन लिखा"},
    [LANGUAGE_MR] = {.title = "औषधचिठ्ठीची पडताळणी",
                     .verdicts = {[STANDS] = "ही औषधचिठ्ठी खरी आणि वैध आहे.",
                                  [CHANGED] = "हा कागद जुना आहे: छापल्यानंतर औषधचिठ्ठी बदलली आहे.",
                                  [CANCELLED] = "ही औषधचिठ्ठी रद्द केली आहे.",
                                  [DRAFT] = "हा केवळ मसुदा आहे, अजून औषधचिठ्ठी नाही."},
                     .clinic = "क्लिनिक",
                     .number = "क्रमांक",
                     .prescriber = "कोणी लिहिली",
                     .day = "कोणत्या दिवशी लिहिली"},
};

static void add_escaped(struct buf *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c == '<' || *c == '>' || *c == '&' || *c == '"')
            buf_format(out, "&#%d;", *c);
        else
            buf_char(out, *c);
    }
}

static void add_fact(struct buf *out, const char *label, const char *value)
{
    buf_format(out, "<dt>%s</dt><dd>", label);
    add_escaped(out, value ? value : "");
    buf_text(out, "</dd>\n");
}

static enum err reply_page(struct request *request, const struct rows *rows)
{
    enum language language = reply_language(request, NULL);
    const struct words *w = &words[language];
    struct buf out;
    buf_begin(&out, &request->arena, 2048);
    buf_format(&out,
               "<!doctype html>\n<html lang=\"%s\">\n<meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s</title>\n"
               "<h1>%s</h1>\n<dl>\n",
               language_tag(language), w->title, w->verdicts[verdict_of(rows)]);
    add_fact(&out, w->clinic, rows_text(rows, 0, "clinic"));
    add_fact(&out, w->number, rows_text(rows, 0, "rx_number"));
    add_fact(&out, w->prescriber, rows_text(rows, 0, "prescriber"));
    add_fact(&out, w->day, rows_text(rows, 0, "prescribed_on"));
    buf_text(&out, "</dl>\n</html>\n");
    return reply_bytes(request, "text/html; charset=utf-8", out.text, out.length);
}

/* A browser names text/html and never application/json; who takes anything gets JSON. */
static bool wants_page(const struct request *request)
{
    const char *accept = request->incoming->header(request->incoming, "Accept");
    return accept && strstr(accept, "text/html") && gate_accepts(accept, "text/html") &&
           !strstr(accept, "application/json");
}

enum err papers_check(struct request *request)
{
    struct paper_check check;
    struct rows rows;
    if (!paper_check_parse(request_path(request, "code"), &check))
        return request_fail(request, ERR_NOT_FOUND, "not-found", NULL);
    enum err err = request_enter_clinic(request, check.clinic_id);
    if (!err)
        err = share_check(request_tx(request), check.prescription_id, check.version, &rows);
    if (err)
        return err;
    reply_header(request, "X-Robots-Tag", "noindex");
    return wants_page(request) ? reply_page(request, &rows) : reply_row(request, &rows);
}
