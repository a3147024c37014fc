#include "api/http/schema.h"

#include <string.h>

enum { DEPTH_MAX = 32, NODES_MAX = 10000 };

/* Depth and number of values, counted before anything is made of them: a bomb costs one glance.
 * What is no JSON at all may be counted wrongly; the parser refuses it afterwards. */
static const char *shape_fault(const char *bytes, size_t length)
{
    size_t depth = 0, nodes = 1;

    for (size_t i = 0; i < length; i++) {
        switch (bytes[i]) {
        case '"':
            for (i++; i < length && bytes[i] != '"'; i++)
                i += bytes[i] == '\\';
            break;
        case '{':
        case '[':
            depth++;
            nodes++;
            break;
        case '}':
        case ']':
            depth -= depth > 0;
            break;
        case ',':
            nodes++;
            break;
        default:
            break;
        }
        if (depth > DEPTH_MAX)
            return "The body is nested deeper than 32";
        if (nodes > NODES_MAX)
            return "The body has more than 10000 values";
    }
    return NULL;
}

/* Our own words: Jansson's quote the input. */
static const char *parse_fault(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_premature_end_of_input:
        return "The body ends too early";
    case json_error_end_of_input_expected:
        return "Something follows the JSON value";
    case json_error_invalid_utf8:
        return "The body is not valid UTF-8";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "The body has a NUL character";
    case json_error_duplicate_key:
        return "A member is given twice";
    case json_error_numeric_overflow:
        return "A number is too large";
    case json_error_unknown:
    case json_error_out_of_memory:
    case json_error_stack_overflow:
    case json_error_cannot_open_file:
    case json_error_invalid_argument:
    case json_error_invalid_syntax:
    case json_error_invalid_format:
    case json_error_wrong_type:
    case json_error_null_value:
    case json_error_item_not_found:
    case json_error_index_out_of_range:
        break;
    }
    return "The body is not JSON";
}

json_t *json_read(const char *bytes, size_t length, struct fault *fault)
{
    json_error_t error;
    const char *why = shape_fault(bytes, length);
    json_t *value = NULL;

    if (why != NULL) {
        (void)fail(fault, ERR_INPUT, "malformed-json", "%s", why);
        return NULL;
    }
    value = json_loadb(bytes, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (value == NULL) {
        (void)fail(fault, ERR_INPUT, "malformed-json", "%s (line %d, column %d)",
                   parse_fault(&error), error.line, error.column);
        return NULL;
    }
    if (!json_is_object(value)) {
        (void)fail(fault, ERR_INPUT, "malformed-json", "The body must be a JSON object");
        json_decref(value);
        return NULL;
    }
    return value;
}
