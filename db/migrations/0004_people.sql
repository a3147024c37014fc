-- 0004_people.sql
-- migrate: kind=expand tx=yes

-- section up

SELECT 1;

-- section verify

SELECT true;

-- section down loss=none

SELECT 1;
