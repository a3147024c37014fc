-- 0008_queue.sql
-- migrate: kind=expand tx=yes
--
-- What listeners hear: numbered events of a clinic.

-- section up

SELECT;

-- section verify

SELECT true;

-- section down loss=none

SELECT;
