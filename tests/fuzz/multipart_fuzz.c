/* Any bytes as a body in parts, in pieces of a size that the first byte says: no crash, the same
 * parts whatever the pieces, and no part that the bytes do not hold. */
#include "api/http/multipart.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct heard {
    crypto_hash_sha256_state hash;
    size_t bytes;
    uint64_t next; /* offset that must come */
};

static void expect(bool is_true)
{
    if (!is_true)
        abort();
}

static bool on_part(void *user, const struct multipart_part *part, const char *bytes,
                    uint64_t offset, size_t length)
{
    struct heard *heard = user;
    expect(offset == 0 || offset == heard->next);
    expect(*part->name && part->file_name);
    if (!offset) {
        const char *type = part->media_type ? part->media_type : "";
        crypto_hash_sha256_update(&heard->hash, (const unsigned char *)part->name,
                                  strlen(part->name) + 1);
        crypto_hash_sha256_update(&heard->hash, (const unsigned char *)part->file_name,
                                  strlen(part->file_name) + 1);
        crypto_hash_sha256_update(&heard->hash, (const unsigned char *)type, strlen(type) + 1);
    }
    crypto_hash_sha256_update(&heard->hash, (const unsigned char *)bytes, length);
    heard->next = offset + length;
    heard->bytes += length;
    return true;
}

static bool read_all(const char *bytes, size_t size, size_t piece,
                     unsigned char digest[crypto_hash_sha256_BYTES])
{
    struct multipart multipart;
    struct heard heard = {0};
    bool is_good = true;
    crypto_hash_sha256_init(&heard.hash);
    multipart_begin(&multipart, "b", on_part, &heard);
    for (size_t at = 0; is_good && at < size; at += piece)
        is_good = multipart_feed(&multipart, bytes + at, size - at < piece ? size - at : piece);
    expect(heard.bytes <= size);
    expect(is_good || (multipart.fault && !multipart_is_whole(&multipart)));
    crypto_hash_sha256_final(&heard.hash, digest);
    return multipart_is_whole(&multipart);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char whole[crypto_hash_sha256_BYTES], cut[crypto_hash_sha256_BYTES];
    if (!size)
        return 0;
    const char *body = (const char *)data + 1;
    bool is_whole = read_all(body, size - 1, size, whole);
    expect(read_all(body, size - 1, 1 + data[0], cut) == is_whole);
    expect(!is_whole || memcmp(whole, cut, sizeof whole) == 0);
    return 0;
}
