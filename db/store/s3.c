#include "db/store/s3.h"

#include "db/clock.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
    IDLE_MOST = 8,               /* connections that wait for the next request */
    PIECE = CURL_MAX_WRITE_SIZE, /* what libcurl gives at once, at most */
    BODY_MOST = 4 * 1024 * 1024, /* of an answer that is taken whole */
    AGAIN_MOST = 4,
    AGAIN_MS = 100, /* doubled each time */
    LOOK_MS = 1000,
    SERVER_ERROR = 500,
    TOO_MANY_REQUESTS = 429,
    STORAGE_FULL = 507,
};

static const char empty_sha256[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/* A handle and the connection that it keeps. One request at a time. */
struct s3_stream {
    struct s3 *s3;
    CURLM *multi;
    CURL *easy;
    struct curl_slist *headers;
    const struct s3_request *request;
    struct s3_answer *answer; /* while its head and a whole body come */
    uint64_t sent;
    unsigned char piece[PIECE];
    size_t piece_from, piece_to;
    bool is_streamed, is_added, is_paused, is_done;
    CURLcode result;
    struct s3_stream *next;
};

struct s3 {
    char *base;   /* https://host/bucket */
    char *prefix; /* "" or "prefix/" */
    char *signer; /* aws:amz:region:s3 */
    char *access_key, *secret_key;
    long timeout_s;
    pthread_mutex_t mutex;
    struct s3_stream *idle;
    int idle_n;
};

/* --- settings ------------------------------------------------------------------------------- */

static bool is_plain(const char *text)
{
    for (; *text; text++) {
        if (!isalnum((unsigned char)*text) && !strchr("-._/", *text))
            return false;
    }
    return true;
}

static bool is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strncmp(host, "localhost", 9) == 0;
}

/* https://host[:port]/bucket[/prefix] into its parts. What is said of patients is not sent in the
 * open. */
static enum err url_split(const char *url, struct fault *fault, struct s3 *s3)
{
    bool is_secure = strncmp(url, "https://", 8) == 0;
    const char *host = is_secure ? url + 8 : strncmp(url, "http://", 7) == 0 ? url + 7 : NULL;
    if (!host || (!is_secure && !is_loopback(host)))
        return fail(fault, ERR_INPUT, NULL, "the bucket's url must begin with https://");
    const char *path = strchr(host, '/');
    if (!path || path == host || path[1] == '\0' || path[1] == '/' || !is_plain(path) ||
        strstr(path, "..") || strpbrk(host, "?#@ "))
        return fail(fault, ERR_INPUT, NULL,
                    "the bucket's url must be https://host/bucket[/prefix]");
    size_t bucket = strcspn(path + 1, "/");
    const char *prefix = path + 1 + bucket;
    prefix += strspn(prefix, "/");
    size_t length = strlen(prefix);
    while (length > 0 && prefix[length - 1] == '/')
        length--;
    if (asprintf(&s3->base, "%.*s", (int)(path + 1 + bucket - url), url) < 0 ||
        asprintf(&s3->prefix, "%.*s%s", (int)length, prefix, length ? "/" : "") < 0)
        abort();
    return ERR_NONE;
}

static char *copy(const char *text)
{
    char *out = strdup(text ? text : "");
    if (!out)
        abort();
    return out;
}

enum err s3_open(const struct store_options *options, struct fault *fault, struct s3 **out)
{
    if (!options->access_key || !options->access_key[0] || !options->secret_key ||
        !options->secret_key[0])
        return fail(fault, ERR_INPUT, NULL, "the bucket needs an access key and a secret key");
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return fail(fault, ERR_INTERNAL, NULL, "libcurl does not start");
    struct s3 *s3 = calloc(1, sizeof *s3);
    if (!s3 || asprintf(&s3->signer, "aws:amz:%s:s3", options->region) < 0)
        abort();
    pthread_mutex_init(&s3->mutex, NULL);
    s3->access_key = copy(options->access_key);
    s3->secret_key = copy(options->secret_key);
    s3->timeout_s = options->timeout_s;
    enum err err = url_split(options->bucket_url, fault, s3);
    if (err)
        s3_close(s3);
    else
        *out = s3;
    return err;
}

