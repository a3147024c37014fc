/* The reports of a legacy database and the folder where their files lie (MEDIA_ROOT). */
#include "tests/harness/legacy_maker.h"

#include "tests/harness/die.h"
#include "tests/harness/specimen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 512, SIDE = 12 };

static void folder_make(const char *path)
{
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
        die("legacy: cannot make %s", path);
}

static const char *place_of(const struct maker *maker, const char *name, char out[PATH_ROOM])
{
    snprintf(out, PATH_ROOM, "%s/%s", maker->plan->media, name);
    return out;
}

static void file_write(const struct maker *maker, const char *name, const void *bytes, size_t n)
{
    char path[PATH_ROOM];
    FILE *file = fopen(place_of(maker, name, path), "wb");
    if (!file || (n && fwrite(bytes, n, 1, file) != 1) || fclose(file) != 0)
        die("legacy: cannot write %s", path);
}

void maker_media_make(struct maker *maker)
{
    char path[PATH_ROOM];
    if (!maker->plan->media)
        return;
    folder_make(maker->plan->media);
    folder_make(place_of(maker, "medical_reports", path));
    folder_make(place_of(maker, "test_reports", path));
}

/* Three kinds in turn, no two with the same bytes. */
static void report_write(struct maker *maker, const char *folder, int number)
{
    static const char *const endings[] = {"pdf", "png", "jpeg"};
    struct arena arena CLEANUP(arena_end) = {0};
    char name[128];
    const char *object = arena_format(&arena, "(Sample %s %d)", folder, number);
    struct buf bytes = number % 3 == 0   ? specimen_pdf(&arena, object, NULL)
                       : number % 3 == 1 ? specimen_png(&arena, SIDE, SIDE, object, true)
                                         : specimen_jpeg(&arena, SIDE, SIDE, object);
    snprintf(name, sizeof name, "%s/%s_%d.%s", folder,
             number % 5 ? "sample" : "\xe0\xa4\xa8\xe0\xa4\xae\xe0\xa5\x82\xe0\xa4\xa8\xe0\xa4\xbe",
             number, endings[number % 3]);
    file_write(maker, name, bytes.text, bytes.length);
    maker_put(maker, "report_file", name);
}

static void medical_make(struct maker *maker, int patient, int clinic, int64_t at)
{
    static const char *const types[] = {"Lab Report", "X-Ray", "Discharge Summary", ""};
    int number = ++maker->reports;
    maker_row_begin(maker, "medicalreport", number);
    report_write(maker, "medical_reports", number);
    maker_put(maker, "report_type", types[number % 4]);
    maker_put(maker, "description", number % 3 ? "" : "Sample description");
    maker_put_time(maker, "uploaded_at", at);
    maker_put_int(maker, "patient_id", patient);
    maker_put_ref(maker, "clinic_id", number % 4 && clinic ? clinic : 0);
    maker_row_end(maker);
}

/* A patient's own page made them without a clinic. */
static void test_make(struct maker *maker, int patient, int clinic, int64_t at)
{
    int number = ++maker->test_reports;
    maker_row_begin(maker, "testreport", number);
    report_write(maker, "test_reports", number);
    maker_put_format(maker, "test_type", "Sample Test %d", number % 25);
    maker_put_time(maker, "uploaded_at", at + 86400);
    if (number % 2)
        maker_put_day(maker, "test_date", at);
    maker_put(maker, "notes", number % 3 ? "" : "Sample note");
    maker_put_int(maker, "patient_id", patient);
    maker_put_ref(maker, "uploaded_by_id", number % 4 ? maker_staff_of(clinic, 5) : 0);
    maker_row_end(maker);
}

void maker_reports_make(struct maker *maker, int patient, int clinic, int64_t at)
{
    if (!maker->plan->media)
        return;
    if (patient % 2 == 0)
        medical_make(maker, patient, clinic, at);
    if (patient % 3 == 0)
        test_make(maker, patient, clinic, at);
}

/* What the importer must refuse or mend, one each: missing, out of the folder in three ways, a
 * page, a kind that nobody may send, nothing, no name, a folder; then words that are too many and
 * days that are none. Medical reports 1 to 11, test reports 1 and 2, of patients that are well
 * themselves, as far as there are so many. */
void maker_media_wreck(struct maker *maker)
{
    static const char page[] = "<!DOCTYPE html><html><script>1</script></html>\n";
    static const char *const lines[] = {
        "UPDATE hospital_medicalreport SET patient_id = 20 + id WHERE id <= 11",
        "UPDATE hospital_medicalreport SET report_file = 'medical_reports/gone.pdf' WHERE id = 1",
        "UPDATE hospital_medicalreport SET report_file = '../outside.pdf' WHERE id = 2",
        "UPDATE hospital_medicalreport SET report_file = '/etc/passwd' WHERE id = 3",
        "UPDATE hospital_medicalreport SET report_file = 'medical_reports/way.pdf' WHERE id = 4",
        "UPDATE hospital_medicalreport SET report_file = 'medical_reports/page.pdf' WHERE id = 5",
        "UPDATE hospital_medicalreport SET report_file = 'medical_reports/text.docx' WHERE id = 6",
        "UPDATE hospital_medicalreport SET report_file = 'medical_reports/empty.pdf' WHERE id = 7",
        "UPDATE hospital_medicalreport SET report_file = '' WHERE id = 8",
        "UPDATE hospital_medicalreport SET report_file = 'test_reports' WHERE id = 9",
        "UPDATE hospital_medicalreport SET report_type = hex(zeroblob(40)) WHERE id = 10",
        "UPDATE hospital_medicalreport SET patient_id = 999999 WHERE id = 11",
        "UPDATE hospital_testreport SET patient_id = 40, test_date = '2026-02-31' WHERE id = 1",
        "UPDATE hospital_testreport SET patient_id = 40, test_date = '2036-01-31' WHERE id = 2",
    };
    char path[PATH_ROOM], outside[PATH_ROOM];
    if (!maker->plan->media)
        return;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        maker_run(maker, lines[i]);
    file_write(maker, "medical_reports/page.pdf", page, sizeof page - 1);
    file_write(maker, "medical_reports/text.docx", "PK\003\004", 4);
    file_write(maker, "medical_reports/empty.pdf", "", 0);
    unlink(place_of(maker, "medical_reports/way.pdf", path));
    if (symlink(place_of(maker, "test_reports/sample_3.pdf", outside), path) != 0)
        die("legacy: cannot link %s", path);
}
