/* The files of the documentation page, embedded at build time (web.cmake): the pinned viewer and
 * our own index.html and init.js. They are kept as gzip, as nearly every client takes them. */
#ifndef API_WEB_ASSETS_H
#define API_WEB_ASSETS_H

#include <stddef.h>

struct web_asset {
    const char *name; /* "swagger-ui.css" */
    const char *content_type;
    const unsigned char *bytes; /* gzip */
    size_t length;
    size_t plain_length;
    const char *etag; /* with its quotes: a hash of the plain bytes */
};

extern const struct web_asset web_assets[];
extern const size_t web_assets_n;

#endif
