#include "tests/harness/legacy.h"

#include "db/error.h"
#include "tests/harness/die.h"
#include "tests/harness/legacy_tables.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_MAX = 256, CLINIC_A = 5, CLINIC_B = 4, STAFF_FIRST = 3 };
static const int64_t first_day = 1767225600; /* 2026-01-01 */

/* A file being written: one prepared INSERT a table, whose parameters carry the columns' names. */
struct maker {
    const struct legacy_plan *plan;
    sqlite3 *db;
    sqlite3_stmt *inserts[LEGACY_TABLES_MAX];
    sqlite3_stmt *into; /* the row that is being filled */
    uint64_t dice;
    int logins, prescriptions, admissions, lines, tests;
    char made[TEXT_MAX];
};

/* splitmix64: the same seed throws the same dice everywhere. */
static uint64_t dice_throw(struct maker *maker)
{
    uint64_t z = maker->dice += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

static int below(struct maker *maker, int n)
{
    return (int)(dice_throw(maker) % (uint64_t)n);
}

static bool chance(struct maker *maker, int percent)
{
    return below(maker, 100) < percent;
}

#define ONE_OF(maker, list) ((list)[below((maker), (int)(sizeof(list) / sizeof(list)[0]))])

static void run(struct maker *maker, const char *sql)
{
    if (sqlite3_exec(maker->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        die("legacy: %s: %s", sqlite3_errmsg(maker->db), sql);
}

static bool is_there(const struct legacy_plan *plan, int from, int until)
{
    return plan->generation >= (enum legacy_generation)from &&
           (until == 0 || plan->generation <= (enum legacy_generation)until);
}

static bool column_is_there(const struct legacy_plan *plan, const struct legacy_table *table,
                            const struct legacy_column *column)
{
    if (plan->flaw == LEGACY_HALF_MIGRATED && strcmp(table->name, "treatmentlog") == 0 &&
        strcmp(column->name, "clinic_id") == 0)
        return false;
    return is_there(plan, column->from, column->until);
}

static void table_make(struct maker *maker, const struct legacy_table *table, sqlite3_stmt **insert)
{
    char create[4096], names[1024] = "\"id\"", values[1024] = ":id";
    size_t at =
        (size_t)snprintf(create, sizeof create,
                         "CREATE TABLE \"hospital_%s\" (\"id\" integer NOT NULL PRIMARY KEY "
                         "AUTOINCREMENT",
                         table->name);
    for (const struct legacy_column *column = table->columns; column->name; column++) {
        if (!column_is_there(maker->plan, table, column))
            continue;
        at += (size_t)snprintf(create + at, sizeof create - at, ", \"%s\" %s", column->name,
                               column->type);
        snprintf(names + strlen(names), sizeof names - strlen(names), ", \"%s\"", column->name);
        snprintf(values + strlen(values), sizeof values - strlen(values), ", :%s", column->name);
    }
    bool has_rule = table->rule && (maker->plan->generation >= LEGACY_CLINICS ||
                                    !strstr(table->rule, "clinic_id"));
    snprintf(create + at, sizeof create - at, "%s%s)", has_rule ? ", " : "",
             has_rule ? table->rule : "");
    run(maker, create);
    char sql[3072];
    snprintf(sql, sizeof sql, "INSERT INTO \"hospital_%s\" (%s) VALUES (%s)", table->name, names,
             values);
    if (sqlite3_prepare_v2(maker->db, sql, -1, insert, NULL) != SQLITE_OK)
        die("legacy: %s", sqlite3_errmsg(maker->db));
}

/* False: the table is of a later generation, and nothing is put. */
static bool row_begin(struct maker *maker, const char *table, int64_t id)
{
    maker->into = NULL;
    for (int i = 0; legacy_tables[i].name; i++) {
        if (strcmp(legacy_tables[i].name, table) == 0)
            maker->into = maker->inserts[i];
    }
    if (!maker->into)
        return false;
    sqlite3_reset(maker->into);
    sqlite3_clear_bindings(maker->into);
    sqlite3_bind_int64(maker->into, 1, id);
    return true;
}

/* What this generation has no column for is dropped. 0: the generation has none. */
static int place(struct maker *maker, const char *column)
{
    char name[64];
    snprintf(name, sizeof name, ":%s", column);
    return sqlite3_bind_parameter_index(maker->into, name);
}

static void put(struct maker *maker, const char *column, const char *text)
{
    int at = place(maker, column);
    if (at > 0 && text)
        sqlite3_bind_text(maker->into, at, text, -1, SQLITE_TRANSIENT);
}

static void put_int(struct maker *maker, const char *column, int64_t value)
{
    int at = place(maker, column);
    if (at > 0)
        sqlite3_bind_int64(maker->into, at, value);
}

static void put_ref(struct maker *maker, const char *column, int64_t id)
{
    if (id > 0)
        put_int(maker, column, id);
}

/* The writer left the fraction away when it was zero. */
static void put_time(struct maker *maker, const char *column, int64_t at)
{
    char text[64];
    struct tm tm;
    time_t seconds = (time_t)at;
    gmtime_r(&seconds, &tm);
    size_t n = strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
    if (at % 50 != 0)
        snprintf(text + n, sizeof text - n, ".%06d", (int)(at % 999983));
    put(maker, column, text);
}

static void put_day(struct maker *maker, const char *column, int64_t at)
{
    char text[16];
    struct tm tm;
    time_t seconds = (time_t)at;
    gmtime_r(&seconds, &tm);
    strftime(text, sizeof text, "%Y-%m-%d", &tm);
    put(maker, column, text);
}

static void put_format(struct maker *maker, const char *column, const char *format, ...)
    PRINTF(3, 4);
static void put_format(struct maker *maker, const char *column, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(maker->made, sizeof maker->made, format, args);
    va_end(args);
    put(maker, column, maker->made);
}

static void row_end(struct maker *maker)
{
    if (sqlite3_step(maker->into) != SQLITE_DONE)
        die("legacy: %s: %s", sqlite3_errmsg(maker->db), sqlite3_sql(maker->into));
}

static int clinic_of(struct maker *maker, int patient)
{
    bool is_one =
        maker->plan->generation == LEGACY_SINGLE || maker->plan->generation >= LEGACY_SCHEDULES;
    return is_one || patient % 3 != 0 ? CLINIC_A : CLINIC_B;
}

/* Children had no clinic for three weeks, most of them (8.5). */
static void put_clinic(struct maker *maker, int clinic, int percent_null)
{
    bool is_null = maker->plan->generation < LEGACY_QUANTITIES && chance(maker, percent_null);
    put_ref(maker, "clinic_id", is_null ? 0 : clinic);
}

static void clinic_make(struct maker *maker, int clinic)
{
    if (!row_begin(maker, "clinic", clinic))
        return;
    put_format(maker, "name", "Sample Clinic %d", clinic);
    put(maker, "slug", clinic == CLINIC_A ? "sample_clinic" : "second-sample");
    put_format(maker, "address", "%d Example Road", clinic);
    put(maker, "city", "Sampleville");
    put(maker, "state", "Samplestate");
    put(maker, "zip_code", "400000");
    put(maker, "phone_number", "+91-80-XXXX-XXXX");
    put_format(maker, "email", "front%d@clinic.example", clinic);
    put_format(maker, "registration_number", "REG-SAMPLE-%d", clinic);
    put(maker, "subscription_status", "active");
    put_int(maker, "max_doctors", 50);
    put_int(maker, "max_patients", 1000);
    put_int(maker, "max_receptionists", 10);
    put_time(maker, "created_at", first_day);
    put_time(maker, "updated_at", first_day + 3601);
    put_int(maker, "is_active", 1);
    row_end(maker);
    if (!row_begin(maker, "associatedmedical", clinic))
        return;
    put_format(maker, "name", "Sample Pharmacy %d", clinic);
    put(maker, "address", "");
    put(maker, "phone_number", "9000000001");
    put_int(maker, "is_primary", 1);
    put_int(maker, "is_active", 1);
    put_time(maker, "created_at", first_day + 7);
    put_int(maker, "clinic_id", clinic);
    row_end(maker);
}

struct account {
    int64_t id;
    const char *username, *role, *email;
    int clinic;
    bool is_super, is_staff;
};

static void account_make(struct maker *maker, const struct account *account)
{
    char salt[23] = "", hash[44] = "";
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    for (int i = 0; i < 22; i++)
        salt[i] = alphabet[below(maker, 62)];
    for (int i = 0; i < 43; i++)
        hash[i] = alphabet[below(maker, 62)];
    row_begin(maker, "user", account->id);
    put_format(maker, "password", "pbkdf2_sha256$1000000$%s$%s=", salt, hash);
    put_int(maker, "is_superuser", account->is_super);
    put(maker, "username", account->username);
    put(maker, "first_name", account->is_staff ? "Sample" : "");
    put(maker, "last_name", account->is_staff ? "Person" : "");
    put(maker, "email", account->email);
    put_int(maker, "is_staff", account->is_super || account->is_staff);
    put_int(maker, "is_active", 1);
    put_time(maker, "date_joined", first_day + 60);
    put_time(maker, "created_at", first_day + 61);
    if (account->is_staff)
        put_time(maker, "last_login", first_day + 86400);
    put(maker, "role", account->role);
    put_ref(maker, "clinic_id", account->clinic);
    if (account->is_staff)
        put(maker, "mobile_number", "9000000002");
    row_end(maker);
}

/* Ids: 1 and 2 the platform, then six a clinic: admin, two doctors, two receptionists, a
 * laboratory's. */
static void staff_make(struct maker *maker)
{
    static const char *const roles[] = {"admin",        "doctor",       "doctor",
                                        "receptionist", "receptionist", "lab_tech"};
    account_make(maker, &(struct account){1, "platform", "super_admin", "root@clinic.example", 0,
                                          true, false});
    account_make(maker,
                 &(struct account){2, "founder", "patient", "root@clinic.example", 0, true, false});
    int clinics = maker->plan->generation < LEGACY_CLINICS     ? 1
                  : maker->plan->generation < LEGACY_SCHEDULES ? 2
                                                               : 1;
    int64_t id = STAFF_FIRST;
    for (int c = 0; c < clinics; c++) {
        int clinic = c == 0 ? CLINIC_A : CLINIC_B;
        clinic_make(maker, clinic);
        for (int i = 0; i < 6; i++, id++) {
            char name[64], email[64];
            snprintf(name, sizeof name, "%s%d-%d", i == 1 ? "DrSample" : roles[i], c, i);
            snprintf(email, sizeof email, "staff%d@clinic.example", i < 5 ? (int)id : (int)id - 1);
            account_make(maker, &(struct account){id, name, roles[i], email, clinic, false, true});
            if (strcmp(roles[i], "doctor") != 0 || !row_begin(maker, "doctor", c * 2 + i))
                continue;
            put(maker, "specialization", i == 1 ? "General medicine" : "");
            put_format(maker, "license_number", "MH-%d-%d", c, i);
            put_int(maker, "user_id", id);
            put_clinic(maker, clinic, 0);
            row_end(maker);
        }
    }
}

static int staff_of(int clinic, int place_of_six)
{
    return STAFF_FIRST + (clinic == CLINIC_A ? 0 : 6) + place_of_six;
}

static const char *const schedules[] = {"morning_evening",
                                        "morning_night",
                                        "morning_afternoon_night",
                                        "",
                                        "morning",
                                        "night",
                                        "afternoon",
                                        "sos",
                                        "evening",
                                        "afternoon_night"};
static const char *const foods[] = {"after", "before", "anytime", ""};
static const char *const kinds[] = {"tablet",  "syrup",  "ointment", "drops",
                                    "capsule", "powder", "injection"};
static const char *const kind_words[] = {"Tablet",  "Syrup",  "Ointment", "Drops",
                                         "Capsule", "Powder", "Injection"};
static const char *const substances[] = {"Alphacin", "Betamol",  "Gammadol", "Deltapril",
                                         "Epsilox",  "Zetamine", "Etafen",   "Thetacort",
                                         "Iotazole", "Kappavir"};

/* "Betamol 37", and now and then what lists showed of it: "Betamol 37 500 mg (Tablet)". */
static void put_medicine(struct maker *maker, int number, int kind, int nested)
{
    char name[TEXT_MAX];
    snprintf(name, sizeof name, "%s %d", substances[number % 10], number % 130);
    for (int i = 0; i < nested; i++)
        snprintf(name + strlen(name), sizeof name - strlen(name), " 500 mg (%s)", kind_words[kind]);
    put(maker, "medicine_name", name);
    put(maker, "medicine_type", kinds[kind]);
}

static void master_make(struct maker *maker, int clinic, int id, int number)
{
    static const char *const late[] = {"lab", "imaging", "diagnostic", "blood"};
    static const char *const types[] = {"blood", "urine", "xray", "ultrasound", "ecg"};
    bool is_shouted = number % 40 == 9;
    int kind = number % 7;
    if (!row_begin(maker, "mastermedicine", id))
        return;
    put_medicine(maker, number % 40 == 8 ? number - 1 : number,
                 number % 40 == 8 ? kind - 1 < 0 ? 6 : kind - 1 : kind,
                 number % 13 == 5    ? 1
                 : number % 60 == 31 ? 2
                                     : 0);
    if (is_shouted) /* the same as another but for its capitals */
        put_format(maker, "medicine_name", "%s %d", number % 2 ? "KAPPAVIR" : "kappavir",
                   number % 130);
    put(maker, "dosage_options", "250 mg, 500 mg");
    put(maker, "frequency_options", "once daily, twice daily, every 4-6 hours");
    put(maker, "default_frequency", "twice daily");
    put(maker, "category", number % 3 ? "" : "Fever");
    put(maker, "default_duration", number % 2 ? "5 days" : "5");
    put(maker, "description", "");
    put(maker, "common_dosages", number % 3 ? "500 mg" : "250 mg, 500 mg,500 mg");
    put(maker, "default_dosage", number % 3 ? "500 mg" : "");
    put(maker, "default_schedule", ONE_OF(maker, schedules));
    put(maker, "food_instruction", ONE_OF(maker, foods));
    put_int(maker, "frequency_per_day", 1 + number % 4);
    put_time(maker, "created_at", first_day + number);
    put_time(maker, "updated_at", first_day + number + 5);
    put_int(maker, "is_active", 1);
    put_clinic(maker, clinic, 0);
    row_end(maker);
    if (number >= 25)
        return;
    row_begin(maker, "mastertest", id);
    bool is_late =
        maker->plan->generation == LEGACY_SCHEDULES || maker->plan->generation == LEGACY_PHARMACIES;
    put_format(maker, "test_name", "%s %d", number % 3 ? "Sample Test" : "Sample X-Ray", number);
    put(maker, "test_type", is_late ? late[number % 4] : types[number % 5]);
    put(maker, "description", "");
    put(maker, "category", number % 3 ? "" : "Pathology");
    put_time(maker, "created_at", first_day + number);
    put_time(maker, "updated_at", first_day + number);
    put_int(maker, "is_active", 1);
    put_clinic(maker, clinic, 0);
    row_end(maker);
}

static void put_line(struct maker *maker, int number)
{
    static const char *const words[] = {"2", "every 4-6 hours", "morning_night", "sos"};
    static const int often[] = {1, 2, 3, 4};
    int kind = below(maker, 7);
    put_medicine(maker, number, kind, chance(maker, 9) ? 1 : 0);
    put(maker, "dosage", number % 97 == 13 ? "*" : chance(maker, 45) ? "500" : "500 mg");
    put(maker, "frequency", ONE_OF(maker, words));
    put_int(maker, "frequency_per_day", number % 101 == 50 ? 0 : ONE_OF(maker, often));
    put(maker, "duration", chance(maker, 40) ? "5" : "7 days");
    put_int(maker, "qty", number % 103 == 51 ? 0 : 1 + below(maker, 60));
    put(maker, "schedule", ONE_OF(maker, schedules));
    put(maker, "food_instruction", ONE_OF(maker, foods));
    put(maker, "instructions", chance(maker, 13) ? "With water" : "");
}

static void template_make(struct maker *maker, int doctor, int clinic, int number)
{
    if (!row_begin(maker, "standardprescriptiontemplate", number))
        return;
    put_format(maker, "name", "Sample Template %d", number);
    put(maker, "description", "");
    put(maker, "keyword", number % 2 ? "fever" : "");
    put_int(maker, "is_active", 1);
    put_time(maker, "created_at", first_day + number);
    put_time(maker, "updated_at", first_day + number);
    put_int(maker, "clinic_id", clinic);
    put_int(maker, "doctor_id", doctor);
    row_end(maker);
    for (int i = 0; i < 3; i++) {
        row_begin(maker, "standardtemplatemedicine", number * 4 + i);
        put_line(maker, number * 3 + i);
        put_int(maker, "template_id", number);
        row_end(maker);
    }
    row_begin(maker, "standardtemplatetest", number);
    put(maker, "test_name", "Sample Test 1");
    put(maker, "test_type", "blood");
    put(maker, "description", "");
    put_int(maker, "template_id", number);
    row_end(maker);
}

static void parts_make(struct maker *maker, int64_t rx, int clinic, int64_t at)
{
    static const char *const types[] = {"blood", "blood", "urine", "xray", "ultrasound", "ecg"};
    int lines = chance(maker, 65) ? 1 + below(maker, 4) : 0;
    for (int i = 0; i < lines; i++) {
        row_begin(maker, "medicine", ++maker->lines);
        put_line(maker, maker->lines);
        put_int(maker, "prescription_id", rx);
        put_clinic(maker, clinic, 90);
        row_end(maker);
    }
    if (chance(maker, 45)) {
        row_begin(maker, "test", ++maker->tests);
        put_format(maker, "test_name", "Sample Test %d", maker->tests % 25);
        put(maker, "test_type", ONE_OF(maker, types));
        put(maker, "description", "");
        if (chance(maker, 80))
            put_day(maker, "test_date", at + 86400);
        bool is_done = chance(maker, 5);
        put(maker, "result", is_done && chance(maker, 80) ? "Sample result, nothing found" : "");
        put_int(maker, "is_completed", is_done);
        put_int(maker, "prescription_id", rx);
        put_clinic(maker, clinic, 90);
        row_end(maker);
    }
    if (chance(maker, 8)) {
        bool has_lines = maker->plan->generation == LEGACY_SCHEDULES ||
                         maker->plan->generation == LEGACY_PHARMACIES;
        row_begin(maker, "doctornotes", rx);
        put(maker, "observations", "Sample observation");
        put(maker, "diagnosis",
            has_lines           ? "First line\nSecond line"
            : chance(maker, 90) ? "Sample diagnosis"
                                : "");
        put(maker, "treatment_plan", "Rest");
        put(maker, "notes", "");
        put_time(maker, "created_at", at + 301);
        put_time(maker, "updated_at", at + 302);
        put_int(maker, "prescription_id", rx);
        put_clinic(maker, clinic, 100);
        put(maker, "checkin_purpose", "Sample purpose");
        row_end(maker);
    }
    if (chance(maker, 20) && row_begin(maker, "vitals", rx)) {
        put(maker, "bp", chance(maker, 97) ? "120/80" : "120/");
        put(maker, "pulse", chance(maker, 90) ? "72" : NULL);
        put(maker, "temp", chance(maker, 50) ? "98.6" : chance(maker, 90) ? "37" : "");
        put(maker, "spo2", chance(maker, 88) ? "98" : NULL);
        put(maker, "sugar", chance(maker, 6) ? "110" : NULL);
        put_time(maker, "created_at", at + 240);
        put_int(maker, "prescription_id", rx);
        put_clinic(maker, clinic, 0);
        row_end(maker);
    }
}

static void admission_make(struct maker *maker, int64_t patient, int clinic, int64_t at)
{
    int64_t id = ++maker->admissions;
    if (!row_begin(maker, "patientadmission", id))
        return;
    put_time(maker, "admission_date", at);
    put(maker, "admission_type", "day_care");
    put(maker, "bed_number", "B1");
    put(maker, "room_number", "");
    put(maker, "reason_for_admission", "Sample reason");
    put(maker, "medical_history", "");
    put(maker, "allergies", "no");
    put(maker, "status", "admitted");
    put(maker, "discharge_notes", "");
    put(maker, "follow_up_instructions", "");
    put_time(maker, "created_at", at);
    put_time(maker, "updated_at", at);
    put_clinic(maker, clinic, 0);
    put_int(maker, "doctor_id", clinic == CLINIC_A ? 1 : 3);
    put_int(maker, "patient_id", patient);
    row_end(maker);
    static const char *const empty[] = {"description",      "dosage",      "frequency", "route",
                                        "oxygen_flow_rate", "oxygen_type", "duration",  "notes"};
    row_begin(maker, "treatmentlog", id);
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++)
        put(maker, empty[i], "");
    put(maker, "treatment_type", "saline");
    put(maker, "treatment_name", "Sample infusion");
    put(maker, "saline_type", "NS");
    put(maker, "quantity", "500 ml");
    put_time(maker, "administered_date", at + 600);
    put_time(maker, "created_at", at + 601);
    put_time(maker, "updated_at", at + 601);
    put_int(maker, "administered_by_id", staff_of(clinic, 1));
    put_int(maker, "admission_id", id);
    put_clinic(maker, clinic, 0);
    row_end(maker);
}

static void prescription_make(struct maker *maker, int64_t patient, int clinic, int64_t at)
{
    bool is_single = maker->plan->generation == LEGACY_SINGLE;
    int64_t id = ++maker->prescriptions;
    row_begin(maker, "prescription", id);
    put_time(maker, "prescription_date", at + 200);
    put(maker, "status",
        chance(maker, 97)   ? "completed"
        : chance(maker, 80) ? "pending"
                            : "cancelled");
    put_int(maker, "doctor_id", clinic == CLINIC_A || is_single ? 1 : 3);
    put_int(maker, "patient_id", patient);
    put_clinic(maker, clinic, 0);
    bool is_advised = chance(maker, 3);
    put(maker, "admission_reason", is_advised && chance(maker, 60) ? "Sample reason" : "");
    put_int(maker, "admission_recommended", is_advised);
    row_end(maker);
    parts_make(maker, id, clinic, at);
    if (is_advised)
        admission_make(maker, patient, clinic, at + 400);
}

static void visits_make(struct maker *maker, int64_t patient, int clinic, int64_t day)
{
    static const char *const open[] = {"checked_in", "checked_in", "checked_in", "in_consultation"};
    int visits = chance(maker, 94) ? 1 + (chance(maker, 10) ? 1 : 0) : 0;
    for (int i = 0; i < visits; i++) {
        /* 08:00 to 21:00 in India is 02:30 to 15:30 UTC */
        int64_t at = day + 9000 + below(maker, 46000);
        bool is_open = chance(maker, 23);
        row_begin(maker, "patientvisit", patient * 2 + i);
        put_time(maker, "check_in_date", at);
        put(maker, "purpose", chance(maker, 25) ? "Sample purpose" : "");
        put(maker, "status",
            is_open             ? ONE_OF(maker, open)
            : chance(maker, 99) ? "completed"
                                : "cancelled");
        put(maker, "notes", chance(maker, 2) ? "Sample note" : "");
        put_ref(maker, "checked_in_by_id", chance(maker, 95) ? staff_of(clinic, 3) : 0);
        put_int(maker, "patient_id", patient);
        put_clinic(maker, clinic, 35);
        row_end(maker);
        if (!is_open || chance(maker, 5))
            prescription_make(maker, patient, clinic, at);
    }
    if (chance(maker, 6))
        prescription_make(maker, patient, clinic, day + 10 * 86400 + 20000);
}

static void patient_make(struct maker *maker, int patient)
{
    static const char *const given[] = {"Alpha", "Beta", "Gamma", "Delta", "Epsilon",
                                        "Zeta",  "Eta",  "Theta", "Iota",  "Kappa"};
    static const char *const family[] = {"Sampleson", "Testwala", "Example", "Fixture",
                                         "Mockman",   "Dummier",  "Proband", "Muster"};
    int clinic = clinic_of(maker, patient);
    int64_t day = first_day + (int64_t)(patient % 120) * 86400;
    int number = chance(maker, 10) ? patient / 2 : patient; /* a family has one telephone */
    char name[TEXT_MAX], phone[32];
    snprintf(name, sizeof name, "%s %s", ONE_OF(maker, given), ONE_OF(maker, family));
    if (chance(maker, 5))
        for (char *c = name; *c; c++)
            *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
    snprintf(phone, sizeof phone,
             chance(maker, 96)   ? "90%08d"
             : chance(maker, 60) ? "90%07d"
                                 : "+91 90 %07d",
             number);
    int64_t login = 0;
    if (maker->plan->generation >= LEGACY_TEMPLATES && chance(maker, 66)) {
        char username[32], email[64];
        snprintf(username, sizeof username, "pt5-2026-%05d", patient);
        snprintf(email, sizeof email, "%s@patient.local", phone);
        login = 1000 + ++maker->logins;
        account_make(maker,
                     &(struct account){login, username, "patient", email, clinic, false, false});
    }
    row_begin(maker, "patient", patient);
    put_format(maker, "patient_id",
               maker->plan->generation == LEGACY_SINGLE ? "PT2026%05d" : "PT5-2026-%05d", patient);
    put(maker, "patient_name", name);
    put_int(maker, "age", 5 + below(maker, 80));
    put(maker, "address", chance(maker, 80) ? "Sampleville" : "");
    put(maker, "phone_number", phone);
    put_day(maker, "registration_date", day);
    put(maker, "status", chance(maker, 96) ? "registered" : "treatment_started");
    put_format(maker, "default_password", "pw%06d", patient % 1000000);
    put_ref(maker, "registered_by_id", staff_of(clinic, 3 + patient % 2));
    put_ref(maker, "user_id", login);
    put_clinic(maker, clinic, 0);
    if (chance(maker, 3))
        put_day(maker, "date_of_birth", first_day - 86400LL * (2000 + below(maker, 20000)));
    int at = place(maker, "weight");
    if (at > 0 && chance(maker, 40))
        sqlite3_bind_double(maker->into, at, 110 + below(maker, 800) / 10.0 - 100);
    put(maker, "gender", chance(maker, 52) ? "male" : chance(maker, 95) ? "female" : "");
    row_end(maker);
    visits_make(maker, patient, clinic, day);
}

static void frame_make(struct maker *maker)
{
    run(maker, "CREATE TABLE django_migrations (id integer PRIMARY KEY AUTOINCREMENT, app "
               "varchar(255) NOT NULL,"
               " name varchar(255) NOT NULL, applied datetime NOT NULL);"
               "CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, session_data "
               "text NOT NULL,"
               " expire_date datetime NOT NULL);"
               "CREATE TABLE django_content_type (id integer PRIMARY KEY, app_label varchar(100), "
               "model varchar(100));"
               "CREATE TABLE django_admin_log (id integer PRIMARY KEY, object_id text NULL);"
               "CREATE TABLE auth_group (id integer PRIMARY KEY, name varchar(150) NOT NULL);"
               "CREATE TABLE auth_group_permissions (id integer PRIMARY KEY);"
               "CREATE TABLE auth_permission (id integer PRIMARY KEY, name varchar(255) NOT NULL);"
               "CREATE TABLE hospital_user_groups (id integer PRIMARY KEY);"
               "CREATE TABLE hospital_user_user_permissions (id integer PRIMARY KEY);"
               "INSERT INTO django_session VALUES ('sample-session', 'never imported', '2026-05-20 "
               "10:00:00')");
    static const char *const names[] = {[LEGACY_DISCARDED] = "0001_initial",
                                        [LEGACY_SINGLE] = "0002_doctor",
                                        [LEGACY_CLINICS] = "0003_clinic_alter_user_options",
                                        [LEGACY_ADMISSIONS] = "0006_admissions",
                                        [LEGACY_VITALS] = "0009_vitals",
                                        [LEGACY_SCHEDULES] = "0018_schedules",
                                        [LEGACY_PHARMACIES] = "0019_associatedmedical",
                                        [LEGACY_QUANTITIES] = "0022_quantities",
                                        [LEGACY_TEMPLATES] = "0052_templates",
                                        [LEGACY_SUGAR] = "0054_vitals_sugar"};
    char sql[256];
    snprintf(
        sql, sizeof sql,
        "INSERT INTO django_migrations (app, name, applied) VALUES ('contenttypes', '0001_initial',"
        " '2026-01-%02d 09:00:00.%06d')",
        10 + (int)maker->plan->generation, (int)(maker->plan->seed % 1000000));
    run(maker, sql);
    for (int g = LEGACY_DISCARDED; g <= (int)maker->plan->generation; g++) {
        snprintf(sql, sizeof sql,
                 "INSERT INTO django_migrations (app, name, applied) VALUES ('hospital', '%s',"
                 " '2026-02-%02d 09:00:00')",
                 names[g], g);
        run(maker, sql);
    }
}

static void rows_make(struct maker *maker)
{
    if (maker->plan->generation == LEGACY_DISCARDED)
        return;
    staff_make(maker);
    for (int i = 0; i < 130; i++)
        master_make(maker, CLINIC_A, i + 1, i);
    for (int i = 1; i <= 14; i++)
        template_make(maker, 1 + i % 2, CLINIC_A, i);
    for (int i = 1; i <= maker->plan->patients; i++)
        patient_make(maker, i);
    if (maker->plan->generation >= LEGACY_TEMPLATES) /* a login whose patient was deleted */
        account_make(maker, &(struct account){900, "pt5-2025-00001", "patient",
                                              "gone@patient.local", CLINIC_A, false, false});
    /* Identity counters run ahead of the rows. */
    run(maker, "UPDATE sqlite_sequence SET seq = seq + 12");
}

/* One of each, on the first patients: what the importer must refuse or mend, and count. */
static void wreck(struct maker *maker)
{
    static const char *const lines[] = {
        "UPDATE hospital_patient SET patient_name = '   ' WHERE id = 1",
        "UPDATE hospital_patient SET registration_date = '2026-02-31' WHERE id = 2",
        "UPDATE hospital_patient SET patient_name = 'X' || substr(hex(zeroblob(60)), 1, 110) WHERE "
        "id = 3",
        "UPDATE hospital_patient SET age = 999, status = 'unheard', gender = 'unsaid' WHERE id = 4",
        "UPDATE hospital_patientvisit SET check_in_date = 'yesterday' WHERE patient_id = 5",
        "UPDATE hospital_prescription SET patient_id = 999999 WHERE patient_id = 6",
        "UPDATE hospital_prescription SET doctor_id = NULL WHERE patient_id = 7",
        "UPDATE hospital_medicine SET medicine_name = '' WHERE id = 1",
        "UPDATE hospital_medicine SET medicine_type = 'sweets' WHERE id = 2",
        "UPDATE hospital_test SET test_type = 'guess' WHERE id = 1",
        "UPDATE hospital_doctor SET license_number = '' WHERE id = 2",
        "UPDATE hospital_patient SET address = ' Sampleville  ' || char(10) WHERE id = 8",
    };
    run(maker, "PRAGMA ignore_check_constraints = on");
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        run(maker, lines[i]);
}

static void damage(const char *path)
{
    FILE *file = fopen(path, "r+b");
    char page[4096];
    memset(page, 0x5a, sizeof page);
    if (!file || fseek(file, 4096L * 5, SEEK_SET) != 0 || fwrite(page, sizeof page, 1, file) != 1)
        die("legacy: cannot damage %s", path);
    fclose(file);
}

void legacy_make(const struct legacy_plan *plan, const char *path)
{
    struct maker maker = {.plan = plan, .dice = plan->seed ^ ((uint64_t)plan->generation << 40)};
    unlink(path);
    if (sqlite3_open(path, &maker.db) != SQLITE_OK)
        die("legacy: cannot make %s", path);
    run(&maker, "PRAGMA journal_mode = off; PRAGMA synchronous = off; BEGIN");
    frame_make(&maker);
    for (int i = 0; legacy_tables[i].name; i++) {
        if (legacy_tables[i].from <= (int)plan->generation)
            table_make(&maker, &legacy_tables[i], &maker.inserts[i]);
    }
    rows_make(&maker);
    if (plan->flaw == LEGACY_UNKNOWN_COLUMN)
        run(&maker, "ALTER TABLE hospital_patient ADD COLUMN favourite_colour varchar(20) NULL");
    if (plan->flaw == LEGACY_WRECKED)
        wreck(&maker);
    run(&maker, "COMMIT");
    for (int i = 0; i < LEGACY_TABLES_MAX; i++)
        sqlite3_finalize(maker.inserts[i]);
    sqlite3_close(maker.db);
    if (plan->flaw == LEGACY_DAMAGED)
        damage(path);
}
