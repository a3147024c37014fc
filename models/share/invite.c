#include "models/share/invite.h"

#include "db/buf.h"

#include <stdbool.h>
#include <string.h>

/* E.164: with the country at most fifteen digits; fewer than eight are nobody's. */
enum { DIGITS_LEAST = 8, DIGITS_MOST = 15, INDIAN_DIGITS = 12 };

const char *invite_message(struct arena *arena, const struct invite *invite)
{
    static const struct {
        const char *language, *before_clinic, *before_url, *before_end, *after;
    } words[] = {
        {"en", "Greetings from ", ". A prescription is ready for you: ", " (the link works until ",
         ")."},
        {"hi", "", " की ओर से नमस्ते। आपके लिए एक पर्चा तैयार है: ", " (यह लिंक ", " तक चलेगा)।"},
        {"mr", "", " कडून नमस्कार. तुमच्यासाठी औषधचिठ्ठी तयार आहे: ", " (ही लिंक ", " पर्यंत चालेल)."},
    };
    size_t i = sizeof words / sizeof *words - 1;
    while (i > 0 && strcmp(words[i].language, invite->language) != 0)
        i--;
    return arena_format(arena, "%s%s%s%s%s%s%s", words[i].before_clinic, invite->clinic_name,
                        words[i].before_url, invite->url, words[i].before_end, invite->until,
                        words[i].after);
}

const char *invite_phone(const char *phone_key)
{
    if (!phone_key || phone_key[0] != '+')
        return NULL;
    size_t digits = strspn(phone_key + 1, "0123456789");
    bool is_whole =
        phone_key[1 + digits] == '\0' && digits >= DIGITS_LEAST && digits <= DIGITS_MOST;
    bool is_indian = strncmp(phone_key, "+91", 3) == 0;
    return is_whole && (!is_indian || digits == INDIAN_DIGITS) ? phone_key : NULL;
}

/* What RFC 3986 calls unreserved stays; the rest goes byte by byte. */
static void add_encoded(struct buf *out, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (const char *c = text; *c; c++) {
        if (strchr(plain, *c))
            buf_char(out, *c);
        else
            buf_format(out, "%%%02X", (unsigned char)*c);
    }
}

const char *invite_address(struct arena *arena, const char *method, const char *phone,
                           const char *message)
{
    struct buf out;
    buf_begin(&out, arena, 1024);
    if (strcmp(method, "whatsapp") == 0)
        buf_format(&out, "https://wa.me/%s?text=", phone + 1);
    else
        buf_format(&out, "sms:%s?body=", phone);
    add_encoded(&out, message);
    return out.text;
}
