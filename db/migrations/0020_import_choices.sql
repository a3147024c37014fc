-- 0020_import_choices.sql
-- migrate: kind=expand tx=yes
--
-- What an import was told: an import that stopped goes on only as it began, and its rules look here.

-- section up

ALTER TABLE ops.import ADD choices jsonb NOT NULL DEFAULT '{}';

-- section verify

SELECT count(*) = 1 FROM information_schema.columns
    WHERE table_schema = 'ops' AND table_name = 'import' AND column_name = 'choices' AND is_nullable = 'NO';

-- section down loss=rows

ALTER TABLE ops.import DROP COLUMN choices;

-- section loss

SELECT count(*) FROM ops.import i WHERE i.choices <> '{}';
