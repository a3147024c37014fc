BEGIN;

TRUNCATE ops.import_stage, ops.import_outcome;

COPY ops.import_stage (n, line) FROM STDIN;
