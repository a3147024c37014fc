-- Of reports the chunk is staged before their files go, in a transaction of its own: who was killed there left it.
TRUNCATE ops.import_stage, ops.import_outcome;
