-- bad_migration.sql
-- migrate: kind=expand tx=yes
--
-- What the lint refuses, for migrate_test.c.

-- section up

ALTER TABLE clinicd.patient ADD COLUMN nickname char(20);
CREATE INDEX patient_nickname ON clinicd.patient (clinic_id, nickname);
