"""Jobs as tests need them, without a worker."""

from __future__ import annotations

from uuid import UUID

from django.db import connection


def give_up_a_job(tenant_id: UUID | None) -> int:
    """Leave a job of a clinic, or of the whole installation, that was given up; return its number."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (task_name, queue_name, args, status)"
            " VALUES ('core.rows.delete', 'default', jsonb_build_object('tenant_id', %s::text), 'failed') RETURNING id",
            [str(tenant_id) if tenant_id else None],
        )
        return int(cursor.fetchone()[0])
