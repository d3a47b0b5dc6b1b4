"""A whole run: what the manifest asks for, what is left to do, doing it, and how it ended."""

from pipeline.batch.access import access, books_of, find_key
from pipeline.batch.checking import check_inputs
from pipeline.batch.outcome import Summary, jobs_json, money_json
from pipeline.batch.plan import Plan, plan
from pipeline.batch.probe import Probed, probe
from pipeline.batch.putback import PutBack, put_back
from pipeline.batch.resolving import Resolved, resolve
from pipeline.batch.run import run
from pipeline.batch.standing import (
    is_running,
    job_rows,
    standing_jobs,
    standing_money,
    standing_pressure,
)
from pipeline.batch.work import Options

__all__ = [
    "Options",
    "Plan",
    "Probed",
    "PutBack",
    "Resolved",
    "Summary",
    "access",
    "books_of",
    "check_inputs",
    "find_key",
    "is_running",
    "job_rows",
    "jobs_json",
    "money_json",
    "plan",
    "probe",
    "put_back",
    "resolve",
    "run",
    "standing_jobs",
    "standing_money",
    "standing_pressure",
]
