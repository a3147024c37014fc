/* A phone number as it is compared: "+" and digits (E.164), made of what people type. */
#ifndef MODELS_PATIENT_PHONE_H
#define MODELS_PATIENT_PHONE_H

enum { PHONE_KEY_TEXT = 24 };

/* "098800 12345", "+91-98800-12345" and "00919880012345" are one number, "+919880012345". A number
 * without its country is of `country` ("91"). NULL when there are no digits, or more than 15. A
 * number that is not whole gives the beginning of its key. */
const char *phone_key(const char *typed, const char *country, char out[PHONE_KEY_TEXT]);

#endif
