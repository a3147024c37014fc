/* The message that brings a share link to somebody, and the address that opens it, ready to send,
 * in WhatsApp or among the text messages.
 *
 * It says which clinic greets, that a prescription is ready, where, and until when: nothing
 * medical, no number or name of anybody.
 */
#ifndef MODELS_SHARE_INVITE_H
#define MODELS_SHARE_INVITE_H

#include "db/arena.h"

struct invite {
    const char *clinic_name;
    const char *url;
    const char *until;    /* as people write it */
    const char *language; /* "en" "hi" "mr"; any other is "en" */
};

/* In the arena. */
const char *invite_message(struct arena *arena, const struct invite *invite);

/* `phone_key` when messages can be sent to it: a whole number in E.164. NULL when it is not, or
 * NULL itself. */
const char *invite_phone(const char *phone_key);

/* https://wa.me/<digits>?text=… for "whatsapp", else sms:+<digits>?body=…, percent-encoded.
 * phone: of invite_phone(). In the arena. */
const char *invite_address(struct arena *arena, const char *method, const char *phone,
                           const char *message);

#endif
