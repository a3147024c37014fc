SELECT SESSION_USER = 'clinicd_migrator' AND to_regclass('ops.run') IS NOT NULL AND to_regclass('ops.import') IS NOT NULL, SESSION_USER;
