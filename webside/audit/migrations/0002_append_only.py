"""Number the rows, note their transactions, and let each tenant see its own only."""

from django.db import migrations

TENANT = "NULLIF(current_setting('app.tenant', true), '')::uuid"

FORWARD = f"""
CREATE SEQUENCE audit_event_sequence OWNED BY audit_auditevent.sequence;
ALTER TABLE audit_auditevent ALTER sequence SET DEFAULT nextval('audit_event_sequence');
ALTER TABLE audit_auditevent ALTER transaction SET DEFAULT pg_current_xact_id()::text::bigint;
ALTER TABLE audit_auditevent ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_reads ON audit_auditevent FOR SELECT TO webside_app USING (tenant_id = {TENANT});
CREATE POLICY tenant_writes ON audit_auditevent FOR INSERT TO webside_app
    WITH CHECK (tenant_id IS NULL OR tenant_id = {TENANT});
CREATE POLICY sealer_reads ON audit_auditevent FOR SELECT TO webside_sealer USING (true);
ALTER TABLE audit_sealedrow ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_reads ON audit_sealedrow FOR SELECT TO webside_app USING (tenant_id = {TENANT});
CREATE POLICY sealer_works ON audit_sealedrow TO webside_sealer USING (true) WITH CHECK (true);
"""

BACKWARD = """
DROP POLICY tenant_reads ON audit_auditevent;
DROP POLICY tenant_writes ON audit_auditevent;
DROP POLICY sealer_reads ON audit_auditevent;
ALTER TABLE audit_auditevent DISABLE ROW LEVEL SECURITY;
ALTER TABLE audit_auditevent ALTER sequence SET DEFAULT 0;
ALTER TABLE audit_auditevent ALTER transaction SET DEFAULT 0;
DROP SEQUENCE audit_event_sequence;
DROP POLICY tenant_reads ON audit_sealedrow;
DROP POLICY sealer_works ON audit_sealedrow;
ALTER TABLE audit_sealedrow DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
