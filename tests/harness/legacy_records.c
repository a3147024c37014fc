/* What happened to the patients of a legacy file, with the shapes and the oddities of the real
 * ones. */
#include "tests/harness/legacy_maker.h"

#include <stdio.h>

static void parts_make(struct maker *maker, int64_t rx, int clinic, int64_t at)
{
    static const char *const types[] = {"blood", "blood", "urine", "xray", "ultrasound", "ecg"};
    int lines = maker_chance(maker, 65) ? 1 + maker_below(maker, 4) : 0;
    for (int i = 0; i < lines; i++) {
        maker_row_begin(maker, "medicine", ++maker->lines);
        maker_put_line(maker, maker->lines);
        maker_put_int(maker, "prescription_id", rx);
        maker_put_clinic(maker, clinic, 90);
        maker_row_end(maker);
    }
    if (maker_chance(maker, 45)) {
        maker_row_begin(maker, "test", ++maker->tests);
        maker_put_format(maker, "test_name", "Sample Test %d", maker->tests % 25);
        maker_put(maker, "test_type", ONE_OF(maker, types));
        maker_put(maker, "description", "");
        if (maker_chance(maker, 80))
            maker_put_day(maker, "test_date", at + 86400);
        bool is_done = maker_chance(maker, 5);
        maker_put(maker, "result",
                  is_done && maker_chance(maker, 80) ? "Sample result, nothing found" : "");
        maker_put_int(maker, "is_completed", is_done);
        maker_put_int(maker, "prescription_id", rx);
        maker_put_clinic(maker, clinic, 90);
        maker_row_end(maker);
    }
    if (maker_chance(maker, 8)) {
        bool has_lines = maker->plan->generation == LEGACY_SCHEDULES ||
                         maker->plan->generation == LEGACY_PHARMACIES;
        maker_row_begin(maker, "doctornotes", rx);
        maker_put(maker, "observations", "Sample observation");
        maker_put(maker, "diagnosis",
                  has_lines                 ? "First line\nSecond line"
                  : maker_chance(maker, 90) ? "Sample diagnosis"
                                            : "");
        maker_put(maker, "treatment_plan", "Rest");
        maker_put(maker, "notes", "");
        maker_put_time(maker, "created_at", at + 301);
        maker_put_time(maker, "updated_at", at + 302);
        maker_put_int(maker, "prescription_id", rx);
        maker_put_clinic(maker, clinic, 100);
        maker_put(maker, "checkin_purpose", "Sample purpose");
        maker_row_end(maker);
    }
    if (maker_chance(maker, 20) && maker_row_begin(maker, "vitals", rx)) {
        maker_put(maker, "bp", maker_chance(maker, 97) ? "120/80" : "120/");
        maker_put(maker, "pulse", maker_chance(maker, 90) ? "72" : NULL);
        maker_put(maker, "temp",
                  maker_chance(maker, 50)   ? "98.6"
                  : maker_chance(maker, 90) ? "37"
                                            : "");
        maker_put(maker, "spo2", maker_chance(maker, 88) ? "98" : NULL);
        maker_put(maker, "sugar", maker_chance(maker, 6) ? "110" : NULL);
        maker_put_time(maker, "created_at", at + 240);
        maker_put_int(maker, "prescription_id", rx);
        maker_put_clinic(maker, clinic, 0);
        maker_row_end(maker);
    }
}

/* Four kinds in turn: current without a room, as most were; over with everything said; over without
 * a time, as the page's form left it; current in a bed of its own. */
enum { STAY_AS_MOST, STAY_OVER, STAY_OVER_SOMETIME, STAY_IN_A_BED, STAY_KINDS };

