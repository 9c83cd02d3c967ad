"""Answers the benchmark for one Python library: a JSON request a line comes in, a JSON answer a line goes out.

The process lives through all rounds, so that neither its start nor the library's import counts.

Usage: python serve.py pytorch|jax|numpy THREADS|gpu
"""

import csv
import importlib
import json
import os
import sys
import tempfile
import time

library, place = sys.argv[1:]
threads = None if place == "gpu" else int(place)
# Read by the BLAS libraries when they are loaded.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    if threads:
        os.environ[variable] = str(threads)
# JAX would take most of a GPU's memory, which PyTorch is to have too.
os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"

from task import Task  # noqa: E402

peer = importlib.import_module(f"{library}_peer")
task = None


def rows(k, numbers):
    """One step as the trace has it: its scalars, and of each layer the norms of weights, gradient and update."""
    layers = len(task.layer_names)
    scalars, norms = numbers[: -3 * layers], numbers[-3 * layers :]
    return [k, *scalars], [[k, name, *norms[i::layers]] for i, name in enumerate(task.layer_names)]


def run(step, first, steps, traced):
    """Seconds for so many steps; traced ones are written to CSV files as they come."""
    with tempfile.TemporaryDirectory() as directory:
        start = time.perf_counter()
        with open(f"{directory}/trace.csv", "w") as trace, open(f"{directory}/layers.csv", "w") as layers:
            write_step, write_layers = csv.writer(trace).writerow, csv.writer(layers).writerows
            for k in range(first, first + steps):
                numbers = step(k, traced)
                if traced:
                    scalars, norms = rows(k, numbers)
                    write_step(scalars)
                    write_layers(norms)
            step.finish()
        return time.perf_counter() - start


def start(_):
    return {"version": peer.start(threads)}


def prepare(request):
    global task
    task = Task(request["task"])
    return {}


def first_steps(request):
    step = peer.make(task, task.learning_rate)
    result = []
    for k in range(request["steps"]):
        scalars, norms = rows(k, step(k, True))
        result.append({"loss": scalars[1], "layers": [layer[2:] for layer in norms]})
    return result


def train(request):
    """Seconds a step, the warm-up left out."""
    step = peer.make(task, task.learning_rate)
    warm, steps = request["warm"], request["steps"]
    run(step, 0, warm, request["traced"])
    return run(step, warm, steps, request["traced"]) / steps


def sweep(request):
    """Seconds for runs of so many steps, one learning rate after the other."""
    return sum(run(peer.make(task, rate), 0, request["steps"], True) for rate in request["learningRates"])


def product(request):
    """GFLOP/s of a matrix product: the best that is seen in so many seconds."""
    rows, inner, columns, *transposed = request["shape"]
    multiply = peer.product(rows, inner, columns, *transposed)
    shortest, end = float("inf"), time.perf_counter() + request["seconds"]
    while time.perf_counter() < end:
        started = time.perf_counter()
        multiply()
        shortest = min(shortest, time.perf_counter() - started)
    return 2 * rows * inner * columns / shortest / 1e9


actions = {
    "start": start,
    "prepare": prepare,
    "firstSteps": first_steps,
    "train": train,
    "sweep": sweep,
    "product": product,
}

for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = {"result": actions[request["do"]](request)}
    except Exception as error:  # told to who asked, who decides what it means
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
