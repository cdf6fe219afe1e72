from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('chart', '0009_plans'),
    ]

    operations = [
        migrations.AddField(
            model_name='note',
            name='handed_over',
            field=models.JSONField(default=list),
        ),
    ]
