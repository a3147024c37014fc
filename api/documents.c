#include "api/document/paper.h"
#include "api/endpoints.h"
#include "api/http/request.h"
#include "models/admission/admission.h"
#include "models/prescription/prescription.h"

enum err prescriptions_document(struct request *request)
{
    struct rows rows;
    enum err err = prescription_paper(request_tx(request), request_path(request, "id"), &rows);
    return err ? err : reply_paper(request, PAPER_PRESCRIPTION, &rows);
}

enum err admissions_document(struct request *request)
{
    struct rows rows;
    enum err err = admission_paper(request_tx(request), request_path(request, "id"), &rows);
    return err ? err : reply_paper(request, PAPER_DISCHARGE_SUMMARY, &rows);
}
