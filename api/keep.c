#include "api/keep.h"

#include "api/http/custodian.h"
#include "api/http/service.h"
#include "api/http/upload.h"
#include "db/store/sniffer.h"

#include <string.h>

static enum err judge(struct request *request, struct upload *upload)
{
    struct verdict verdict;
    enum err err = sniffer_judge(request->service->sniffer, upload->spool, upload->name,
                                 upload->declared_type, &request->fault, &verdict);
    if (!err)
        upload->declared_type = verdict.media_type; /* and that is what it is from here on */
    return err;
}

static enum err paint(struct request *request, struct upload *upload)
{
    struct service *service = request->service;
    struct verdict verdict;
    struct spool *clean = NULL;
    if (strncmp(upload->declared_type, "image/", strlen("image/")) != 0)
        return request_fail(request, ERR_INPUT, "unsupported-media-type",
                            "a logo is a PNG or a JPEG");
    enum err err = spool_open(service->store, request->scope.clinic_id, service->options.logo_max,
                              &request->fault, &clean);
    if (!err)
        err = sniffer_repaint(service->sniffer, upload->spool, clean, &request->fault, &verdict);
    if (!err)
        err = spool_finish(clean, &request->fault);
    if (err) {
        spool_drop(clean);
        return err;
    }
    spool_drop(upload->spool);
    upload->spool = clean;
    upload->declared_type = verdict.media_type;
    upload->name = "logo.png";
    return ERR_NONE;
}

static enum err keep(struct request *request, bool is_logo, struct file_facts *out)
{
    struct upload *upload = request_upload(request);
    struct store *store = request->service->store;
    *out = (struct file_facts){0};
    if (request_tx(request)->kept)
        return ERR_NONE;
    if (!*upload->id) /* given up for a twin's answer, which then did not come about */
        return request_fail(request, ERR_CONFLICT, "idempotency-key-in-use", NULL);
    enum err err = upload->is_kept ? ERR_NONE : judge(request, upload);
    if (!err && is_logo && !upload->is_kept)
        err = paint(request, upload);
    if (!err && !upload->is_kept)
        err = store_keep(store, upload->spool, upload->id, &request->fault);
    if (err)
        return err;
    upload->is_kept = true;
    *out = (struct file_facts){
        .id = upload->id,
        .name = upload->name,
        .media_type = upload->declared_type,
        .sha256 = spool_sha256(upload->spool),
        .size = spool_size(upload->spool),
        .is_pending = !is_logo && request->service->scanner, /* a logo is painted by us */
    };
    return ERR_NONE;
}

enum err keep_file(struct request *request, struct file_facts *out)
{
    return keep(request, false, out);
}

enum err keep_logo(struct request *request, struct file_facts *out)
{
    return keep(request, true, out);
}

enum err keep_settle(struct request *request, enum err err)
{
    struct upload *upload = request_upload(request);
    if (!err)
        custodian_wake(request->service->custodian);
    bool is_unnamed =
        err == ERR_INPUT || err == ERR_NOT_FOUND || err == ERR_CONFLICT || err == ERR_REPLAY;
    if (!is_unnamed || !upload->is_kept)
        return err; /* named, perhaps named, or about to be tried again */
    struct fault ignored = {.arena = &request->arena};
    if (store_remove(request->service->store, request->scope.clinic_id, upload->id, &ignored))
        request->fault.reason = "a file without a row is left to the sweep";
    upload->is_kept = false;
    upload->id[0] = '\0';
    return err;
}
