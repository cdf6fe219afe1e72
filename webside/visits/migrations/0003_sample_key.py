import webside.core.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("visits", "0002_room_details")]

    operations = [
        migrations.AlterModelOptions(name="qualitysample", options={}),
        migrations.AddField(
            model_name="qualitysample",
            name="client_key",
            field=models.UUIDField(null=True),
        ),
        # Samples that were kept before they had a key of their own: each is itself.
        migrations.RunSQL("UPDATE visits_qualitysample SET client_key = id", migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="qualitysample",
            name="client_key",
            field=models.UUIDField(default=webside.core.ids.uuid7),
        ),
        migrations.AddConstraint(
            model_name="qualitysample",
            constraint=models.UniqueConstraint(fields=("tenant", "participant", "client_key"), name="sample_once"),
        ),
    ]
