/* Papers: a prescription and a discharge summary as people hold them, in PDF, HTML and JSON, all
 * three made of one description (the JSON is the description). The same facts give the same bytes
 * everywhere and at any time: fonts are embedded in the program, nothing asks the machine or the
 * clock. */
#ifndef API_DOCUMENT_PAPER_H
#define API_DOCUMENT_PAPER_H

#include "api/http/reply.h"

enum paper_kind { PAPER_PRESCRIPTION, PAPER_DISCHARGE_SUMMARY };

/* Answers with the paper as the operation's query parameters `format` (pdf, html, json), `paper`
 * (A4, A5) and `lang` (en, hi, mr; default: the clinic's) ask. `facts` has one row with the column
 * `paper` (prescription_paper(), admission_paper()). Made on a thread of its own pool
 * (request_offload()); no tx may be under way. */
enum err reply_paper(struct request *request, enum paper_kind kind, const struct rows *facts) FAILS;

#endif
