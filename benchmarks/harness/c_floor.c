/* The least that an inference through ONNX Runtime can take: its C API, one session, inputs and outputs bound once, and
   nothing between two readings of the clock but RunWithBinding.

   The Python wheel has the library but no headers. Functions are taken by their place in `struct OrtApi`, which only
   ever grows at its end (onnxruntime_c_api.h: "NO REORDERING"; upstream asserts the places when it is compiled).

   c_floor LIBRARY MODEL INPUT OUTPUT WARM_UP_S DURATION_S COUNT RANK DIM...
   INPUT holds the floats of input "x", OUTPUT gets those of output "y" of the same shape. Prints the library's version,
   the median in nanoseconds, and the share of the timed span in which this process had to wait for a CPU. */

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { API_VERSION = 16 };

enum slot {
    GET_ERROR_MESSAGE = 2,
    CREATE_ENV = 3,
    CREATE_SESSION = 7,
    CREATE_SESSION_OPTIONS = 10,
    SET_INTRA_OP_THREADS = 24,
    SET_INTER_OP_THREADS = 25,
    CREATE_RUN_OPTIONS = 39,
    CREATE_TENSOR_WITH_DATA = 49,
    CREATE_CPU_MEMORY_INFO = 69,
    RUN_WITH_BINDING = 133,
    CREATE_IO_BINDING = 134,
    BIND_INPUT = 136,
    BIND_OUTPUT = 137,
};

struct base {
    const void *const *(*api)(uint32_t version);
    const char *(*version)(void);
};

enum { LOG_ERROR = 3, DEVICE_ALLOCATOR = 0, DEFAULT_MEMORY = 0, FLOAT = 1, MAX_RANK = 8 };

static const void *const *api;

#define CALL(slot, ...) check(((void *(*)())api[slot])(__VA_ARGS__))

static void fail(const char *what) {
    fprintf(stderr, "c_floor: %s\n", what);
    exit(1);
}

static void check(void *status) {
    if (status) fail(((const char *(*)(void *))api[GET_ERROR_MESSAGE])(status));
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* Nanoseconds spent on a run queue; 0 where the kernel does not tell. */
static int64_t waited(void) {
    long long ran, waited = 0;
    FILE *file = fopen("/proc/self/schedstat", "r");
    if (!file || fscanf(file, "%lld %lld", &ran, &waited) != 2) waited = 0;
    if (file) fclose(file);
    return waited;
}

static int ascending(const void *one, const void *other) {
    int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;
    return (a > b) - (a < b);
}

static void *session_of(const char *model, void **run_options) {
    void *env, *options, *session;
    CALL(CREATE_ENV, LOG_ERROR, "c_floor", &env);
    CALL(CREATE_SESSION_OPTIONS, &options);
    CALL(SET_INTRA_OP_THREADS, options, 1);
    CALL(SET_INTER_OP_THREADS, options, 1);
    CALL(CREATE_SESSION, env, model, options, &session);
    CALL(CREATE_RUN_OPTIONS, run_options);
    return session;
}

static void *tensor(float *data, size_t bytes, const int64_t *shape, size_t rank) {
    void *memory, *value;
    CALL(CREATE_CPU_MEMORY_INFO, DEVICE_ALLOCATOR, DEFAULT_MEMORY, &memory);
    CALL(CREATE_TENSOR_WITH_DATA, memory, data, bytes, shape, rank, FLOAT, &value);
    return value;
}

int main(int count, char **words) {
    if (count < 10) fail("too few arguments");
    void *library = dlopen(words[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) fail(dlerror());
    const struct base *(*get_base)(void) = (const struct base *(*)(void))dlsym(library, "OrtGetApiBase");
    if (!get_base) fail("no OrtGetApiBase");
    if (!(api = get_base()->api(API_VERSION))) fail("no API of this version");

    double warm_up_s = atof(words[5]), duration_s = atof(words[6]);
    size_t least = strtoul(words[7], 0, 10), rank = strtoul(words[8], 0, 10), size = 1;
    int64_t shape[MAX_RANK];
    if (rank > MAX_RANK || count != 9 + (int)rank) fail("rank and dimensions do not match");
    for (size_t i = 0; i < rank; i++) size *= (size_t)(shape[i] = atoll(words[9 + i]));
    float *x = aligned_alloc(64, (size * sizeof *x + 63) / 64 * 64), *y = aligned_alloc(64, (size * sizeof *y + 63) / 64 * 64);
    FILE *file = fopen(words[3], "rb");
    if (!x || !y || !file || fread(x, sizeof *x, size, file) != size) fail("the input cannot be read");
    fclose(file);

    void *run_options, *session = session_of(words[2], &run_options), *binding;
    CALL(CREATE_IO_BINDING, session, &binding);
    CALL(BIND_INPUT, binding, "x", tensor(x, size * sizeof *x, shape, rank));
    CALL(BIND_OUTPUT, binding, "y", tensor(y, size * sizeof *y, shape, rank));
    void *(*run)(void *, void *, void *) = (void *(*)(void *, void *, void *))api[RUN_WITH_BINDING];

    size_t room = 1 << 22, done = 0;
    int64_t *samples = malloc(room * sizeof *samples), end = now() + (int64_t)(warm_up_s * 1e9), start;
    if (!samples) fail("no memory for the samples");
    while (now() < end) check(run(session, run_options, binding));
    int64_t begun = now(), waited_before = waited();
    end = begun + (int64_t)(duration_s * 1e9);
    do {
        start = now();
        check(run(session, run_options, binding));
        samples[done++] = now() - start;
    } while ((start < end || done < least) && done < room);
    double share = (double)(waited() - waited_before) / (double)(now() - begun);

    if (!(file = fopen(words[4], "wb")) || fwrite(y, sizeof *y, size, file) != size || fclose(file)) fail("output");
    qsort(samples, done, sizeof *samples, ascending);
    printf("%s %lld %f\n", get_base()->version(), (long long)samples[done / 2], share);
    return 0;
}
