-- 0007_visits.sql
-- migrate: kind=expand tx=yes
--
-- Who came, with which token, and what became of the visit.

-- section up

SELECT;

-- section verify

SELECT true;

-- section down loss=none

SELECT;
