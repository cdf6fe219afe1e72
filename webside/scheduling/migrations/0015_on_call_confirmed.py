from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scheduling', '0014_booked_by_guardian'),
    ]

    operations = [
        migrations.AddField(
            model_name='oncallstretch',
            name='confirmed_at',
            field=models.DateTimeField(null=True),
        ),
    ]
