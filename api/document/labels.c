#include "api/document/labels.h"

#include <string.h>

static const char *const labels[LABEL_COUNT][LANGUAGES] = {
    [LABEL_PRESCRIPTION] = {"Prescription", "दवा का पर्चा", "औषधपत्र"},
    [LABEL_DISCHARGE_SUMMARY] = {"Discharge summary", "छुट्टी का सारांश", "डिस्चार्ज सारांश"},
    [LABEL_INTERIM_SUMMARY] = {"Interim summary", "अंतरिम सारांश", "अंतरिम सारांश"},
    [LABEL_DRAFT] = {"DRAFT", "मसौदा", "मसुदा"},
    [LABEL_CANCELLED] = {"CANCELLED", "रद्द", "रद्द"},
    [LABEL_INTERIM] = {"INTERIM", "अंतरिम", "अंतरिम"},
    [LABEL_REASON] = {"Reason", "कारण", "कारण"},
    [LABEL_REGISTRATION] = {"Reg. No.", "पंजीकरण सं.", "नोंदणी क्र."},
    [LABEL_LICENCE] = {"Licence No.", "लाइसेंस सं.", "परवाना क्र."},
    [LABEL_DOCTOR] = {"Dr.", "डॉ.", "डॉ."},
    [LABEL_SIGNATURE] = {"Signature", "हस्ताक्षर", "स्वाक्षरी"},
    [LABEL_PATIENT] = {"Patient", "मरीज़", "रुग्ण"},
    [LABEL_PATIENT_NUMBER] = {"Patient No.", "मरीज़ सं.", "रुग्ण क्र."},
    [LABEL_AGE_GENDER] = {"Age / gender", "उम्र / लिंग", "वय / लिंग"},
    [LABEL_YEARS] = {"{n} years", "{n} वर्ष", "{n} वर्षे"},
    [LABEL_BIRTH] = {"Date of birth", "जन्म तिथि", "जन्मतारीख"},
    [LABEL_WEIGHT] = {"Weight", "वज़न", "वजन"},
    [LABEL_PHONE] = {"Phone", "फ़ोन", "फोन"},
    [LABEL_ADDRESS] = {"Address", "पता", "पत्ता"},
    [LABEL_DATE] = {"Date", "तारीख", "तारीख"},
    [LABEL_ALLERGIES] = {"Allergies", "एलर्जी", "ॲलर्जी"},
    [LABEL_NO_ALLERGIES] = {"None on record", "कोई दर्ज नहीं", "कोणतीही नोंद नाही"},
    [LABEL_VITALS] = {"Vital signs", "शारीरिक माप", "शारीरिक मोजमाप"},
    [LABEL_BLOOD_PRESSURE] = {"Blood pressure", "रक्तचाप", "रक्तदाब"},
    [LABEL_PULSE] = {"Pulse", "नाड़ी", "नाडी"},
    [LABEL_TEMPERATURE] = {"Temperature", "तापमान", "तापमान"},
    [LABEL_SPO2] = {"SpO₂", "SpO₂", "SpO₂"},
    [LABEL_SUGAR] = {"Blood sugar", "रक्त शर्करा", "रक्तशर्करा"},
    [LABEL_PER_MINUTE] = {"/min", "/मिनट", "/मिनिट"},
    [LABEL_COMPLAINT] = {"Complaint", "शिकायत", "तक्रार"},
    [LABEL_FINDINGS] = {"Findings", "जाँच में पाया गया", "तपासणीतील निष्कर्ष"},
    [LABEL_DIAGNOSIS] = {"Diagnosis", "निदान", "निदान"},
    [LABEL_PLAN] = {"Plan", "उपचार योजना", "उपचार योजना"},
    [LABEL_ADVICE] = {"Advice", "सलाह", "सल्ला"},
    [LABEL_MEDICINES] = {"Medicines", "दवाएँ", "औषधे"},
    [LABEL_MEDICINE] = {"Medicine", "दवा", "औषध"},
    [LABEL_DOSE] = {"Dose", "खुराक", "मात्रा"},
    [LABEL_SLOTS] = {"M-A-E-N", "सु-दो-शा-रा", "स-दु-सं-रा"},
    [LABEL_TIMES_A_DAY] = {"Times a day", "दिन में बार", "दिवसातून वेळा"},
    [LABEL_FOOD] = {"Food", "भोजन", "जेवण"},
    [LABEL_DURATION] = {"Duration", "अवधि", "कालावधी"},
    [LABEL_QUANTITY] = {"Qty", "संख्या", "नग"},
    [LABEL_NO_MEDICINES] = {"No medicines", "कोई दवा नहीं", "औषधे नाहीत"},
    [LABEL_ONCE_A_DAY] = {"Once a day", "दिन में एक बार", "दिवसातून एकदा"},
    [LABEL_TWICE_A_DAY] = {"Twice a day", "दिन में दो बार", "दिवसातून दोनदा"},
    [LABEL_N_TIMES_A_DAY] = {"{n} times a day", "दिन में {n} बार", "दिवसातून {n} वेळा"},
    [LABEL_IF_NEEDED] = {"If needed", "ज़रूरत पड़ने पर", "गरज भासल्यास"},
    [LABEL_TESTS] = {"Tests", "जाँचें", "तपासण्या"},
    [LABEL_TEST] = {"Test", "जाँच", "तपासणी"},
    [LABEL_TYPE] = {"Type", "प्रकार", "प्रकार"},
    [LABEL_FOLLOW_UP] = {"Follow-up", "अगली मुलाक़ात", "पुढील भेट"},
    [LABEL_ADMITTED] = {"Admitted", "भर्ती", "दाखल"},
    [LABEL_ENDED] = {"Ended", "समाप्ति", "समाप्ती"},
    [LABEL_STAY] = {"Stay", "ठहराव", "मुक्काम"},
    [LABEL_SAME_DAY] = {"Same day", "उसी दिन", "त्याच दिवशी"},
    [LABEL_ONE_DAY] = {"1 day", "1 दिन", "1 दिवस"},
    [LABEL_N_DAYS] = {"{n} days", "{n} दिन", "{n} दिवस"},
    [LABEL_WARD] = {"Ward", "वार्ड", "वॉर्ड"},
    [LABEL_BED] = {"Room / bed", "कमरा / बिस्तर", "खोली / खाट"},
    [LABEL_OUTCOME] = {"Outcome", "परिणाम", "परिणाम"},
    [LABEL_STATUS] = {"Condition", "स्थिति", "स्थिती"},
    [LABEL_REASON_FOR_ADMISSION] = {"Reason for admission", "भर्ती का कारण", "दाखल करण्याचे कारण"},
    [LABEL_ALLERGIES_SAID] = {"Allergies on admission", "भर्ती के समय एलर्जी", "दाखल करताना ॲलर्जी"},
    [LABEL_HISTORY] = {"Medical history", "पूर्व रोग इतिहास", "पूर्वीचा आजार"},
    [LABEL_FINAL_DIAGNOSIS] = {"Final diagnosis", "अंतिम निदान", "अंतिम निदान"},
    [LABEL_DISCHARGE_NOTES] = {"Course and advice", "उपचार विवरण और सलाह", "उपचार तपशील व सल्ला"},
    [LABEL_TREATMENTS] = {"Treatments", "उपचार", "उपचार"},
    [LABEL_TREATMENT] = {"Treatment", "उपचार", "उपचार"},
    [LABEL_DETAILS] = {"Details", "विवरण", "तपशील"},
    [LABEL_GIVEN_BY] = {"Given by", "देने वाले", "देणारे"},
    [LABEL_NO_TREATMENTS] = {"None on record", "कोई दर्ज नहीं", "कोणतीही नोंद नाही"},
    [LABEL_PHARMACY] = {"The clinic's pharmacy", "क्लिनिक की फ़ार्मेसी", "क्लिनिकचे औषधालय"},
    [LABEL_PAGE] = {"Page {n} of {of}", "पृष्ठ {n} / {of}", "पान {n} / {of}"},
    [LABEL_CHECK] = {"Scan to check that this paper is genuine and still stands",
                     "यह पर्चा असली और मान्य है या नहीं, स्कैन करके जाँचें",
                     "हा कागद खरा व ग्राह्य आहे का, ते स्कॅन करून तपासा"},
};

