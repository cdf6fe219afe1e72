
import django.db.models.deletion
import webside.core.clock
import webside.core.ids
import webside.core.models
from django.conf import settings
from django.db import migrations, models
from webside.visits.codes import ParticipantRole


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0001_initial'),
        ('visits', '0003_sample_key'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CodeCheck',
            fields=[
                ('id', models.UUIDField(default=webside.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=webside.core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('result', models.CharField(max_length=12)),
            ],
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.UUIDField(default=webside.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=webside.core.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('token_hash', models.BinaryField(max_length=32)),
                ('email', models.EmailField(blank=True, max_length=254)),
                ('expires_at', models.DateTimeField()),
                ('taken_at', models.DateTimeField(null=True)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('knocks', models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='participant',
            name='participant_once',
        ),
        migrations.AddField(
            model_name='participant',
            name='browser_hash',
            field=models.BinaryField(max_length=32, null=True),
        ),
        migrations.AddField(
            model_name='participant',
            name='admitted_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='participant',
            name='invited_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='participant',
            name='invited_by',
            field=webside.core.models.TenantForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='visits.participant'),
        ),
        migrations.AddField(
            model_name='participant',
            name='relation',
            field=models.CharField(blank=True, max_length=12),
        ),
        migrations.AddField(
            model_name='participant',
            name='removed_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='participant',
            name='see_chart',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='participant',
            name='speak',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='participant',
            name='stay_without_patient',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='participant',
            name='unwanted_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='participant',
            name='write',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='qualitysample',
            name='peer',
            field=webside.core.models.TenantForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='visits.participant'),
        ),
        migrations.AlterField(model_name='participant', name='role', field=models.CharField(choices=[(role, role) for role in ParticipantRole], max_length=12)),
        migrations.AddConstraint(
            model_name='participant',
            constraint=models.UniqueConstraint(condition=models.Q(('role__in', ['patient', 'clinician'])), fields=('tenant', 'visit', 'role'), name='participant_once'),
        ),
        migrations.AddConstraint(
            model_name='participant',
            constraint=models.UniqueConstraint(condition=models.Q(('removed_at', None), models.Q(('role__in', ['patient', 'clinician']), _negated=True)), fields=('tenant', 'visit', 'user'), name='colleague_once'),
        ),
        migrations.AddField(
            model_name='codecheck',
            name='participant',
            field=webside.core.models.TenantForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='code_checks', to='visits.participant'),
        ),
        migrations.AddField(
            model_name='codecheck',
            name='peer',
            field=webside.core.models.TenantForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='visits.participant'),
        ),
        migrations.AddField(
            model_name='codecheck',
            name='tenant',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.tenant'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='participant',
            field=webside.core.models.TenantForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='visits.participant'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='tenant',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.tenant'),
        ),
        migrations.AddConstraint(
            model_name='codecheck',
            constraint=models.UniqueConstraint(fields=('tenant', 'participant', 'peer'), name='code_check_once'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.UniqueConstraint(fields=('tenant', 'token_hash'), name='invitation_link_once'),
        ),
        # What each of the two said of the other.
        migrations.RunSQL(
            "INSERT INTO visits_codecheck (id, tenant_id, participant_id, peer_id, result, created_at, updated_at)"
            " SELECT gen_random_uuid(), one.tenant_id, one.id, other.id, one.code_check, one.updated_at, one.updated_at"
            " FROM visits_participant one JOIN visits_participant other"
            " ON other.tenant_id = one.tenant_id AND other.visit_id = one.visit_id AND other.id <> one.id"
            " WHERE one.code_check <> ''",
            migrations.RunSQL.noop,
        ),
        migrations.RemoveField(model_name='participant', name='code_check'),
    ]
