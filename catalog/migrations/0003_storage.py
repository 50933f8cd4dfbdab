"""Documents get a table of their own, search keys become hashes, and the catalog counts its generations.

Entities keep their uid and their document. What is derived anew (search keys, hashes) comes with the next reading of
each location, which is due at once.
"""

import uuid

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Collate, Lower, NullIf

COPY_DOCUMENTS = """
    INSERT INTO catalog_document (entity_id, final) SELECT uid, final FROM catalog_entity;
    INSERT INTO catalog_held (entity_id, values) SELECT uid, facets FROM catalog_entity;
    UPDATE catalog_location SET files = '{}', next_refresh_at = now();
"""
LAY_OUT = """
    -- A document leaves as it lies: up to a page it is neither packed nor moved out of its row.
    ALTER TABLE catalog_document SET (toast_tuple_target = 8160);
"""
COUNT_GENERATIONS = """
    INSERT INTO catalog_generation (id, token) VALUES (1, gen_random_uuid());
    CREATE FUNCTION catalog_next_generation() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE catalog_generation SET token = gen_random_uuid();
        RETURN NULL;
    END $$;
    CREATE TRIGGER catalog_entity_generation AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON catalog_entity
        FOR EACH STATEMENT EXECUTE FUNCTION catalog_next_generation();
"""
COUNT_NO_GENERATIONS = """
    DROP TRIGGER catalog_entity_generation ON catalog_entity;
    DROP FUNCTION catalog_next_generation();
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_history")]

    operations = [
        migrations.CreateModel(
            name="Document",
            fields=[
                (
                    "entity",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="stored",
                        serialize=False,
                        to="catalog.entity",
                    ),
                ),
                ("final", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="Held",
            fields=[
                (
                    "entity",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="held",
                        serialize=False,
                        to="catalog.entity",
                    ),
                ),
                ("values", models.JSONField(default=dict)),
            ],
        ),
        migrations.RunSQL(COPY_DOCUMENTS, migrations.RunSQL.noop),
        migrations.RunSQL(LAY_OUT, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Generation",
            fields=[
                (
                    "id",
                    models.SmallIntegerField(default=1, editable=False, primary_key=True, serialize=False),
                ),
                ("token", models.UUIDField(default=uuid.uuid4)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="generation_once")]
            },
        ),
        migrations.RemoveConstraint(
            model_name="relation",
            name="relation_once",
        ),
        migrations.RemoveIndex(
            model_name="entity",
            name="entity_search",
        ),
        migrations.RemoveField(
            model_name="entity",
            name="facets",
        ),
        migrations.RemoveField(
            model_name="entity",
            name="final",
        ),
        migrations.RemoveField(
            model_name="entity",
            name="processed",
        ),
        migrations.RemoveField(
            model_name="entity",
            name="search",
        ),
        migrations.RemoveField(
            model_name="relation",
            name="said_by",
        ),
        migrations.AddField(
            model_name="entity",
            name="description",
            field=models.TextField(help_text="As far as it can be looked for; else NULL.", null=True),
        ),
        migrations.AddField(
            model_name="entity",
            name="wording",
            field=models.TextField(
                blank=True,
                default="",
                help_text="Name, title and description, lower-case: what full text looks at first.",
            ),
        ),
        migrations.AddField(
            model_name="entity",
            name="source_hash",
            field=models.BinaryField(
                help_text="Of the text that it was read from; none when the text alone does not decide.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="entity",
            name="terms",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), default=list, size=None
            ),
        ),
        migrations.AlterField(
            model_name="entity",
            name="content_hash",
            field=models.BinaryField(help_text="Of the entity as read, without relations and status."),
        ),
        migrations.AlterField(
            model_name="entity",
            name="location",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="entities",
                to="catalog.location",
            ),
        ),
        migrations.AlterField(
            model_name="entity",
            name="orphaned_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="entity",
            name="owner_ref",
            field=models.TextField(blank=True, default=""),
        ),
        migrations.AlterField(
            model_name="entity",
            name="ref",
            field=models.TextField(db_collation="C"),
        ),
        migrations.AlterField(
            model_name="relation",
            name="source_ref",
            field=models.TextField(),
        ),
        migrations.AlterField(
            model_name="relation",
            name="target_ref",
            field=models.TextField(),
        ),
        migrations.AddIndex(
            model_name="entity",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["terms"], gin_pending_list_limit=4096, name="entity_terms"
            ),
        ),
        migrations.AddIndex(
            model_name="entity",
            index=models.Index(fields=["location", "file"], name="entity_source"),
        ),
        migrations.AddIndex(
            model_name="entity",
            index=models.Index(Collate(Lower("name"), "C"), models.F("uid"), name="entity_by_name"),
        ),
        migrations.AddIndex(
            model_name="entity",
            index=models.Index(
                Collate(Lower(NullIf("title", models.Value(""))), "C"),
                models.F("uid"),
                name="entity_by_title",
            ),
        ),
        migrations.AddIndex(
            model_name="entity",
            index=models.Index(fields=["owner_ref"], name="entity_owner"),
        ),
        migrations.AddIndex(
            model_name="entity",
            index=models.Index(
                condition=models.Q(("errors", []), _negated=True),
                fields=["location"],
                name="entity_broken",
            ),
        ),
        migrations.AddIndex(
            model_name="entity",
            index=models.Index(
                condition=models.Q(("orphaned_at__isnull", False)),
                fields=["orphaned_at"],
                name="entity_orphans",
            ),
        ),
        migrations.AddIndex(
            model_name="relation",
            index=models.Index(fields=["target_ref"], name="relation_target"),
        ),
        migrations.AddConstraint(
            model_name="entity",
            constraint=models.UniqueConstraint(fields=("ref",), name="entity_once"),
        ),
        migrations.AddConstraint(
            model_name="relation",
            constraint=models.UniqueConstraint(
                fields=("source_ref", "type", "target_ref"), name="relation_once"
            ),
        ),
        migrations.RunSQL(COUNT_GENERATIONS, COUNT_NO_GENERATIONS),
    ]
