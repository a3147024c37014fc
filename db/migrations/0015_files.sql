-- 0015_files.sql
-- migrate: kind=expand tx=yes
--
-- Files, the reports they belong to, and a clinic's logo.

-- section up

SELECT 1;

-- section verify

SELECT true;

-- section down loss=none

SELECT 1;
