"""Makes the demo clinic big: 10,000 patients, each with two visits, notes and claims of the last years, one with ten.

The visits lie one after another over the last 15 months, with 90 stretches of ten seconds in each call. Rows are copied
in SQL from rows that the demo made through its services, with other ids, names and times, so that they have the shape of
real ones and no page can tell.
"""

from __future__ import annotations

import time

import psycopg

PATIENTS = 10_000
VISITS_EACH = 2
YEARS = 10
PATIENCE = 60

ENTER = "SELECT set_config('app.tenant', (SELECT id::text FROM core_tenant WHERE slug = 'larkspur'), false)"
GROW = """
CREATE TEMP TABLE model AS
SELECT e.id AS encounter, e.appointment_id AS appointment, e.patient_id AS patient, n.id AS note, c.id AS claim
FROM chart_encounter e JOIN chart_note n ON n.encounter_id = e.id JOIN billing_claim c ON c.encounter_id = e.id
JOIN people_practitioner p ON p.id = e.practitioner_id AND p.family = 'Chen'
WHERE e.appointment_id IS NOT NULL AND n.signed_at IS NOT NULL LIMIT 1;

CREATE TEMP TABLE grown AS
SELECT i, gen_random_uuid() AS patient FROM generate_series(1, %(patients)s) AS i;

CREATE TEMP TABLE visited AS
SELECT patient, gen_random_uuid() AS appointment, gen_random_uuid() AS encounter, gen_random_uuid() AS note,
       gen_random_uuid() AS claim,
       date_trunc('hour', now()) - interval '30 days' - (k * %(patients)s + i) * interval '30 minutes' AS began
FROM grown, generate_series(0, %(visits)s - 1) AS k;

DELETE FROM visited v USING scheduling_appointment a
WHERE a.period && tstzrange(v.began, v.began + interval '20 minutes');

INSERT INTO people_patient SELECT (jsonb_populate_record(base, jsonb_build_object(
  'id', patient, 'user_id', null, 'record_number', 'BIG-' || i, 'email', 'patient' || i || '@big.example',
  'given', (ARRAY['Ana','Ben','Chloe','Dev','Elena','Femi','Gita','Hugo','Iris','Jun'])[1 + i %% 10],
  'family', (ARRAY['Abbott','Baker','Castro','Diaz','Evans','Fischer','Garcia','Hughes'])[1 + i %% 8] || '-' || i,
  'birth_date', date '1935-01-01' + (i * 3) %% 30000))).*
FROM grown, people_patient AS base WHERE base.id = (SELECT patient FROM model);

INSERT INTO scheduling_appointment SELECT (jsonb_populate_record(base, jsonb_build_object(
  'id', v.appointment, 'patient_id', v.patient, 'status', 'fulfilled', 'idempotency_key', v.appointment,
  'period', tstzrange(v.began, v.began + interval '20 minutes')))).*
FROM visited v, scheduling_appointment AS base WHERE base.id = (SELECT appointment FROM model);

INSERT INTO visits_visit SELECT (jsonb_populate_record(base, jsonb_build_object(
  'id', v.appointment, 'appointment_id', v.appointment, 'encounter_id', v.encounter, 'status', 'finished',
  'end_reason', 'completed', 'waiting_since', v.began - interval '5 minutes', 'admitted_at', v.began + interval '2 minutes',
  'started_at', v.began + interval '2 minutes', 'ended_at', v.began + interval '18 minutes'))).*
FROM visited v, visits_visit AS base WHERE base.id = (SELECT id FROM visits_visit LIMIT 1);

INSERT INTO visits_participant SELECT (jsonb_populate_record(base, jsonb_build_object(
  'id', gen_random_uuid(), 'visit_id', v.appointment, 'dial_digest', null, 'device_check', '{"verdict": "video"}'::jsonb))).*
FROM visited v, visits_participant AS base WHERE base.id = (SELECT id FROM visits_participant WHERE role = 'patient' LIMIT 1);

INSERT INTO visits_qualitysample (id, tenant_id, created_at, updated_at, participant_id, client_key, taken_at, seconds,
                                  sound_seconds, picture_seconds, digest)
SELECT gen_random_uuid(), p.tenant_id, now(), now(), p.id, gen_random_uuid(), v.began + k * interval '10 seconds', 10, 10, 10,
       '{"kbps_in": 700}'
FROM visited v JOIN visits_participant p ON p.visit_id = v.appointment, generate_series(1, 90) AS k;

INSERT INTO chart_encounter SELECT (jsonb_populate_record(base, jsonb_build_object(
  'id', v.encounter, 'patient_id', v.patient, 'appointment_id', v.appointment, 'visit_id', null,
  'started_at', v.began, 'ended_at', v.began + interval '18 minutes'))).*
FROM visited v, chart_encounter AS base WHERE base.id = (SELECT encounter FROM model);

INSERT INTO chart_note SELECT (jsonb_populate_record(base, jsonb_build_object(
  'id', v.note, 'encounter_id', v.encounter, 'signed_at', v.began + interval '25 minutes'))).*
FROM visited v, chart_note AS base WHERE base.id = (SELECT note FROM model);

INSERT INTO billing_claim SELECT (jsonb_populate_record(base, jsonb_build_object(
  'id', v.claim, 'encounter_id', v.encounter, 'patient_id', v.patient, 'event_id', gen_random_uuid(),
  'service_date', v.began::date, 'drafted_at', v.began + interval '26 minutes'))).*
FROM visited v, billing_claim AS base WHERE base.id = (SELECT claim FROM model);

ANALYZE;
"""
#: A chart of ten years: a visit each month with its signs and its note, and the lists that such years leave.
LENGTHEN = """
CREATE TEMP TABLE whose AS SELECT e.* FROM chart_encounter e WHERE e.id = (SELECT encounter FROM model);

CREATE TEMP TABLE month AS
SELECT k, gen_random_uuid() AS appointment, gen_random_uuid() AS encounter,
       date_trunc('hour', now()) - k * interval '1 month' - interval '7 minutes' AS began
FROM generate_series(1, 12 * %(years)s) AS k;

INSERT INTO scheduling_appointment SELECT (jsonb_populate_record(base, jsonb_build_object(
  'id', m.appointment, 'status', 'fulfilled', 'idempotency_key', m.appointment,
  'period', tstzrange(m.began, m.began + interval '5 minutes')))).*
FROM month m, scheduling_appointment AS base WHERE base.id = (SELECT appointment FROM model);

INSERT INTO chart_encounter SELECT (jsonb_populate_record(base, jsonb_build_object(
  'id', m.encounter, 'appointment_id', m.appointment, 'visit_id', null,
  'started_at', m.began, 'ended_at', m.began + interval '5 minutes'))).*
FROM month m, chart_encounter AS base WHERE base.id = (SELECT encounter FROM model);

INSERT INTO chart_note SELECT (jsonb_populate_record(base, jsonb_build_object(
  'id', gen_random_uuid(), 'encounter_id', m.encounter, 'signed_at', m.began + interval '25 minutes'))).*
FROM month m, chart_note AS base WHERE base.id = (SELECT note FROM model);

INSERT INTO chart_observation (id, tenant_id, created_at, updated_at, patient_id, encounter_id, code, display, value, unit,
                               effective_at, status, source, entered_by)
SELECT gen_random_uuid(), tenant_id, now(), now(), patient_id, m.encounter, sign.code, sign.display, sign.usual + k %% 9,
       sign.unit, m.began, 'final', '', 'big clinic'
FROM month m, whose, (VALUES
  ('8480-6', 'Blood pressure (upper)', 128, 'mm[Hg]'), ('8462-4', 'Blood pressure (lower)', 78, 'mm[Hg]'),
  ('8867-4', 'Heart rate', 70, '/min'), ('29463-7', 'Weight', 81, 'kg')) AS sign (code, display, usual, unit);

INSERT INTO chart_condition (id, tenant_id, created_at, updated_at, patient_id, category, code, display, clinical_status,
                             position)
SELECT gen_random_uuid(), tenant_id, now(), now(), patient_id, 'problem-list-item', 'I' || k, 'Problem ' || k, 'active', k
FROM whose, generate_series(10, 29) AS k;

INSERT INTO chart_medicationstatement (id, tenant_id, created_at, updated_at, patient_id, medication, dosage, status)
SELECT gen_random_uuid(), tenant_id, now(), now(), patient_id, 'Medicine ' || k, 'one in the morning', 'active'
FROM whose, generate_series(1, 20) AS k;

INSERT INTO chart_allergyintolerance (id, tenant_id, created_at, updated_at, patient_id, substance, reaction, criticality,
                                      clinical_status)
SELECT gen_random_uuid(), tenant_id, now(), now(), patient_id, 'Substance ' || k, 'hives', 'low', 'active'
FROM whose, generate_series(1, 10) AS k;

ANALYZE;
"""


