from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('visits', '0020_hand_over_reads_until'),
    ]

    operations = [
        migrations.AddField(
            model_name='participant',
            name='made_room_at',
            field=models.DateTimeField(null=True),
        ),
    ]
