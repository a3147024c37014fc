#include "api/document/describe_parts.h"

void draft_summary(struct draft *draft)
{
    draft->out->title = say(draft, LABEL_DISCHARGE_SUMMARY);
    draft_patient(draft);
    draft_allergies(draft);
}