static void treatment_make(struct maker *maker, int64_t id, int clinic, int64_t at)
{
    static const char *const empty[] = {"description",      "dosage",      "frequency", "route",
                                        "oxygen_flow_rate", "oxygen_type", "duration",  "notes",
                                        "saline_type",      "quantity"};
    bool is_saline = id % 2 != 0;
    maker_row_begin(maker, "treatmentlog", id);
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++)
        maker_put(maker, empty[i], "");
    maker_put(maker, "treatment_type", is_saline ? "saline" : "medication");
    maker_put(maker, "treatment_name", is_saline ? "Sample infusion" : "Betamol 7");
    if (is_saline) {
        maker_put(maker, "saline_type", "NS");
        maker_put(maker, "quantity", "500 ml");
    } else {
        maker_put(maker, "dosage", "500 mg"); /* and no route: nobody asked */
    }
    maker_put_time(maker, "administered_date", at + 600);
    maker_put_time(maker, "created_at", at + 601);
    maker_put_time(maker, "updated_at", at + 601);
    maker_put_int(maker, "administered_by_id", maker_staff_of(clinic, 1));
    maker_put_int(maker, "admission_id", id);
    maker_put_clinic(maker, clinic, 0);
    maker_row_end(maker);
}

static void admission_make(struct maker *maker, int64_t patient, int clinic, int64_t at)
{
    static const char *const states[STAY_KINDS] = {"admitted", "discharged", "shifted", "stable"};
    if (maker->last_admitted == patient ||
        !maker_row_begin(maker, "patientadmission", maker->admissions + 1))
        return;
    int64_t id = ++maker->admissions;
    int kind = (int)((id - 1) % STAY_KINDS);
    bool has_place = kind == STAY_OVER || kind == STAY_IN_A_BED;
    maker->last_admitted = patient;
    maker_put_time(maker, "admission_date", at);
    maker_put(maker, "admission_type", kind == STAY_IN_A_BED ? "icu" : "day_care");
    maker_put_format(maker, "bed_number", "B%d", has_place ? (int)id : 1);
    maker_put(maker, "room_number", has_place ? "2 04" : "");
    maker_put(maker, "reason_for_admission", kind == STAY_OVER_SOMETIME ? "" : "Sample reason");
    maker_put(maker, "medical_history", "");
    maker_put(maker, "allergies", "no");
    maker_put(maker, "status", states[kind]);
    maker_put(maker, "discharge_notes", kind == STAY_OVER ? "Sample farewell" : "");
    maker_put(maker, "follow_up_instructions", kind == STAY_OVER ? "Sample advice" : "");
    if (kind == STAY_OVER) {
        maker_put_time(maker, "discharge_date", at + 86400);
        maker_put_day(maker, "follow_up_date", at + 10 * 86400);
    }
    maker_put_time(maker, "created_at", at);
    maker_put_time(maker, "updated_at", at + (kind == STAY_AS_MOST ? 0 : 86401));
    maker_put_clinic(maker, clinic, 0);
    maker_put_int(maker, "doctor_id", clinic == CLINIC_A ? 1 : 3);
    maker_put_int(maker, "patient_id", patient);
    maker_row_end(maker);
    treatment_make(maker, id, clinic, at);
}

static void prescription_make(struct maker *maker, int64_t patient, int clinic, int64_t at)
{
    bool is_single = maker->plan->generation == LEGACY_SINGLE;
    int64_t id = ++maker->prescriptions;
    maker_row_begin(maker, "prescription", id);
    maker_put_time(maker, "prescription_date", at + 200);
    maker_put(maker, "status",
              maker_chance(maker, 97)   ? "completed"
              : maker_chance(maker, 80) ? "pending"
                                        : "cancelled");
    maker_put_int(maker, "doctor_id", clinic == CLINIC_A || is_single ? 1 : 3);
    maker_put_int(maker, "patient_id", patient);
    maker_put_clinic(maker, clinic, 0);
    bool is_advised = maker_chance(maker, 3);
    maker_put(maker, "admission_reason",
              is_advised && maker_chance(maker, 60) ? "Sample reason" : "");
    maker_put_int(maker, "admission_recommended", is_advised);
    maker_row_end(maker);
    parts_make(maker, id, clinic, at);
    if (is_advised || patient % 10 == 0)
        admission_make(maker, patient, clinic, at + 400);
}

