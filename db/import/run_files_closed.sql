-- Clinics of an import that was taken back, and that went with it: nobody sweeps behind them.
SELECT DISTINCT k.clinic_id FROM ops.import_file k JOIN ops.import i ON i.id = k.import_id AND i.state = 'undone'
WHERE k.import_id = $1::bigint AND NOT EXISTS (SELECT FROM clinicd.clinic c WHERE c.clinic_id = k.clinic_id);
