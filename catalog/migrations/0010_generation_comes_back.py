"""The catalog's generation survives that its row was taken away (TRUNCATE, a dump without it): a write makes it anew."""

from typing import ClassVar

from django.db import migrations

NEXT = """
    CREATE OR REPLACE FUNCTION catalog_next_generation() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO catalog_generation (id, token) VALUES (1, gen_random_uuid())
            ON CONFLICT (id) DO UPDATE SET token = excluded.token;
        RETURN NULL;
    END $$;
"""
NEXT_BEFORE = """
    CREATE OR REPLACE FUNCTION catalog_next_generation() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE catalog_generation SET token = gen_random_uuid();
        RETURN NULL;
    END $$;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("catalog", "0009_one_collation_of_references")]
    operations: ClassVar = [migrations.RunSQL(NEXT, NEXT_BEFORE)]
