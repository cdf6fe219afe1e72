from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('visits', '0018_team_meetings'),
    ]

    operations = [
        migrations.AddField(
            model_name='participant',
            name='captions_since',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='participant',
            name='voice',
            field=models.CharField(blank=True, choices=[('agreed', 'agreed'), ('declined', 'declined')], max_length=8),
        ),
        migrations.AddField(
            model_name='participant',
            name='voice_language',
            field=models.CharField(blank=True, max_length=8),
        ),
    ]
