from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scheduling', '0013_by_guardian'),
    ]

    operations = [
        migrations.AddField(
            model_name='appointment',
            name='by_guardian',
            field=models.BooleanField(default=False),
        ),
    ]
