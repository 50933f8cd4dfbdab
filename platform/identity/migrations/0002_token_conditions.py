"""Conditions of a token: criteria that limit a permission to a part of the things."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="servicetoken",
            name="conditions",
            field=models.JSONField(blank=True, default=dict),
        ),
    ]
