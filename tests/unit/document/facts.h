/* A prescription's facts as the database gives them (prescription_printed()), for the tests of what
 * becomes of them. All names are made up. */
#ifndef TESTS_UNIT_DOCUMENT_FACTS_H
#define TESTS_UNIT_DOCUMENT_FACTS_H

#define FACTS                                                                                       \
    "{\"clinic_id\": 7, \"version\": 4, \"status\": \"completed\", \"cancel_reason\": null, "       \
    "\"changed_at\": \"2026-11-22T09:12:33.123Z\", \"facts\": {"                                    \
    "\"id\": \"019345f2-7c1a-7d30-8a5e-2f6b1c9d0e47\", \"number\": \"RX-2026-00042\", "             \
    "\"clinic\": {\"name\": \"Lakeside Clinic\", \"address\": \"14 Lake View Road\", "              \
    "\"city\": \"Pune\", \"state\": \"Maharashtra\", \"zip_code\": \"411045\", "                    \
    "\"phone_number\": \"+91 20 5550 0142\", \"email\": \"desk@lakeside.example\", "                \
    "\"website\": null, \"registration_number\": \"MH/PUN/04417\", "                                \
    "\"timezone\": \"Asia/Kolkata\", \"language\": \"en\", \"footer\": \"Open all week\", "         \
    "\"logo\": null}, \"pharmacy\": null, "                                                         \
    "\"doctor\": {\"name\": \"Asha Kulkarni\", \"qualification\": \"MD\", "                         \
    "\"specialization\": \"General Medicine\", \"license_number\": \"MMC-11873\"}, "                \
    "\"patient\": {\"patient_number\": \"P-2026-00117\", \"name\": \"मीरा जोशी\", " \
    "\"gender\": \"female\", \"date_of_birth\": \"1984-03-09\", \"age_years\": 42, "                \
    "\"weight_grams\": 61500, \"phone_number\": \"+91 98800 12345\", \"address\": \"Flat 6\", "     \
    "\"city\": \"Pune\", \"state\": null, \"zip_code\": \"411007\"}, "                              \
    "\"allergies\": [{\"substance\": \"Penicillin\", \"reaction\": \"rash\", "                      \
    "\"severity\": \"severe\"}], \"prescribed_at\": \"2026-11-22T08:35:00.000Z\", "                 \
    "\"prescribed_local\": \"2026-11-22T14:05\", \"utc_offset\": 330, "                             \
    "\"follow_up_on\": \"2026-11-29\", "                                                            \
    "\"notes\": {\"checkin_purpose\": \"Fever\", \"observations\": \"Throat red\", "                \
    "\"diagnosis\": \"Pharyngitis\", \"treatment_plan\": \"Rest\", \"notes\": \"Gargle\"}, "        \
    "\"vitals\": {\"bp_systolic\": 128, \"bp_diastolic\": 82, \"bp_text\": \"128/82\", "            \
    "\"pulse\": 88, \"pulse_text\": \"88\", \"temperature\": \"100.4\", "                           \
    "\"temperature_unit\": \"fahrenheit\", \"temperature_text\": \"100.4 F\", \"spo2\": null, "     \
    "\"spo2_text\": \"not taken\", \"sugar\": null, \"sugar_unit\": null, \"sugar_text\": null}, "  \
    "\"medicines\": [{\"medicine_name\": \"Paracetamol\", \"medicine_type\": \"tablet\", "          \
    "\"dosage\": \"500 mg\", \"frequency_per_day\": 2, \"duration\": \"3 days\", "                  \
    "\"quantity\": 6, \"schedule\": \"morning_night\", \"food_instruction\": \"after\", "           \
    "\"instructions\": \"With water\"}], "                                                          \
    "\"tests\": [{\"test_name\": \"Blood count\", \"test_type\": \"blood\", "                       \
    "\"description\": \"Fasting\", \"test_on\": \"2026-11-23\"}]}}"

#endif