static void stream_free(struct s3_stream *stream)
{
    curl_slist_free_all(stream->headers);
    curl_easy_cleanup(stream->easy);
    curl_multi_cleanup(stream->multi);
    free(stream);
}

void s3_close(struct s3 *s3)
{
    if (!s3)
        return;
    for (struct s3_stream *stream = s3->idle, *next; stream; stream = next) {
        next = stream->next;
        stream_free(stream);
    }
    sodium_memzero(s3->secret_key, strlen(s3->secret_key));
    free(s3->secret_key);
    free(s3->access_key);
    free(s3->signer);
    free(s3->prefix);
    free(s3->base);
    pthread_mutex_destroy(&s3->mutex);
    free(s3);
    curl_global_cleanup();
}

const char *s3_prefix(const struct s3 *s3)
{
    return s3->prefix;
}

/* --- what libcurl calls --------------------------------------------------------------------- */

static size_t on_body(char *bytes, size_t one, size_t n, void *user)
{
    struct s3_stream *stream = user;
    (void)one;
    if (!stream->is_streamed) {
        if (stream->answer->body.length + n > BODY_MOST)
            return 0;
        buf_add(&stream->answer->body, bytes, n);
        return n;
    }
    if (stream->piece_from < stream->piece_to || n > PIECE) {
        stream->is_paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    memcpy(stream->piece, bytes, n);
    stream->piece_from = 0;
    stream->piece_to = n;
    return n;
}

static size_t on_header(char *line, size_t one, size_t n, void *user)
{
    static const char range[] = "content-range:";
    struct s3_stream *stream = user;
    (void)one;
    const char *slash = n > sizeof range ? memchr(line, '/', n) : NULL;
    if (stream->answer && slash && strncasecmp(line, range, sizeof range - 1) == 0)
        stream->answer->total = strtoull(slash + 1, NULL, 10); /* the line ends in CR LF */
    return n;
}

static size_t on_upload(char *out, size_t one, size_t room, void *user)
{
    struct s3_stream *stream = user;
    (void)one;
    ssize_t n = pread(stream->request->body, out, room, (off_t)stream->sent);
    if (n < 0)
        return CURL_READFUNC_ABORT;
    stream->sent += (uint64_t)n;
    return (size_t)n;
}

/* A connection that was kept and had gone: libcurl begins again with another. */
static int on_rewind(void *user, curl_off_t offset, int origin)
{
    struct s3_stream *stream = user;
    if (origin != SEEK_SET)
        return CURL_SEEKFUNC_CANTSEEK;
    stream->sent = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* --- one exchange --------------------------------------------------------------------------- */

static struct s3_stream *stream_take(struct s3 *s3)
{
    pthread_mutex_lock(&s3->mutex);
    struct s3_stream *stream = s3->idle;
    if (stream) {
        s3->idle = stream->next;
        s3->idle_n--;
    }
    pthread_mutex_unlock(&s3->mutex);
    if (!stream)
        stream = calloc(1, sizeof *stream);
    if (!stream)
        abort();
    if (!stream->multi)
        *stream = (struct s3_stream){.multi = curl_multi_init(), .easy = curl_easy_init()};
    if (!stream->multi || !stream->easy)
        abort();
    stream->s3 = s3;
    return stream;
}

static void stream_give_back(struct s3_stream *stream)
{
    struct s3 *s3 = stream->s3;
    if (stream->is_added)
        curl_multi_remove_handle(stream->multi, stream->easy);
    stream->is_added = false;
    curl_easy_reset(stream->easy);
    curl_slist_free_all(stream->headers);
    stream->headers = NULL;
    pthread_mutex_lock(&s3->mutex);
    bool is_kept = s3->idle_n < IDLE_MOST;
    if (is_kept) {
        stream->next = s3->idle;
        s3->idle = stream;
        s3->idle_n++;
    }
    pthread_mutex_unlock(&s3->mutex);
    if (!is_kept)
        stream_free(stream);
}

static void handle_sign(struct s3_stream *stream)
{
    const struct s3 *s3 = stream->s3;
    char header[128];
    snprintf(header, sizeof header, "x-amz-content-sha256: %s",
             stream->request->sha256 ? stream->request->sha256 : empty_sha256);
    stream->headers = curl_slist_append(NULL, header);
    curl_easy_setopt(stream->easy, CURLOPT_HTTPHEADER, stream->headers);
    curl_easy_setopt(stream->easy, CURLOPT_AWS_SIGV4, s3->signer);
    curl_easy_setopt(stream->easy, CURLOPT_USERNAME, s3->access_key);
    curl_easy_setopt(stream->easy, CURLOPT_PASSWORD, s3->secret_key);
}

static void handle_say_method(struct s3_stream *stream)
{
    const struct s3_request *request = stream->request;
    if (strcmp(request->method, "PUT") == 0) {
        curl_easy_setopt(stream->easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(stream->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body_size);
        curl_easy_setopt(stream->easy, CURLOPT_READFUNCTION, on_upload);
        curl_easy_setopt(stream->easy, CURLOPT_READDATA, stream);
        curl_easy_setopt(stream->easy, CURLOPT_SEEKFUNCTION, on_rewind);
        curl_easy_setopt(stream->easy, CURLOPT_SEEKDATA, stream);
    } else if (strcmp(request->method, "HEAD") == 0) {
        curl_easy_setopt(stream->easy, CURLOPT_NOBODY, 1L);
    } else {
        curl_easy_setopt(stream->easy, CURLOPT_CUSTOMREQUEST, request->method);
    }
    if (request->range)
        curl_easy_setopt(stream->easy, CURLOPT_RANGE, request->range);
}

/* What moves bytes is given up when it stands still; all else has its time in whole. */
static void handle_limit(struct s3_stream *stream)
{
    long timeout_s = stream->s3->timeout_s;
    curl_easy_setopt(stream->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(stream->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(stream->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(stream->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(stream->easy, CURLOPT_CONNECTTIMEOUT, timeout_s);
    curl_easy_setopt(stream->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(stream->easy, CURLOPT_LOW_SPEED_TIME, timeout_s);
    if (!stream->is_streamed && !stream->request->body_size)
        curl_easy_setopt(stream->easy, CURLOPT_TIMEOUT, timeout_s);
}

static void stream_begin(struct s3_stream *stream, struct arena *arena)
{
    const struct s3_request *request = stream->request;
    const struct s3 *s3 = stream->s3;
    const char *url =
        arena_format(arena, "%s%s%s%s%s", s3->base, request->key[0] ? "/" : "", request->key,
                     request->query ? "?" : "", request->query ? request->query : "");
    stream->sent = 0;
    stream->piece_from = stream->piece_to = 0;
    stream->is_paused = stream->is_done = false;
    stream->result = CURLE_OK;
    curl_easy_reset(stream->easy);
    curl_slist_free_all(stream->headers);
    curl_easy_setopt(stream->easy, CURLOPT_URL, url);
    curl_easy_setopt(stream->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(stream->easy, CURLOPT_WRITEDATA, stream);
    curl_easy_setopt(stream->easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(stream->easy, CURLOPT_HEADERDATA, stream);
    handle_sign(stream);
    handle_say_method(stream);
    handle_limit(stream);
    curl_multi_add_handle(stream->multi, stream->easy);
    stream->is_added = true;
}

/* Moves what can be moved; waits for more unless it is done. */
static void stream_step(struct s3_stream *stream)
{
    int running = 0, left = 0;
    if (stream->is_paused && stream->piece_from == stream->piece_to) {
        stream->is_paused = false;
        curl_easy_pause(stream->easy, CURLPAUSE_CONT);
    }
    CURLMcode code = curl_multi_perform(stream->multi, &running);
    for (CURLMsg *said; (said = curl_multi_info_read(stream->multi, &left));) {
        if (said->msg == CURLMSG_DONE) {
            stream->is_done = true;
            stream->result = said->data.result;
        }
    }
    if (code != CURLM_OK && !stream->is_done) {
        stream->is_done = true;
        stream->result = CURLE_FAILED_INIT;
    }
    if (!stream->is_done && !stream->is_paused && stream->piece_from == stream->piece_to)
        curl_multi_poll(stream->multi, NULL, 0, LOOK_MS, NULL);
}

/* Until all is there, or, of what is streamed, the first of the body. */
static void stream_await(struct s3_stream *stream)
{
    curl_off_t length = -1;
    do
        stream_step(stream);
    while (!stream->is_done && stream->piece_from == stream->piece_to);
    curl_easy_getinfo(stream->easy, CURLINFO_RESPONSE_CODE, &stream->answer->status);
    curl_easy_getinfo(stream->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    stream->answer->length = length > 0 ? (uint64_t)length : 0;
}

static bool says_later(const struct s3_answer *answer)
{
    return answer->status == TOO_MANY_REQUESTS ||
           (answer->status >= SERVER_ERROR && answer->status != STORAGE_FULL);
}

static enum err why_not(const struct s3_stream *stream, struct fault *fault)
{
    if (stream->is_done && stream->result != CURLE_OK)
        return fail_quietly(fault, ERR_UNAVAILABLE, "store-unavailable", "the bucket: %s: %s",
                            stream->request->method, curl_easy_strerror(stream->result));
    return fail_quietly(fault, ERR_UNAVAILABLE, "store-unavailable", "the bucket: %s: status %ld",
                        stream->request->method, stream->answer->status);
}

/* All that is asked of a bucket can be asked twice: a PUT puts the same bytes under the same name.
 * A timeout is not tried again, it has had its time. */
static enum err stream_try(struct s3_stream *stream, struct fault *fault)
{
    int64_t until = clock_monotonic_us() + stream->s3->timeout_s * 1000000;
    for (int round = 0;; round++) {
        stream->answer->body.length = 0;
        stream_begin(stream, fault->arena);
        stream_await(stream);
        bool is_broken = stream->is_done && stream->result != CURLE_OK;
        if (!is_broken && !says_later(stream->answer))
            return ERR_NONE;
        int pause_ms = AGAIN_MS << round;
        pause_ms += (int)randombytes_uniform((uint32_t)pause_ms);
        if (round + 1 == AGAIN_MOST || (is_broken && stream->result == CURLE_OPERATION_TIMEDOUT) ||
            clock_monotonic_us() + pause_ms * INT64_C(1000) > until)
            return why_not(stream, fault);
        curl_multi_remove_handle(stream->multi, stream->easy);
        stream->is_added = false;
        usleep((useconds_t)pause_ms * 1000);
    }
}

enum err s3_ask(struct s3 *s3, const struct s3_request *request, struct fault *fault,
                struct s3_answer *out)
{
    struct s3_stream *stream = stream_take(s3);
    *out = (struct s3_answer){0};
    buf_begin(&out->body, fault->arena, 1024);
    stream->request = request;
    stream->answer = out;
    stream->is_streamed = false;
    enum err err = stream_try(stream, fault);
    stream_give_back(stream);
    return err;
}

/* --- streams -------------------------------------------------------------------------------- */

enum err s3_stream_open(struct s3 *s3, const struct s3_request *request, struct fault *fault,
                        struct s3_answer *out, struct s3_stream **result)
{
    struct s3_stream *stream = stream_take(s3);
    *out = (struct s3_answer){0};
    stream->request = request;
    stream->answer = out;
    stream->is_streamed = true;
    enum err err = stream_try(stream, fault);
    stream->request = NULL; /* theirs, and not read any more */
    stream->answer = NULL;
    if (err)
        s3_stream_close(stream);
    else
        *result = stream;
    return err;
}

ssize_t s3_stream_read(struct s3_stream *stream, void *out, size_t room)
{
    while (!stream->is_done && stream->piece_from == stream->piece_to)
        stream_step(stream);
    size_t n = stream->piece_to - stream->piece_from;
    if (n == 0)
        return stream->result == CURLE_OK ? 0 : -1;
    if (n > room)
        n = room;
    memcpy(out, stream->piece + stream->piece_from, n);
    stream->piece_from += n;
    return (ssize_t)n;
}

void s3_stream_close(struct s3_stream *stream)
{
    if (stream)
        stream_give_back(stream);
}