static void visits_make(struct maker *maker, int64_t patient, int clinic, int64_t day)
{
    static const char *const open[] = {"checked_in", "checked_in", "checked_in", "in_consultation"};
    int visits = maker_chance(maker, 94) ? 1 + (maker_chance(maker, 10) ? 1 : 0) : 0;
    for (int i = 0; i < visits; i++) {
        /* 08:00 to 21:00 in India is 02:30 to 15:30 UTC */
        int64_t at = day + 9000 + maker_below(maker, 46000);
        bool is_open = maker_chance(maker, 23);
        maker_row_begin(maker, "patientvisit", patient * 2 + i);
        maker_put_time(maker, "check_in_date", at);
        maker_put(maker, "purpose", maker_chance(maker, 25) ? "Sample purpose" : "");
        maker_put(maker, "status",
                  is_open                   ? ONE_OF(maker, open)
                  : maker_chance(maker, 99) ? "completed"
                                            : "cancelled");
        maker_put(maker, "notes", maker_chance(maker, 2) ? "Sample note" : "");
        maker_put_ref(maker, "checked_in_by_id",
                      maker_chance(maker, 95) ? maker_staff_of(clinic, 3) : 0);
        maker_put_int(maker, "patient_id", patient);
        maker_put_clinic(maker, clinic, 35);
        maker_row_end(maker);
        if (!is_open || maker_chance(maker, 5))
            prescription_make(maker, patient, clinic, at);
    }
    if (maker_chance(maker, 6))
        prescription_make(maker, patient, clinic, day + 10 * 86400 + 20000);
}

void maker_patient_make(struct maker *maker, int patient)
{
    static const char *const given[] = {"Alpha", "Beta", "Gamma", "Delta", "Epsilon",
                                        "Zeta",  "Eta",  "Theta", "Iota",  "Kappa"};
    static const char *const family[] = {"Sampleson", "Testwala", "Example", "Fixture",
                                         "Mockman",   "Dummier",  "Proband", "Muster"};
    int clinic = maker_clinic_of(maker, patient);
    int64_t day = MAKER_FIRST_DAY + (int64_t)(patient % 120) * 86400;
    int number = maker_chance(maker, 10) ? patient / 2 : patient; /* a family has one telephone */
    char name[TEXT_MAX], phone[32];
    snprintf(name, sizeof name, "%s %s", ONE_OF(maker, given), ONE_OF(maker, family));
    if (maker_chance(maker, 5))
        for (char *c = name; *c; c++)
            *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
    snprintf(phone, sizeof phone,
             maker_chance(maker, 96)   ? "90%08d"
             : maker_chance(maker, 60) ? "90%07d"
                                       : "+91 90 %07d",
             number);
    int64_t login = 0;
    if (maker->plan->generation >= LEGACY_TEMPLATES && maker_chance(maker, 66)) {
        char username[32], email[64];
        snprintf(username, sizeof username, "pt5-2026-%05d", patient);
        snprintf(email, sizeof email, "%s@patient.local", phone);
        login = 1000 + ++maker->logins;
        maker_account_make(maker, &(struct maker_account){login, username, "patient", email, clinic,
                                                          false, false});
    }
    maker_row_begin(maker, "patient", patient);
    maker_put_format(maker, "patient_id",
                     maker->plan->generation == LEGACY_SINGLE ? "PT2026%05d" : "PT5-2026-%05d",
                     patient);
    maker_put(maker, "patient_name", name);
    maker_put_int(maker, "age", 5 + maker_below(maker, 80));
    maker_put(maker, "address", maker_chance(maker, 80) ? "Sampleville" : "");
    maker_put(maker, "phone_number", phone);
    maker_put_day(maker, "registration_date", day);
    maker_put(maker, "status", maker_chance(maker, 96) ? "registered" : "treatment_started");
    maker_put_format(maker, "default_password", "pw%06d", patient % 1000000);
    maker_put_ref(maker, "registered_by_id", maker_staff_of(clinic, 3 + patient % 2));
    maker_put_ref(maker, "user_id", login);
    maker_put_clinic(maker, clinic, 0);
    if (maker_chance(maker, 3))
        maker_put_day(maker, "date_of_birth",
                      MAKER_FIRST_DAY - 86400LL * (2000 + maker_below(maker, 20000)));
    int at = maker_place(maker, "weight");
    if (at > 0 && maker_chance(maker, 40))
        sqlite3_bind_double(maker->into, at, 110 + maker_below(maker, 800) / 10.0 - 100);
    maker_put(maker, "gender",
              maker_chance(maker, 52)   ? "male"
              : maker_chance(maker, 95) ? "female"
                                        : "");
    maker_row_end(maker);
    visits_make(maker, patient, clinic, day);
    maker_reports_make(maker, patient, clinic, day + 30000);
}
