#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "models/prescription/prescription.h"

static struct prescription_filters filters_of(struct request *request)
{
    return (struct prescription_filters){
        .q = request_query(request, "q"),
        .mine = request_query(request, "mine"),
        .patient_id = request_query(request, "patient_id"),
        .status = request_query(request, "status"),
        .from = request_query(request, "from"),
        .to = request_query(request, "to"),
    };
}

static const char *id_of(const struct request *request)
{
    return request_path(request, "id");
}

static enum err answer(struct request *request, enum err err, const struct rows *rows)
{
    return err ? err : reply_row(request, rows);
}

enum err prescriptions_list(struct request *request)
{
    const struct prescription_filters filters = filters_of(request);
    struct rows rows;
    int64_t total;
    enum err err = prescription_list(request_tx(request), request->clinic, &filters, &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}

enum err prescriptions_create(struct request *request)
{
    struct rows rows;
    enum err err =
        prescription_create(request_tx(request), request->clinic, request_body(request), &rows);
    return err ? reply_twin(request, err) : reply_row(request, &rows);
}

enum err prescriptions_get(struct request *request)
{
    struct rows rows;
    enum err err = prescription_find(request_tx(request), id_of(request), &rows);
    return answer(request, err, &rows);
}

enum err prescriptions_update(struct request *request)
{
    struct rows rows;
    enum err err = prescription_update(request_tx(request), request->clinic, id_of(request),
                                       request_body_text(request), &rows);
    return answer(request, err, &rows);
}

enum err prescriptions_delete(struct request *request)
{
    enum err err = prescription_delete(request_tx(request), id_of(request));
    return err ? err : reply_empty(request);
}

static enum err add_line(struct request *request, enum prescription_line kind)
{
    struct rows rows;
    enum err err = prescription_line_add(request_tx(request), kind, id_of(request),
                                         request_body(request), &rows);
    return err ? reply_twin(request, err) : reply_row(request, &rows);
}

static enum err update_line(struct request *request, enum prescription_line kind, const char *name)
{
    struct rows rows;
    enum err err =
        prescription_line_update(request_tx(request), kind, id_of(request),
                                 request_path(request, name), request_body_text(request), &rows);
    return answer(request, err, &rows);
}

static enum err delete_line(struct request *request, enum prescription_line kind, const char *name)
{
    struct rows rows;
    enum err err = prescription_line_delete(request_tx(request), kind, id_of(request),
                                            request_path(request, name), &rows);
    return answer(request, err, &rows);
}

enum err prescription_medicines_create(struct request *request)
{
    return add_line(request, LINE_MEDICINE);
}

enum err prescription_medicines_update(struct request *request)
{
    return update_line(request, LINE_MEDICINE, "mid");
}

enum err prescription_medicines_delete(struct request *request)
{
    return delete_line(request, LINE_MEDICINE, "mid");
}

enum err prescription_tests_create(struct request *request)
{
    return add_line(request, LINE_TEST);
}

enum err prescription_tests_update(struct request *request)
{
    return update_line(request, LINE_TEST, "tid");
}

enum err prescription_tests_delete(struct request *request)
{
    return delete_line(request, LINE_TEST, "tid");
}

enum err prescription_vitals_put(struct request *request)
{
    struct rows rows;
    enum err err =
        prescription_vitals(request_tx(request), id_of(request), request_body(request), &rows);
    return answer(request, err, &rows);
}

enum err prescription_notes_put(struct request *request)
{
    struct rows rows;
    enum err err =
        prescription_notes(request_tx(request), id_of(request), request_body_text(request), &rows);
    return answer(request, err, &rows);
}

static enum err step(struct request *request, const char *to_status)
{
    struct rows rows;
    enum err err = prescription_step(request_tx(request), id_of(request), to_status,
                                     request_string(request, "reason"), &rows);
    return answer(request, err, &rows);
}

enum err prescriptions_complete(struct request *request)
{
    return step(request, "completed");
}

enum err prescriptions_cancel(struct request *request)
{
    return step(request, "cancelled");
}

enum err prescriptions_reopen(struct request *request)
{
    return step(request, "pending");
}

enum err prescriptions_stats(struct request *request)
{
    const struct prescription_filters filters = {
        .mine = request_query(request, "mine"),
        .patient_id = request_query(request, "patient_id"),
        .from = request_query(request, "from"),
        .to = request_query(request, "to"),
    };
    struct rows rows;
    enum err err = prescription_stats(request_tx(request), request->clinic, &filters, &rows);
    return answer(request, err, &rows);
}

static enum err recommend(struct request *request)
{
    struct rows rows;
    enum err err = prescription_recommend(request_tx(request), id_of(request),
                                          request_string(request, "admission_type"),
                                          request_string(request, "reason"), &rows);
    return answer(request, err, &rows);
}

enum err admission_recommendations_put(struct request *request)
{
    return recommend(request);
}

/* Without a body there is no reason: that is how it is withdrawn. */
enum err admission_recommendations_delete(struct request *request)
{
    return recommend(request);
}

enum err admission_recommendations_list(struct request *request)
{
    const struct prescription_filters filters = {
        .mine = request_query(request, "mine"),
        .patient_id = request_query(request, "patient_id"),
        .status = request_query(request, "status"),
    };
    struct rows rows;
    int64_t total;
    enum err err = prescription_recommendations(request_tx(request), &filters, &rows, &total);
    return err ? err : reply_list(request, &rows, total);
}
