-- 0010_templates.sql
-- migrate: kind=expand tx=yes
--
-- What a doctor prescribes often.

-- section up

SELECT;

-- section verify

SELECT true;

-- section down loss=none

SELECT;
