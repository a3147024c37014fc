#include "tests/harness/legacy.h"

#include "tests/harness/die.h"
#include "tests/harness/legacy_maker.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int maker_clinic_of(struct maker *maker, int patient)
{
    bool is_one =
        maker->plan->generation == LEGACY_SINGLE || maker->plan->generation >= LEGACY_SCHEDULES;
    return is_one || patient % 3 != 0 ? CLINIC_A : CLINIC_B;
}

/* Children had no clinic for three weeks, most of them (8.5). */
void maker_put_clinic(struct maker *maker, int clinic, int percent_null)
{
    bool is_null = maker->plan->generation < LEGACY_QUANTITIES && maker_chance(maker, percent_null);
    maker_put_ref(maker, "clinic_id", is_null ? 0 : clinic);
}

static void clinic_make(struct maker *maker, int clinic)
{
    if (!maker_row_begin(maker, "clinic", clinic))
        return;
    maker_put_format(maker, "name", "Sample Clinic %d", clinic);
    maker_put(maker, "slug", clinic == CLINIC_A ? "sample_clinic" : "second-sample");
    maker_put_format(maker, "address", "%d Example Road", clinic);
    maker_put(maker, "city", "Sampleville");
    maker_put(maker, "state", "Samplestate");
    maker_put(maker, "zip_code", "400000");
    maker_put(maker, "phone_number", "+91-80-XXXX-XXXX");
    maker_put_format(maker, "email", "front%d@clinic.example", clinic);
    maker_put_format(maker, "registration_number", "REG-SAMPLE-%d", clinic);
    maker_put(maker, "subscription_status", "active");
    maker_put_int(maker, "max_doctors", 50);
    maker_put_int(maker, "max_patients", 1000);
    maker_put_int(maker, "max_receptionists", 10);
    maker_put_time(maker, "created_at", MAKER_FIRST_DAY);
    maker_put_time(maker, "updated_at", MAKER_FIRST_DAY + 3601);
    maker_put_int(maker, "is_active", 1);
    maker_row_end(maker);
    if (!maker_row_begin(maker, "associatedmedical", clinic))
        return;
    maker_put_format(maker, "name", "Sample Pharmacy %d", clinic);
    maker_put(maker, "address", "");
    maker_put(maker, "phone_number", "9000000001");
    maker_put_int(maker, "is_primary", 1);
    maker_put_int(maker, "is_active", 1);
    maker_put_time(maker, "created_at", MAKER_FIRST_DAY + 7);
    maker_put_int(maker, "clinic_id", clinic);
    maker_row_end(maker);
}

void maker_account_make(struct maker *maker, const struct maker_account *account)
{
    char salt[23] = "", hash[44] = "";
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    for (int i = 0; i < 22; i++)
        salt[i] = alphabet[maker_below(maker, 62)];
    for (int i = 0; i < 43; i++)
        hash[i] = alphabet[maker_below(maker, 62)];
    maker_row_begin(maker, "user", account->id);
    maker_put_format(maker, "password", "pbkdf2_sha256$1000000$%s$%s=", salt, hash);
    maker_put_int(maker, "is_superuser", account->is_super);
    maker_put(maker, "username", account->username);
    maker_put(maker, "first_name", account->is_staff ? "Sample" : "");
    maker_put(maker, "last_name", account->is_staff ? "Person" : "");
    maker_put(maker, "email", account->email);
    maker_put_int(maker, "is_staff", account->is_super || account->is_staff);
    maker_put_int(maker, "is_active", 1);
    maker_put_time(maker, "date_joined", MAKER_FIRST_DAY + 60);
    maker_put_time(maker, "created_at", MAKER_FIRST_DAY + 61);
    if (account->is_staff)
        maker_put_time(maker, "last_login", MAKER_FIRST_DAY + 86400);
    maker_put(maker, "role", account->role);
    maker_put_ref(maker, "clinic_id", account->clinic);
    if (account->is_staff)
        maker_put(maker, "mobile_number", "9000000002");
    maker_row_end(maker);
}

/* Ids: 1 and 2 the platform, then six a clinic: admin, two doctors, two receptionists, a
 * laboratory's. */
