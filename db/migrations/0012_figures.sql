-- 0012_figures.sql
-- migrate: kind=expand tx=yes
--
-- What the dashboards and a patient's history read.

-- section up

SELECT;

-- section verify

SELECT true;

-- section down loss=none

SELECT;