static const char *const months[LANGUAGES][12] = {
    [LANGUAGE_EN] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
                     "Dec"},
    [LANGUAGE_HI] = {"जन॰", "फ़र॰", "मार्च", "अप्रैल", "मई", "जून", "जुलाई", "अग॰", "सित॰", "अक्टू॰", "नव॰",
                     "दिस॰"},
    [LANGUAGE_MR] = {"जाने", "फेब्रु", "मार्च", "एप्रिल", "मे", "जून", "जुलै", "ऑगस्ट", "सप्टें", "ऑक्टो", "नोव्हें",
                     "डिसें"},
};

const char *label(enum label name, enum language language)
{
    return labels[name][language];
}

const char *label_month(int month, enum language language)
{
    return months[language][(month + 11) % 12];
}

const char *label_value(const json_t *document, const char *schema, const char *value,
                        enum language language)
{
    if (!value)
        return NULL;
    const json_t *schemas = json_object_get(json_object_get(document, "components"), "schemas");
    const json_t *list = json_object_get(schemas, schema);
    const json_t *texts =
        json_object_get(json_object_get(list, "x-labels"), language_tag(language));
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(list, "enum"), i, item)
    {
        const char *text = json_string_value(json_array_get(texts, i));
        if (text && json_is_string(item) && strcmp(json_string_value(item), value) == 0)
            return text;
    }
    return value;
}
