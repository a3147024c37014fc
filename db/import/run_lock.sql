-- One import at a time; the first number is "clin", as of the migrator's lock.
SELECT pg_try_advisory_lock(1668049262, 2);
