import django.db.models.deletion
import webside.core.clock
import webside.core.ids
import webside.core.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0001_initial'),
        ('people', '0001_initial'),
        ('visits', '0014_show_screen'),
    ]

    operations = [
        migrations.CreateModel(
            name='HandOver',
            fields=[
                ('id', models.UUIDField(default=webside.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=webside.core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('words', models.TextField()),
                ('stays', models.BooleanField(default=False)),
                ('asked_at', models.DateTimeField(default=webside.core.clock.now)),
                ('overdue_at', models.DateTimeField(null=True)),
                ('answered_at', models.DateTimeField(null=True)),
                ('outcome', models.CharField(blank=True, max_length=10)),
                ('answer', models.TextField(blank=True)),
                ('asked_by', webside.core.models.TenantForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.practitioner')),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.tenant')),
                ('to', webside.core.models.TenantForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.practitioner')),
                ('visit', webside.core.models.TenantForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='hand_overs', to='visits.visit')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('answered_at', None)), fields=['tenant', 'to'], name='hand_over_asked_of'), models.Index(fields=['tenant', 'asked_by', 'answered_at'], name='hand_over_given')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('answered_at', None)), fields=('tenant', 'visit'), name='hand_over_one_open')],
            },
        ),
    ]
