/* The two places where one can sign in: a clinic, and the platform. They have tables of their own
 * and the same rules; what differs stands here. The queries of a row take the same arguments in the
 * same order in both realms: session.c and account.c assert it. */
#ifndef MODELS_SESSION_REALM_H
#define MODELS_SESSION_REALM_H

#include "db/query.h"

struct realm {
    const char *actor_kind;     /* "account" "platform" */
    const char *account_entity; /* for the audit row */
    const char *session_news;   /* kinds of db/listen.h */
    const char *account_news;
    const char *access_prefix, *refresh_prefix;
    const struct query *admit, *forgive, *find_account, *lock, *change_password;
    const struct query *open, *refresh, *end, *end_family, *find_session;
};

extern const struct realm realm_clinic, realm_platform;

#endif
