#include "api/endpoints.h"
#include "api/http/request.h"
#include "api/sign_in.h"

enum err auth_login(struct request *request)
{
    return sign_in(request, &realm_clinic);
}

enum err auth_refresh(struct request *request)
{
    return sign_in_refresh(request, &realm_clinic);
}

enum err auth_logout(struct request *request)
{
    return sign_in_end(request, &realm_clinic);
}

enum err auth_password(struct request *request)
{
    return sign_in_change_password(request, &realm_clinic);
}

enum err auth_me(struct request *request)
{
    return sign_in_show(request, &realm_clinic);
}
