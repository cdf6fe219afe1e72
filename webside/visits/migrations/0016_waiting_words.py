import django.db.models.deletion
import webside.core.clock
import webside.core.ids
import webside.core.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0001_initial'),
        ('core', '0001_initial'),
        ('visits', '0015_hand_overs'),
    ]

    operations = [
        migrations.CreateModel(
            name='WaitingWords',
            fields=[
                ('id', models.UUIDField(default=webside.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=webside.core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('language', models.CharField(max_length=8)),
                ('ready', models.TextField(blank=True)),
                ('text', models.TextField(blank=True)),
                ('links', models.JSONField(default=list)),
                ('changed_by', models.CharField(blank=True, max_length=160)),
                ('service', webside.core.models.TenantForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.healthcareservice')),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.tenant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant', 'service', 'language'), name='waiting_words_once')],
            },
        ),
    ]
