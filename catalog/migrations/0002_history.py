import django.contrib.postgres.indexes
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.utils import timezone


def begin_history(apps: StateApps, _: BaseDatabaseSchemaEditor) -> None:
    """A catalog that is there already has a history from now on; an empty one has all of it."""
    if apps.get_model("catalog", "Entity").objects.exists():
        apps.get_model("catalog", "Horizon").objects.create(pk=1, at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Horizon",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("pk", 1)), name="horizon_one_row")]
            },
        ),
        migrations.CreateModel(
            name="Revision",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "ref", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("ref", models.TextField(db_collation="C")),
                ("number", models.PositiveIntegerField()),
                ("uid", models.UUIDField()),
                ("at", models.DateTimeField()),
                (
                    "verb",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "created"),
                            (2, "changed"),
                            (3, "deleted"),
                            (4, "orphaned"),
                            (5, "restored"),
                            (6, "broken"),
                            (7, "mended"),
                        ]
                    ),
                ),
                (
                    "cause",
                    models.TextField(help_text="location:<id>, the reference of who did it, or stitched."),
                ),
                ("step_back", models.BinaryField(null=True)),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True, fields=["at"], name="revision_at", pages_per_range=16
                    )
                ]
            },
        ),
        migrations.RunPython(begin_history, migrations.RunPython.noop),
    ]