def _wait_for_a_claim(connection: psycopg.Connection) -> None:
    """The worker drafts the claims of the demo's past visits once it runs."""
    deadline = time.monotonic() + PATIENCE
    while connection.execute("SELECT EXISTS (SELECT FROM billing_claim)").fetchone() != (True,):
        if time.monotonic() > deadline:
            raise RuntimeError(f"the worker drafted no claim within {PATIENCE} s")
        time.sleep(0.2)


def grow(owner_url: str, *, patients: int = PATIENTS, years: int = YEARS) -> tuple[str, str]:
    """Add the patients and their visits; return what there is now, in words, and the id of whose chart is long.

    ``owner_url`` connects as the owner of the tables. Raises ``psycopg.Error`` when the demo has no
    signed visit to copy.
    """
    statements = GROW % {"patients": patients, "visits": VISITS_EACH}
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(ENTER)
        _wait_for_a_claim(connection)
        connection.execute(statements)
        connection.execute(LENGTHEN % {"years": years})
        long = connection.execute("SELECT patient_id::text FROM whose").fetchone()[0]  # type: ignore[index]
        counts = [
            f"{connection.execute(f'SELECT count(*) FROM {table}').fetchone()[0]:,} {words}"  # type: ignore[index, arg-type]  # noqa: S608
            for table, words in (("people_patient", "patients"), ("chart_note", "notes"), ("billing_claim", "claims"))
        ]
    return ", ".join(counts), long
