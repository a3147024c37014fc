#include "api/endpoints.h"
#include "api/http/request.h"
#include "api/sign_in.h"

enum err platform_login(struct request *request)
{
    return sign_in(request, &realm_platform);
}

enum err platform_refresh(struct request *request)
{
    return sign_in_refresh(request, &realm_platform);
}

enum err platform_logout(struct request *request)
{
    return sign_in_end(request, &realm_platform);
}

enum err platform_password(struct request *request)
{
    return sign_in_change_password(request, &realm_platform);
}

enum err platform_me(struct request *request)
{
    return sign_in_show(request, &realm_platform);
}
