SELECT coalesce(current_setting('app.clinic_id', true), '') || coalesce(current_setting('app.patient_id', true), '');