static void staff_make(struct maker *maker)
{
    static const char *const roles[] = {"admin",        "doctor",       "doctor",
                                        "receptionist", "receptionist", "lab_tech"};
    maker_account_make(maker, &(struct maker_account){1, "platform", "super_admin",
                                                      "root@clinic.example", 0, true, false});
    maker_account_make(maker, &(struct maker_account){2, "founder", "patient",
                                                      "root@clinic.example", 0, true, false});
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
            maker_account_make(
                maker, &(struct maker_account){id, name, roles[i], email, clinic, false, true});
            if (strcmp(roles[i], "doctor") != 0 || !maker_row_begin(maker, "doctor", c * 2 + i))
                continue;
            maker_put(maker, "specialization", i == 1 ? "General medicine" : "");
            maker_put_format(maker, "license_number", "MH-%d-%d", c, i);
            maker_put_int(maker, "user_id", id);
            maker_put_clinic(maker, clinic, 0);
            maker_row_end(maker);
        }
    }
}

int maker_staff_of(int clinic, int place_of_six)
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
    maker_put(maker, "medicine_name", name);
    maker_put(maker, "medicine_type", kinds[kind]);
}

static void master_make(struct maker *maker, int clinic, int id, int number)
{
    static const char *const late[] = {"lab", "imaging", "diagnostic", "blood"};
    static const char *const types[] = {"blood", "urine", "xray", "ultrasound", "ecg"};
    bool is_shouted = number % 40 == 9;
    int kind = number % 7;
    if (!maker_row_begin(maker, "mastermedicine", id))
        return;
    put_medicine(maker, number % 40 == 8 ? number - 1 : number,
                 number % 40 == 8 ? kind - 1 < 0 ? 6 : kind - 1 : kind,
                 number % 13 == 5    ? 1
                 : number % 60 == 31 ? 2
                                     : 0);
    if (is_shouted) /* the same as another but for its capitals */
        maker_put_format(maker, "medicine_name", "%s %d", number % 2 ? "KAPPAVIR" : "kappavir",
                         number % 130);
    maker_put(maker, "dosage_options", "250 mg, 500 mg");
    maker_put(maker, "frequency_options", "once daily, twice daily, every 4-6 hours");
    maker_put(maker, "default_frequency", "twice daily");
    maker_put(maker, "category", number % 3 ? "" : "Fever");
    maker_put(maker, "default_duration", number % 2 ? "5 days" : "5");
    maker_put(maker, "description", "");
    maker_put(maker, "common_dosages", number % 3 ? "500 mg" : "250 mg, 500 mg,500 mg");
    maker_put(maker, "default_dosage", number % 3 ? "500 mg" : "");
    maker_put(maker, "default_schedule", ONE_OF(maker, schedules));
    maker_put(maker, "food_instruction", ONE_OF(maker, foods));
    maker_put_int(maker, "frequency_per_day", 1 + number % 4);
    maker_put_time(maker, "created_at", MAKER_FIRST_DAY + number);
    maker_put_time(maker, "updated_at", MAKER_FIRST_DAY + number + 5);
    maker_put_int(maker, "is_active", 1);
    maker_put_clinic(maker, clinic, 0);
    maker_row_end(maker);
    if (number >= 25)
        return;
    maker_row_begin(maker, "mastertest", id);
    bool is_late =
        maker->plan->generation == LEGACY_SCHEDULES || maker->plan->generation == LEGACY_PHARMACIES;
    maker_put_format(maker, "test_name", "%s %d", number % 3 ? "Sample Test" : "Sample X-Ray",
                     number);
    maker_put(maker, "test_type", is_late ? late[number % 4] : types[number % 5]);
    maker_put(maker, "description", "");
    maker_put(maker, "category", number % 3 ? "" : "Pathology");
    maker_put_time(maker, "created_at", MAKER_FIRST_DAY + number);
    maker_put_time(maker, "updated_at", MAKER_FIRST_DAY + number);
    maker_put_int(maker, "is_active", 1);
    maker_put_clinic(maker, clinic, 0);
    maker_row_end(maker);
}

