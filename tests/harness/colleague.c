#include "tests/harness/colleague.h"

void colleague_arrive(struct world *world)
{
    sql_run(
        world->boss,
        "INSERT INTO clinicd.account (clinic_id, id, username, role, first_name, last_name, "
        "  must_change_password, created_at, updated_at) "
        "VALUES (7001, '0190a000-0000-7000-8000-aa0000000209', 'colleague-aa', 'doctor', 'Second', "
        "  'Doctor', false, '2026-01-01', '2026-01-01');"
        "INSERT INTO clinicd.doctor (clinic_id, id, specialization, license_number) "
        "VALUES (7001, '0190a000-0000-7000-8000-aa0000000209', 'Surgery', 'LIC-COLLEAGUE');"
        "INSERT INTO clinicd.session (clinic_id, id, account_id, access_hash, access_expires_at, "
        "  family_hash, refresh_hash, refresh_expires_at, ends_at, idle_seconds, last_seen_at, "
        "  created_at) "
        "SELECT clinic_id, '0190a000-0000-7000-8000-aa0000000309', "
        "  '0190a000-0000-7000-8000-aa0000000209', "
        "  encode(sha256(('ca_' || rpad('clinic-a-colleague', 43, 'A'))::bytea), 'hex'), "
        "  access_expires_at, encode(sha256('family of colleague'), 'hex'), "
        "  encode(sha256('refresh of colleague'), 'hex'), refresh_expires_at, ends_at, "
        "  idle_seconds, last_seen_at, created_at "
        "FROM clinicd.session WHERE id = '0190a000-0000-7000-8000-aa0000000302'");
}
