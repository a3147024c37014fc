-- What grows while rows come in is looked up by its keys only if the planner knows that it is large.
ANALYZE ops.import_map;

ANALYZE clinicd.patient;

ANALYZE clinicd.visit;

ANALYZE clinicd.prescription;

ANALYZE clinicd.admission;