void maker_put_line(struct maker *maker, int number)
{
    static const char *const words[] = {"2", "every 4-6 hours", "morning_night", "sos"};
    static const int often[] = {1, 2, 3, 4};
    int kind = maker_below(maker, 7);
    put_medicine(maker, number, kind, maker_chance(maker, 9) ? 1 : 0);
    maker_put(maker, "dosage",
              number % 97 == 13         ? "*"
              : maker_chance(maker, 45) ? "500"
                                        : "500 mg");
    maker_put(maker, "frequency", ONE_OF(maker, words));
    maker_put_int(maker, "frequency_per_day", number % 101 == 50 ? 0 : ONE_OF(maker, often));
    maker_put(maker, "duration", maker_chance(maker, 40) ? "5" : "7 days");
    maker_put_int(maker, "qty", number % 103 == 51 ? 0 : 1 + maker_below(maker, 60));
    maker_put(maker, "schedule", ONE_OF(maker, schedules));
    maker_put(maker, "food_instruction", ONE_OF(maker, foods));
    maker_put(maker, "instructions", maker_chance(maker, 13) ? "With water" : "");
}

static void template_make(struct maker *maker, int doctor, int clinic, int number)
{
    if (!maker_row_begin(maker, "standardprescriptiontemplate", number))
        return;
    maker_put_format(maker, "name", "Sample Template %d", number);
    maker_put(maker, "description", "");
    maker_put(maker, "keyword", number % 2 ? "fever" : "");
    maker_put_int(maker, "is_active", 1);
    maker_put_time(maker, "created_at", MAKER_FIRST_DAY + number);
    maker_put_time(maker, "updated_at", MAKER_FIRST_DAY + number);
    maker_put_int(maker, "clinic_id", clinic);
    maker_put_int(maker, "doctor_id", doctor);
    maker_row_end(maker);
    for (int i = 0; i < 3; i++) {
        maker_row_begin(maker, "standardtemplatemedicine", number * 4 + i);
        maker_put_line(maker, number * 3 + i);
        maker_put_int(maker, "template_id", number);
        maker_row_end(maker);
    }
    maker_row_begin(maker, "standardtemplatetest", number);
    maker_put(maker, "test_name", "Sample Test 1");
    maker_put(maker, "test_type", "blood");
    maker_put(maker, "description", "");
    maker_put_int(maker, "template_id", number);
    maker_row_end(maker);
}

