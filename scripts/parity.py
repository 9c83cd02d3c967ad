"""Trajectories of other implementations, for test/optimizers/parity.test.ts.

    python3 -m venv venv && venv/bin/pip install numpy jax optax torch && venv/bin/pip install --no-deps timm
    venv/bin/python scripts/parity.py [name ...]

writes test/optimizers/parity/<name>.json, one file a peer. Python is needed for nothing else. Where no package has a rule
its formula is transcribed here, from the paper and apart from the TypeScript: such peers are called "numpy: …".

Everything is float64. Gradients do not depend on the weights and are made by `gradient` below, whose arithmetic is exact
but for one product, so that the test makes the same numbers.
"""

import importlib.metadata
import json
import math
import pathlib
import sys

import numpy as np

from parity_baselines import baselines
from parity_formulas import (
    fromage,
    lamb_of_keras,
    lans,
    larc_of_apex,
    madam,
    muon_by_svd,
    muon_of_keras,
    nero,
    scion,
)
from parity_runners import optax, run_numpy, run_optax, run_torch, timm, torch

STEPS = 50
SNAPSHOTS = [1, 10, 50]
SHAPES = [[7], [4, 3], [3, 4], [2, 2, 3]]


def pattern(i, k):
    """A multiple of 1/8 between -15/8 and 15/8."""
    return ((7 * i + 13 * k + 3 * i * k) % 31 - 15) / 8


def start_of(size, scale):
    return np.array([scale * (pattern(i, 5) + 2) for i in range(size)])


def gradient(size, k, scale, silent):
    if silent and k % 3 == 1:
        return np.zeros(size)
    return np.array([scale * pattern(i, k) for i in range(size)])


# What each peer goes through: scales of weights and gradients, whether every third gradient is 0.
SCENARIOS = [
    ("plain", 1.0, 1.0, False),
    ("zero weights", 0.0, 1.0, False),
    ("zero gradients between others", 1.0, 1.0, True),
    ("gradients of 1e-12", 1.0, 1e-12, False),
    ("gradients of 1e12", 1.0, 1e12, False),
    ("weights of 1e-12", 1e-12, 1.0, False),
    ("weights of 1e12", 1e12, 1.0, False),
]


# --- The peers: name of the file, rule and options of ours, where it comes from, how it runs


def version(package):
    return f"{package} {importlib.metadata.version(package)}"


MATRICES = [[4, 3], [3, 4], [5, 2], [3, 3]]


