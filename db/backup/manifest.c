#include "db/backup/manifest.h"

#include "db/backup/folder.h"
#include "db/json.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define MANIFEST_SCHEMA "clinicd.backup/1"

/* The texts of a manifest, by their names in the file. */
static const struct {
    const char *name;
    size_t offset;
    bool is_postgresql; /* only of that kind, and there required */
} texts[] = {
    {"kind", offsetof(struct manifest, kind), false},
    {"id", offsetof(struct manifest, id), false},
    {"made_at", offsetof(struct manifest, made_at), false},
    {"tool", offsetof(struct manifest, tool), false},
    {"payload", offsetof(struct manifest, payload), false},
    {"sha256", offsetof(struct manifest, sha256), false},
    {"database", offsetof(struct manifest, database), true},
    {"server_version", offsetof(struct manifest, server_version), true},
    {"system_identifier", offsetof(struct manifest, system_identifier), true},
    {"owner", offsetof(struct manifest, owner), true},
    {"encoding", offsetof(struct manifest, encoding), true},
    {"collate", offsetof(struct manifest, collate), true},
    {"ctype", offsetof(struct manifest, ctype), true},
    {"snapshot", offsetof(struct manifest, snapshot), true},
    {"lsn", offsetof(struct manifest, lsn), true},
    {"dump_tool", offsetof(struct manifest, dump_tool), true},
};

enum { TEXTS_N = sizeof texts / sizeof texts[0] };

static const char **text_at(struct manifest *manifest, size_t i)
{
    return (const char **)(void *)((char *)manifest + texts[i].offset);
}

static void tables_write(struct buf *out, const struct manifest *manifest)
{
    buf_text(out, ",\n  \"tables\": [");
    for (size_t i = 0; i < manifest->tables_n; i++) {
        const struct table_sum *table = &manifest->tables[i];
        buf_text(out, i ? ",\n    {\"name\": " : "\n    {\"name\": ");
        buf_json_string(out, table->name);
        buf_format(out, ", \"rows\": %" PRId64 ", \"checksum\": ", table->rows);
        buf_json_string(out, table->checksum);
        buf_char(out, '}');
    }
    buf_text(out, "\n  ],\n  \"sequences\": [");
    for (size_t i = 0; i < manifest->sequences_n; i++) {
        buf_text(out, i ? ",\n    {\"name\": " : "\n    {\"name\": ");
        buf_json_string(out, manifest->sequences[i].name);
        buf_format(out, ", \"value\": %" PRId64 "}", manifest->sequences[i].value);
    }
    buf_text(out, "\n  ]");
}

void manifest_write(struct buf *out, const struct manifest *manifest)
{
    struct manifest copy = *manifest;
    buf_text(out, "{\n  \"schema\": \"" MANIFEST_SCHEMA "\"");
    for (size_t i = 0; i < TEXTS_N; i++) {
        buf_format(out, ",\n  \"%s\": ", texts[i].name);
        buf_json_string(out, *text_at(&copy, i));
    }
    buf_format(out,
               ",\n  \"schema_version\": %d,\n  \"bytes\": %" PRId64 ",\n  \"files\": %" PRId64
               ",\n  \"files_bytes\": %" PRId64,
               manifest->schema_version, manifest->bytes, manifest->files, manifest->files_bytes);
    buf_text(out, ",\n  \"roles\": [");
    for (size_t i = 0; i < manifest->roles_n; i++) {
        buf_text(out, i ? ", " : "");
        buf_json_string(out, manifest->roles[i]);
    }
    buf_text(out, "],\n  \"missing\": [");
    for (size_t i = 0; i < manifest->missing_n; i++) {
        buf_text(out, i ? ", " : "");
        buf_json_string(out, manifest->missing[i]);
    }
    buf_char(out, ']');
    tables_write(out, manifest);
    buf_text(out, "\n}\n");
}

static bool number_read(const json_t *object, const char *name, int64_t *out)
{
    const json_t *number = json_object_get(object, name);
    *out = json_integer_value(number);
    return json_is_integer(number) && *out >= 0;
}