static void frame_make(struct maker *maker)
{
    maker_run(maker,
              "CREATE TABLE django_migrations (id integer PRIMARY KEY AUTOINCREMENT, app "
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
    maker_run(maker, sql);
    for (int g = LEGACY_DISCARDED; g <= (int)maker->plan->generation; g++) {
        snprintf(sql, sizeof sql,
                 "INSERT INTO django_migrations (app, name, applied) VALUES ('hospital', '%s',"
                 " '2026-02-%02d 09:00:00')",
                 names[g], g);
        maker_run(maker, sql);
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
        maker_patient_make(maker, i);
    if (maker->plan->generation >= LEGACY_TEMPLATES) /* a login whose patient was deleted */
        maker_account_make(maker,
                           &(struct maker_account){900, "pt5-2025-00001", "patient",
                                                   "gone@patient.local", CLINIC_A, false, false});
    /* Identity counters run ahead of the rows. */
    maker_run(maker, "UPDATE sqlite_sequence SET seq = seq + 12");
}

/* One of each, on the first patients: what the importer must refuse or mend, and count. */
static void wreck(struct maker *maker)
{
    static const char *const lines[] = {
        "UPDATE hospital_patient SET patient_name = '   ' WHERE id = 1",
        "UPDATE hospital_patient SET registration_date = '2026-02-31' WHERE id = 2",
        "UPDATE hospital_patient SET patient_name = hex(zeroblob(60)) WHERE id = 3",
        "UPDATE hospital_patient SET age = 999, status = 'unheard', gender = 'unsaid' WHERE id = 4",
        "UPDATE hospital_patientvisit SET check_in_date = 'yesterday' WHERE patient_id = 5",
        "UPDATE hospital_prescription SET patient_id = 999999 WHERE patient_id = 6",
        "UPDATE hospital_prescription SET doctor_id = NULL WHERE patient_id = 7",
        "UPDATE hospital_medicine SET medicine_name = '' WHERE id = 1",
        "UPDATE hospital_medicine SET medicine_type = 'sweets' WHERE id = 2",
        "UPDATE hospital_test SET test_type = 'guess' WHERE id = 1",
        "UPDATE hospital_doctor SET license_number = '' WHERE id = 2",
        "UPDATE hospital_patient SET address = ' Sampleville  ' || char(10) WHERE id = 8",
        /* 9001 in bed again, 9002 in another's bed, 9003 over before it began, … */
        "CREATE TEMP TABLE stay AS SELECT * FROM hospital_patientadmission WHERE id = 4",
        "UPDATE stay SET id = 9002, patient_id = (SELECT min(p.id) FROM hospital_patient p WHERE "
        "p.id > 20"
        " AND NOT EXISTS (SELECT 1 FROM hospital_patientadmission a WHERE a.patient_id = p.id))",
        "INSERT INTO hospital_patientadmission SELECT * FROM stay",
        "UPDATE stay SET id = 9004, status = 'unheard', patient_id = 12",
        "INSERT INTO hospital_patientadmission SELECT * FROM stay",
        "UPDATE stay SET id = 9005, status = 'stable', admission_type = 'spa', patient_id = 13",
        "INSERT INTO hospital_patientadmission SELECT * FROM stay",
        "UPDATE stay SET id = 9006, admission_type = 'icu', doctor_id = NULL, patient_id = 14",
        "INSERT INTO hospital_patientadmission SELECT * FROM stay",
        "DROP TABLE stay",
        "CREATE TEMP TABLE stay AS SELECT * FROM hospital_patientadmission WHERE id = 1",
        "UPDATE stay SET id = 9001, admission_date = '2026-12-01 10:00:00', updated_at = "
        "'2026-12-01 10:00:00'",
        "INSERT INTO hospital_patientadmission SELECT * FROM stay",
        "DROP TABLE stay",
        "CREATE TEMP TABLE stay AS SELECT * FROM hospital_patientadmission WHERE id = 2",
        "UPDATE stay SET id = 9003, discharge_date = '2025-01-01 10:00:00'",
        "INSERT INTO hospital_patientadmission SELECT * FROM stay",
        "CREATE TEMP TABLE given AS SELECT * FROM hospital_treatmentlog WHERE id = 2",
        "UPDATE given SET id = 9001, treatment_type = 'hug'",
        "INSERT INTO hospital_treatmentlog SELECT * FROM given",
        "UPDATE given SET id = 9002, treatment_type = 'medication', treatment_name = ' '",
        "INSERT INTO hospital_treatmentlog SELECT * FROM given",
        "UPDATE given SET id = 9003, treatment_name = 'Betamol 8', admission_id = 9003",
        "INSERT INTO hospital_treatmentlog SELECT * FROM given",
    };
    maker_run(maker, "PRAGMA ignore_check_constraints = on");
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        maker_run(maker, lines[i]);
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
    maker_run(&maker, "PRAGMA journal_mode = off; PRAGMA synchronous = off; BEGIN");
    frame_make(&maker);
    for (int i = 0; legacy_tables[i].name; i++) {
        if (legacy_tables[i].from <= (int)plan->generation)
            maker_table_make(&maker, &legacy_tables[i], &maker.inserts[i]);
    }
    if (plan->generation >= LEGACY_ADMISSIONS)
        maker_run(&maker, "CREATE INDEX hospital_patientadmission_patient_id"
                          " ON hospital_patientadmission (patient_id)");
    maker_media_make(&maker);
    rows_make(&maker);
    if (plan->flaw == LEGACY_UNKNOWN_COLUMN)
        maker_run(&maker,
                  "ALTER TABLE hospital_patient ADD COLUMN favourite_colour varchar(20) NULL");
    if (plan->flaw == LEGACY_WRECKED) {
        wreck(&maker);
        maker_media_wreck(&maker);
    }
    maker_run(&maker, "COMMIT");
    for (int i = 0; i < LEGACY_TABLES_MAX; i++)
        sqlite3_finalize(maker.inserts[i]);
    sqlite3_close(maker.db);
    if (plan->flaw == LEGACY_DAMAGED)
        damage(path);
}