def peers():
    def optax_peer(file, rule, options, make, **more):
        return dict(file=file, rule=rule, options=options, source=version("optax"), run=run_optax(make), **more)

    def timm_peer(file, rule, options, module, cls, more_options, **more):
        make = lambda parameters, rate: getattr(timm(module), cls)(parameters, lr=rate, **more_options)
        return dict(file=file, rule=rule, options=options, source=version("timm"), run=run_torch(make), **more)

    def numpy_peer(file, rule, options, make, paper, **more):
        return dict(file=file, rule=rule, options=options, source=f"numpy: {paper}", run=run_numpy(make), **more)

    def torch_peer(file, rule, options, make, **more):
        return dict(file=file, rule=rule, options=options, source=version("torch"), run=run_torch(make), **more)

    lars, lamb = {"convention": "optax"}, {"convention": "optax"}
    return baselines(optax_peer, torch_peer, numpy_peer) + [
        torch_peer("sgd-torch", "sgd", {}, lambda weights, rate: torch.optim.SGD(weights, rate)),
        torch_peer(
            "sgd-torch-nesterov",
            "sgd",
            {"momentum": 0.9, "nesterov": True, "weightDecay": 0.02},
            lambda weights, rate: torch.optim.SGD(weights, rate, momentum=0.9, nesterov=True, weight_decay=0.02),
        ),
        optax_peer("lars-optax", "lars", lars, lambda rate: optax.lars(rate, momentum=0.0), rate=50.0),
        optax_peer(
            "lars-optax-momentum",
            "lars",
            {**lars, "weightDecay": 0.02, "momentum": 0.9},
            lambda rate: optax.lars(rate, weight_decay=0.02, momentum=0.9),
            rate=10.0,
        ),
        optax_peer(
            "lars-optax-nesterov",
            "lars",
            {**lars, "weightDecay": 0.02, "momentum": 0.9, "nesterov": True},
            lambda rate: optax.lars(rate, weight_decay=0.02, momentum=0.9, nesterov=True),
            rate=10.0,
        ),
        timm_peer("lars-timm", "lars", {"convention": "timm", "momentum": 0.9}, "lars", "Lars", {"momentum": 0.9}),
        timm_peer(
            "lars-timm-nesterov",
            "lars",
            {"convention": "timm", "momentum": 0.9, "nesterov": True, "weightDecay": 0.02},
            "lars",
            "Lars",
            {"momentum": 0.9, "nesterov": True, "weight_decay": 0.02},
            rate=10.0,
        ),
        timm_peer(
            "larc-timm",
            "larc",
            {"convention": "timm", "momentum": 0.9, "weightDecay": 0.02},
            "lars",
            "Lars",
            {"momentum": 0.9, "weight_decay": 0.02, "trust_clip": True},
        ),
        numpy_peer(
            "larc-apex",
            "larc",
            {"convention": "apex", "weightDecay": 0.02, "momentum": 0.9},
            larc_of_apex(True, 0.02, 0.9),
            "apex/parallel/LARC.py, clip=True, before torch.optim.SGD",
        ),
        numpy_peer(
            "larc-apex-scale",
            "lars",
            {"convention": "apex", "weightDecay": 0.02},
            larc_of_apex(False, 0.02, 0.0),
            "apex/parallel/LARC.py, clip=False, before torch.optim.SGD",
        ),
        optax_peer("lamb-optax", "lamb", lamb, lambda rate: optax.lamb(rate)),
        optax_peer(
            "lamb-optax-decay", "lamb", {**lamb, "weightDecay": 0.02}, lambda rate: optax.lamb(rate, weight_decay=0.02)
        ),
        timm_peer(
            "lamb-timm",
            "lamb",
            {"convention": "timm"},
            "lamb",
            "Lamb",
            {"weight_decay": 0.0, "max_grad_norm": None},
        ),
        timm_peer(
            "lamb-timm-clip",
            "lamb",
            {"convention": "timm", "weightDecay": 0.02, "clip": True},
            "lamb",
            "Lamb",
            {"weight_decay": 0.02, "trust_clip": True, "max_grad_norm": None},
        ),
        numpy_peer("lamb-keras", "lamb", {"convention": "keras"}, lamb_of_keras, "keras/src/optimizers/lamb.py"),
        numpy_peer("lans", "lans", {}, lans(0.0), "arXiv:2006.13484, algorithm 2"),
        numpy_peer("lans-decay", "lans", {"weightDecay": 0.02}, lans(0.02), "arXiv:2006.13484, algorithm 2"),
        numpy_peer("fromage", "fromage", {}, fromage, "arXiv:2002.03432, algorithm 1"),
        optax_peer("fromage-optax", "fromage", {"convention": "optax"}, lambda rate: optax.fromage(rate)),
        # From 1e12 the first step leads to the unit sphere: as a difference that is applied it keeps four digits.
        numpy_peer("nero", "nero", {}, nero(), "arXiv:2102.07227, algorithm 1", without=["weights of 1e12"]),
        numpy_peer("madam", "madam", {}, madam(), "arXiv:2006.14560"),
        numpy_peer(
            "madam-narrow",
            "madam",
            {"beta": 0.9, "largestChange": 1.5, "cap": 0},
            madam(0.9, 1.5, 0),
            "arXiv:2006.14560",
        ),
        optax_peer("novograd-optax", "novograd", {"convention": "optax"}, lambda rate: optax.novograd(rate)),
        optax_peer(
            "novograd-optax-decay",
            "novograd",
            {"convention": "optax", "weightDecay": 0.02},
            lambda rate: optax.novograd(rate, weight_decay=0.02),
        ),
        timm_peer(
            "novograd-timm",
            "novograd",
            {"convention": "timm", "weightDecay": 0.02, "averaging": True},
            "nvnovograd",
            "NvNovoGrad",
            {"weight_decay": 0.02, "grad_averaging": True},
        ),
        optax_peer(
            "muon-optax",
            "muon",
            {"convention": "optax", "weightDecay": 0.02},
            lambda rate: optax.contrib.muon(rate, weight_decay=0.02),
            shapes=MATRICES,
        ),
        optax_peer(
            "muon-optax-plain",
            "muon",
            {"convention": "optax", "nesterov": False},
            lambda rate: optax.contrib.muon(rate, nesterov=False),
            shapes=MATRICES,
        ),
        numpy_peer(
            "muon-keras",
            "muon",
            {"convention": "keras", "weightDecay": 0.004},
            muon_of_keras,
            "keras/src/optimizers/muon.py",
            shapes=MATRICES,
        ),
        numpy_peer("muon-svd", "muon", {"epsilon": 0}, muon_by_svd, "Newton-Schulz on singular values", shapes=SHAPES),
        numpy_peer("scion-spectral", "scion", {}, scion("spectral"), "arXiv:2502.07529, algorithm 2"),
        numpy_peer(
            "scion-euclidean",
            "scion",
            {"ball": "euclidean", "radius": 2},
            scion("euclidean", 2.0),
            "arXiv:2502.07529, algorithm 2",
        ),
        numpy_peer(
            "scion-largest-entry",
            "scion",
            {"ball": "largest-entry", "averaging": 0.5},
            scion("largest-entry", 1.0, 0.5),
            "arXiv:2502.07529, algorithm 2",
        ),
    ]


