#include "api/http/permit.h"

#include "api/http/service.h"
#include "models/clinic/directory.h"

#include <string.h>

static uint64_t role_of(const struct request *request)
{
    const struct principal *who = request->principal;
    if (who->kind == PRINCIPAL_ANONYMOUS)
        return 0;
    return document_role(request->service->document, who->role);
}

static enum err check_clinic(struct request *request)
{
    if (!request->operation->in_clinic)
        return ERR_NONE;
    bool is_anonymous = request->principal->kind == PRINCIPAL_ANONYMOUS;
    if (!request->clinic) {
        if (is_anonymous && !request->operation->is_public)
            return request_fail(request, ERR_INPUT, "unauthenticated", NULL);
        return request_fail(request, ERR_NOT_FOUND, "not-found", NULL);
    }
    bool is_closed = request->clinic->state == CLINIC_CLOSED;
    if (is_closed && (is_anonymous ? request->operation->is_public
                                   : request->principal->kind == PRINCIPAL_ACCOUNT))
        return request_fail(request, ERR_INPUT, "clinic-inactive", NULL);
    return ERR_NONE;
}

static const char *const *members_for(const struct role_view *views, size_t n, const char *role)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(views[i].role, role) == 0)
            return views[i].members;
    return NULL;
}

void permit_view(const struct operation *operation, const char *role, struct view *out)
{
    *out = (struct view){
        .hidden = members_for(operation->hidden, operation->hidden_n, role),
        .masked = members_for(operation->masked, operation->masked_n, role),
    };
}

static void choose_view(struct request *request)
{
    const char *role = request->principal->role;
    permit_view(request->operation, role, &request->view);
    request->view.clinic_id = request->scope.clinic_id;
    bool is_whole = !request->view.hidden && !request->view.masked;
    request->if_match_suffix = is_whole ? "" : arena_format(&request->arena, "-%s", role);
}

enum err permit(struct request *request)
{
    const struct operation *operation = request->operation;
    const struct principal *who = request->principal;
    enum err err = check_clinic(request);
    if (err)
        return err;
    choose_view(request);
    if (operation->is_public)
        return ERR_NONE;
    if (who->kind == PRINCIPAL_ANONYMOUS)
        return request_fail(request, ERR_INPUT, "unauthenticated", NULL);
    const struct document *document = request->service->document;
    uint64_t needed = operation->permission;
    if (!(role_of(request) & needed))
        return request_fail(request, ERR_INPUT, "missing-permission", NULL);
    if (who->must_change_password &&
        !(document_role(document, "password_change_required") & needed))
        return request_fail(request, ERR_INPUT, "password-change-required", NULL);
    if (who->kind == PRINCIPAL_ACCOUNT && request->clinic &&
        request->clinic->state == CLINIC_EXPIRED &&
        !(document_role(document, "subscription_expired") & needed))
        return request_fail(request, ERR_INPUT, "subscription-inactive", NULL);
    return ERR_NONE;
}

enum err permit_input(struct request *request)
{
    const struct operation *operation = request->operation;
    uint64_t role = role_of(request);
    const char *denied = NULL;
    for (size_t i = 0; i < operation->query_n; i++) {
        uint64_t needed = operation->query[i].permission;
        if (request->query[i] && needed && !(role & needed))
            denied = operation->query[i].name;
    }
    for (size_t i = 0; i < operation->body_permissions_n; i++) {
        const struct member_permission *member = &operation->body_permissions[i];
        if (json_object_get(request->body, member->member) && !(role & member->permission))
            denied = member->member;
    }
    if (!denied)
        return ERR_NONE;
    if (request->principal->kind == PRINCIPAL_ANONYMOUS)
        return request_fail(request, ERR_INPUT, "unauthenticated", NULL);
    return request_fail(request, ERR_INPUT, "missing-permission",
                        "%s needs more than your role has", denied);
}
