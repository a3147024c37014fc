-- 0011_laboratory.sql
-- migrate: kind=expand tx=yes
--
-- What the laboratory is to do, and what it found.

-- section up

SELECT;

-- section verify

SELECT true;

-- section down loss=none

SELECT;