static bool texts_read(const json_t *json, struct manifest *out)
{
    for (size_t i = 0; i < TEXTS_N; i++)
        *text_at(out, i) = json_member(json, texts[i].name);
    bool is_postgresql = out->kind && strcmp(out->kind, "postgresql") == 0;
    if (!is_postgresql && (!out->kind || strcmp(out->kind, "sqlite") != 0))
        return false;
    for (size_t i = 0; i < TEXTS_N; i++) {
        if (!*text_at(out, i) && (is_postgresql || !texts[i].is_postgresql))
            return false;
    }
    return strcmp(out->payload, is_postgresql ? "database.dump" : "legacy.sqlite3") == 0;
}

/* Texts of an array; false: something else is among them. */
static bool names_read(const json_t *array, struct arena *arena, const char ***out, size_t *n)
{
    *n = json_array_size(array);
    *out = arena_array(arena, const char *, *n);
    for (size_t i = 0; i < *n; i++) {
        (*out)[i] = json_string_value(json_array_get(array, i));
        if (!(*out)[i])
            return false;
    }
    return true;
}

static bool lists_read(const json_t *json, struct arena *arena, struct manifest *out)
{
    const json_t *tables = json_object_get(json, "tables"), *roles = json_object_get(json, "roles");
    const json_t *sequences = json_object_get(json, "sequences");
    bool is_good = json_is_array(tables) && json_is_array(sequences) && json_is_array(roles) &&
                   names_read(roles, arena, &out->roles, &out->roles_n) &&
                   names_read(json_object_get(json, "missing"), arena, &out->missing,
                              &out->missing_n); /* older ones have no such list */
    out->tables_n = json_array_size(tables);
    out->sequences_n = json_array_size(sequences);
    out->tables = arena_array(arena, struct table_sum, out->tables_n);
    out->sequences = arena_array(arena, struct sequence_mark, out->sequences_n);
    for (size_t i = 0; is_good && i < out->tables_n; i++) {
        const json_t *table = json_array_get(tables, i);
        out->tables[i].name = json_member(table, "name");
        out->tables[i].checksum = json_member(table, "checksum");
        is_good = out->tables[i].name && out->tables[i].checksum &&
                  number_read(table, "rows", &out->tables[i].rows);
    }
    for (size_t i = 0; is_good && i < out->sequences_n; i++) {
        const json_t *sequence = json_array_get(sequences, i);
        out->sequences[i].name = json_member(sequence, "name");
        is_good =
            out->sequences[i].name && number_read(sequence, "value", &out->sequences[i].value);
    }
    return is_good;
}

enum err manifest_read(const char *folder, struct fault *fault, struct manifest *out)
{
    char *text = NULL;
    int64_t version = 0;
    struct manifest manifest = {.kind = NULL};
    enum err err = dump_read(folder, "manifest.json", fault, &text);
    if (err)
        return err;
    json_t *json = arena_json(fault->arena, json_loads(text, JSON_REJECT_DUPLICATES, NULL));
    const char *schema = json_member(json, "schema");
    if (!json || !schema || strcmp(schema, MANIFEST_SCHEMA) != 0)
        return dump_damaged(fault, folder, "its manifest.json is none of " MANIFEST_SCHEMA);
    if (!texts_read(json, &manifest) || !lists_read(json, fault->arena, &manifest) ||
        !number_read(json, "schema_version", &version) ||
        !number_read(json, "bytes", &manifest.bytes) ||
        !number_read(json, "files", &manifest.files) ||
        !number_read(json, "files_bytes", &manifest.files_bytes))
        return dump_damaged(fault, folder, "its manifest.json lacks something");
    manifest.schema_version = (int)version;
    *out = manifest;
    return ERR_NONE;
}

int64_t manifest_rows(const struct manifest *manifest)
{
    int64_t rows = 0;
    for (size_t i = 0; i < manifest->tables_n; i++)
        rows += manifest->tables[i].rows;
    return rows;
}
