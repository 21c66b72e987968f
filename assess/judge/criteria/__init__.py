"""The criteria, one file each, in the order in which reports list them."""

from assess.judge.criteria.agreement import agreement
from assess.judge.criteria.cold_start import cold_start
from assess.judge.criteria.data_dependence import data_dependence
from assess.judge.criteria.deadline_misses import deadline_misses
from assess.judge.criteria.energy import energy
from assess.judge.criteria.evidence import evidence
from assess.judge.criteria.execution import execution
from assess.judge.criteria.fidelity import fidelity
from assess.judge.criteria.first_token import first_token
from assess.judge.criteria.latency import latency
from assess.judge.criteria.licence import licence
from assess.judge.criteria.measurement_validity import measurement_validity
from assess.judge.criteria.memory import memory
from assess.judge.criteria.model_validity import model_validity
from assess.judge.criteria.numerics import numerics
from assess.judge.criteria.on_chip_memory import on_chip_memory
from assess.judge.criteria.operators import operators
from assess.judge.criteria.output_age import output_age_
from assess.judge.criteria.placement import placement
from assess.judge.criteria.precision import precision
from assess.judge.criteria.statements import statements
from assess.judge.criteria.storage import storage
from assess.judge.criteria.throughput import throughput
from assess.judge.criteria.token import token

CRITERIA = (
    model_validity,
    operators,
    precision,
    execution,
    placement,
    numerics,
    agreement,
    fidelity,
    measurement_validity,
    latency,
    deadline_misses,
    output_age_,
    throughput,
    first_token,
    token,
    data_dependence,
    cold_start,
    memory,
    on_chip_memory,
    storage,
    energy,
    licence,
    statements,
    evidence,
)
