"""A run with all parts: at 100 Hz, two frames late and one dropped, sampled by every pass and sensor."""

from dataclasses import replace

import builders

from assess.describe.workload import Workload
from assess.measure.agreement import Agreement, OutputAgreement
from assess.measure.attribution import Attribution, Growth, Parts
from assess.measure.cold_start import Start
from assess.measure.energy import Energy
from assess.measure.frames import Frames
from assess.measure.memory_limit import MemoryLimit
from assess.measure.passes.floor import Floor, Spread
from assess.measure.passes.outputs import NotFinite, OutputFacts, Variant
from assess.measure.passes.profile import OperatorTime, Profile, ProfiledNode
from assess.measure.placement import Fallback, Part, Placement
from assess.measure.plain import Signed
from assess.measure.windows import Window

CPU, NPU = "CPUExecutionProvider", "NpuExecutionProvider"
PERIOD_NS = 10_000_000

#: The job: a frame each 10 ms, at most 3 misses in any 100 and never 3 in a row.
AUTHORED = {
    **builders.WORKLOAD,
    "scenario": {"kind": "periodic", "rate": "100 Hz"},
    "requires": {
        **builders.WORKLOAD["requires"], "deadline": "10 ms",
        "misses": {"at_most": 3, "in_any": 100, "in_a_row": 2},
    },
}  # fmt: skip
WORKLOAD = Workload.model_validate({**AUTHORED, "id": "camera-30hz"})


def frames(count=1200):
    """Service of 4 ms to 4.699 ms, begun 20 us after the release; frame 500 takes 25 ms, 501 waits, 502 is dropped."""
    served = [index for index in range(count) if index != 502]
    service = {index: 4_000_000 + 1000 * ((index * 37) % 700) for index in served}
    service[500] = 25_000_000
    start = {index: index * PERIOD_NS + 20_000 for index in served}
    start[501] = start[500] + service[500]
    return Frames(
        tuple(index * PERIOD_NS for index in served),
        tuple(start[index] for index in served),
        tuple(start[index] + service[index] for index in served),
        (502 * PERIOD_NS,),
    )


FLOOR = Floor(
    PERIOD_NS, Spread(75_000, 2_000, 2_100, 3_000, 9_000, 40_000), 50,
    Spread(30, 60_000, 90_000, 95_000, 95_000, 95_000),
    90_000,
    Spread(300, 1_000, 5_000, 97_000, 400_000, 400_000), 0.0, 0.009, 0.001, 10_400_000,
)  # fmt: skip
ATTRIBUTION = Attribution(
    load_peak=12_000_000,
    run_peak=10_500_000,
    steady=10_000_000,
    at_load=Parts(6_000_000, 0, 600_000, 3_000_000, 0, 2_400_000, 0),
    at_steady=Parts(6_000_000, 250_000, 600_000, 3_000_000, 100_000, 0, 50_000),
    growth=Growth(90_000.0, 18_000.0, 20_000),
    swapped=0,
    second_model=6_500_000,
    update_slot=9_000_000,
    methods={"weights": "what a session that has not run added"},
    absent={"arena held": "this version does not tell"},
)
STARTS = (
    Start("warm", False, 0.03, 0.05, 0.015, 0.005, (0.1, 0.09, 0.11)),
    Start("cold", False, 0.03, 0.1, 0.015, 0.005, (0.15, 0.14, 0.16), "12% of numpy stayed in the page cache"),
    Start("warm", True, 0.03, 0.05, 0.007, 0.005, (0.092, 0.09, 0.095)),
)
OUTPUTS = OutputFacts(
    variants=(
        Variant("run", (), 4_300_000, 1.0),
        Variant("run again", (), 4_310_000, 1.002),
        Variant("zeros", ("image",), 4_000_000, 0.93),
        Variant("denormals", ("image",), 8_600_000, 2.0),
        Variant("card", (), absent="the card has no samples"),
    ),
    rounds=30,
    not_finite=(NotFinite("scores", "extremes", 3, 1, 10),),
    deterministic={"runs": True, "sessions": True, "threads": False},
    compared={"runs": "4 inferences in one session"},
    digests={"scores": "ab" * 32},
)
AGREEMENT = Agreement(
    "teacher.onnx", "cd" * 32, "model", ("run", "seed 1"), "name",
    (OutputAgreement("scores", "scores", 20, 0.4, 0, 0.012, 0.003, 2.5e-6, 0.001, 0.95, 20, "name"),),
)  # fmt: skip
PLACEMENT = Placement(
    NPU,
    (Part(NPU, 18, {"Conv": 12, "Relu": 6}, 0.97), Part(CPU, 1, {"TopK": 1}, 0.03)),
    2,
    (Fallback("top|<k>", "TopK", CPU),),
)
PROFILE = Profile(
    runs=100,
    plain_ns=4_000_000,
    profiled_ns=4_800_000,
    run_ns=480_000_000,
    kernel_ns=400_000_000,
    mapped_ns=392_000_000,
    nodes=(
        ProfiledNode("conv_nchwc", "Conv", NPU, 100, 300_000_000, ("conv", "relu"), macs=450_000_000),
        ProfiledNode("top|<k>", "TopK", CPU, 100, 80_000_000, ("top|<k>",), macs=0),
    ),
    more_nodes=2,
    more_ns=20_000_000,
    by_operator=(
        OperatorTime("Conv", NPU, 2, 200, 310_000_000),
        OperatorTime("TopK", CPU, 1, 100, 80_000_000),
        OperatorTime("ReorderOutput", NPU, 1, 100, 10_000_000),
    ),
    folded=3,
    absorbed=1,
    unseen=("drop",),
    arena_peak_bytes=250_000,
)
ENERGY = (Energy("RAPL package-0", "CPU cores and caches; not the memory", 60.0, 12.0, 1199, "counter", 13, 2.0),)
WINDOWS = tuple(
    Window(
        2.0 * index, 2.0, 200, p50, p50 + 100_000, p50 + 700_000, 3 if index == 2 else 0, "x86_pkg_temp",
        Signed(60.0 + index), Signed(61.0 + index), {"cpu0": 2.4e9 - 1e8 * index}, index == 3,
    )
    for index, p50 in enumerate((4_000_000, 4_100_000, 4_300_000, 4_500_000, 4_510_000, 4_505_000))
)  # fmt: skip
ABSENT = {"NVML": "no NVIDIA driver", "battery": "no battery in /sys/class/power_supply", "threads": "not told"}


def whole_run(**changes):
    """The run; each part can be another."""
    made = builders.measurement(
        workload=AUTHORED,
        frames=frames(),
        back_to_back_ns=tuple(3_500_000 + 1000 * (index % 100) for index in range(200)),
        requested=replace(builders.measurement().requested, provider=NPU),
        effective=replace(
            builders.measurement().effective, providers=(NPU, CPU), spin_ns=90_000, run_queue_wait=0.0002
        ),
        floor=FLOOR,
        starts=STARTS,
        attribution=ATTRIBUTION,
        memory_limit=MemoryLimit(100_000_000, "watchdog", 0),
        outputs=OUTPUTS,
        agreement=AGREEMENT,
        placement=PLACEMENT,
        profile=PROFILE,
        energy=ENERGY,
        windows=WINDOWS,
        absent=ABSENT,
    )
    return replace(made, **changes)
