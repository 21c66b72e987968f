"""Criterion: how long a text's first token takes."""

from assess.judge.case import Case, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding
from assess.judge.job_limit import job_limit
from assess.judge.tokens import generation_of, judged


@criterion("first token")
def first_token(case: Case) -> Finding:
    """Does the first token come in time after the prompt?

    Reading the whole prompt, at the job's percentile and with 99 % confidence each way, on the device itself.
    """
    required = case.workload.requires.first_token
    if required is None:
        raise NotAskedError(f"{case.workload.id} sets no time to the first token")
    generation = generation_of(case)
    what = f"prompts of {generation.prompt_tokens} tokens"
    limit = job_limit(case, required, "s", f"first token of {case.workload.id}")
    return judged(case, generation.first_token_ns, what, limit)
