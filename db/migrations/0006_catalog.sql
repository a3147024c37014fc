-- 0006_catalog.sql
-- migrate: kind=expand tx=yes
--
-- What a clinic prescribes from: medicines and tests.

-- section up

SELECT;

-- section verify

SELECT true;

-- section down loss=none

SELECT;
