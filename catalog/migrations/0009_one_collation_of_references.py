"""All references are compared by their code points, so that the index of one column serves the other."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0008_documentation"),
    ]

    operations = [
        migrations.AlterField(
            model_name="entity",
            name="owner_ref",
            field=models.TextField(blank=True, db_collation="C", default=""),
        ),
        migrations.AlterField(
            model_name="entity",
            name="parent_ref",
            field=models.TextField(
                blank=True, db_collation="C", default="", help_text="The Location entity that led to it."
            ),
        ),
        migrations.AlterField(
            model_name="relation",
            name="source_ref",
            field=models.TextField(db_collation="C"),
        ),
        migrations.AlterField(
            model_name="relation",
            name="target_ref",
            field=models.TextField(db_collation="C"),
        ),
    ]
