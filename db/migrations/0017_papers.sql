-- 0017_papers.sql
-- migrate: kind=expand tx=yes
--
-- What a completed document says, for ever.

-- section up

SELECT 1;

-- section verify

SELECT true;

-- section down loss=none

SELECT 1;
