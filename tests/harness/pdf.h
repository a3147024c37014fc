/* A PDF as other people's programs see it (poppler, zbar): never pixels against pixels. Results
 * live in the arena; all of them die when a program is not there or refuses the file. */
#ifndef TESTS_HARNESS_PDF_H
#define TESTS_HARNESS_PDF_H

#include "db/arena.h"

#include <stddef.h>

/* Its text, laid out as it stands on the page, pages parted by form feeds. */
const char *pdf_text(struct arena *arena, const void *bytes, size_t length);

/* One page of it. */
const char *pdf_page(struct arena *arena, const void *bytes, size_t length, int page);

/* A line of what pdfinfo says, without its name: "595.276 x 841.89 pts (A4)" of "Page size". */
const char *pdf_info(struct arena *arena, const void *bytes, size_t length, const char *name);
int pdf_pages(struct arena *arena, const void *bytes, size_t length);

/* How many fonts it uses, and how many of them are not in it. */
int pdf_fonts(struct arena *arena, const void *bytes, size_t length, int *missing);

/* What the QR code of its last page says; "" when there is none. */
const char *pdf_code(struct arena *arena, const void *bytes, size_t length);

/* Its text with every run of blanks as one: for sentences that the page breaks into lines. */
const char *pdf_words(struct arena *arena, const void *bytes, size_t length);

#endif
