
import django.db.models.deletion
import webside.core.clock
import webside.core.ids
import webside.core.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0001_initial'),
        ('visits', '0017_sites'),
    ]

    operations = [
        migrations.AddField(
            model_name='chatmessage',
            name='apart',
            field=models.BooleanField(default=False),
        ),
        migrations.CreateModel(
            name='ApartConsent',
            fields=[
                ('id', models.UUIDField(default=webside.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=webside.core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('asked_at', models.DateTimeField(default=webside.core.clock.now)),
                ('agreed', models.BooleanField(null=True)),
                ('answered_at', models.DateTimeField(null=True)),
                ('answered_by', models.CharField(blank=True, max_length=200)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('asked_by', webside.core.models.TenantForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='visits.participant')),
                ('seat', webside.core.models.TenantForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='apart_consents', to='visits.participant')),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.tenant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('withdrawn_at', None), models.Q(('agreed', None), ('agreed', True), _connector='OR')), fields=('tenant', 'seat'), name='apart_consent_once')],
            },
        ),
        migrations.CreateModel(
            name='TeamMeeting',
            fields=[
                ('id', models.UUIDField(default=webside.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=webside.core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('began_by', models.CharField(max_length=200)),
                ('began_at', models.DateTimeField(default=webside.core.clock.now)),
                ('ended_at', models.DateTimeField(null=True)),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.tenant')),
                ('visit', webside.core.models.TenantForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='team_meetings', to='visits.visit')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('tenant', 'visit'), name='team_meeting_one_open')],
            },
        ),
    ]
