#include "models/session/realm.h"

#include "gen/queries.h"

const struct realm realm_clinic = {
    .actor_kind = "account",
    .account_entity = "account",
    .session_news = "session",
    .account_news = "account",
    .access_prefix = "ca_",
    .refresh_prefix = "cr_",
    .admit = &q_account_admit,
    .forgive = &q_account_forgive,
    .find_account = &q_account_find,
    .lock = &q_account_lock,
    .change_password = &q_account_change_password,
    .open = &q_session_open,
    .refresh = &q_session_refresh,
    .end = &q_session_end,
    .end_family = &q_session_end_family,
    .find_session = &q_session_find,
};

const struct realm realm_platform = {
    .actor_kind = "platform",
    .account_entity = "platform_account",
    .session_news = "platform_session",
    .account_news = "platform_account",
    .access_prefix = "pa_",
    .refresh_prefix = "pr_",
    .admit = &q_platform_admit,
    .forgive = &q_platform_forgive,
    .find_account = &q_platform_find,
    .lock = &q_platform_lock,
    .change_password = &q_platform_change_password,
    .open = &q_platform_session_open,
    .refresh = &q_platform_session_refresh,
    .end = &q_platform_session_end,
    .end_family = &q_platform_session_end_family,
    .find_session = &q_platform_session_find,
};