def trajectory(peer, shape, weight_scale, gradient_scale, silent, rate):
    size = math.prod(shape)
    start = start_of(size, weight_scale)
    gradients = [gradient(size, k, gradient_scale, silent).reshape(shape) for k in range(STEPS)]
    rates = np.array([rate / (1 + k / 10) for k in range(STEPS)])
    weights = list(peer["run"](start.reshape(shape), gradients, rates))
    return [weights[step - 1].reshape(-1).tolist() for step in SNAPSHOTS]


def fixture(peer):
    shapes = peer.get("shapes", SHAPES)
    cases = []
    rate = peer.get("rate", 0.1)
    for i, (name, weight_scale, gradient_scale, silent) in enumerate(SCENARIOS):
        if name in peer.get("without", []):
            continue
        shape = shapes[i % len(shapes)]
        weights = trajectory(peer, shape, weight_scale, gradient_scale, silent, rate)
        case = dict(name=name, shape=shape, weightScale=weight_scale, gradientScale=gradient_scale, silent=silent)
        cases.append({**case, "weights": weights})
    header = {key: peer[key] for key in ("source", "rule", "options")}
    return {**header, "initialRate": rate, "steps": SNAPSHOTS, "cases": cases}


def main(names):
    folder = pathlib.Path(__file__).resolve().parent.parent / "test" / "optimizers" / "parity"
    for peer in peers():
        if names and peer["file"] not in names:
            continue
        whole = fixture(peer)
        cases = ",\n    ".join(json.dumps(case) for case in whole.pop("cases"))
        head = "".join(f"  {json.dumps(key)}: {json.dumps(value)},\n" for key, value in whole.items())
        (folder / f"{peer['file']}.json").write_text(f'{{\n{head}  "cases": [\n    {cases}\n  ]\n}}\n')
        print(peer["file"], "from", peer["source"])


if __name__ == "__main__":
    main(sys.argv[1:])
