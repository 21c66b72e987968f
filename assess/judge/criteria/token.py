"""Criterion: how long each further token of a text takes."""

from assess.judge.case import Case, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding
from assess.judge.job_limit import job_limit
from assess.judge.tokens import generation_of, judged


@criterion("token")
def token(case: Case) -> Finding:
    """Does each further token come in time?

    Time from one token to the next, at the job's percentile and with 99 % confidence each way, on the device itself.
    """
    required = case.workload.requires.token
    if required is None:
        raise NotAskedError(f"{case.workload.id} sets no time for a token")
    limit = job_limit(case, required, "s", f"token of {case.workload.id}")
    return judged(case, generation_of(case).token_ns, "tokens", limit)
