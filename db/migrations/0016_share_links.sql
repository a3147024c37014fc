-- 0016_share_links.sql
-- migrate: kind=expand tx=yes
--
-- Share links of prescriptions.

-- section up

SELECT 1;

-- section verify

SELECT true;

-- section down loss=none

SELECT 1;
