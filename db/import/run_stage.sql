-- Whatever a chunk staged it also takes away, in the same transaction.
BEGIN;

COPY ops.import_stage (n, line) FROM STDIN;
