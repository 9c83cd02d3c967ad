"""Ways to run an optimizer for parity.py: each takes a start, gradients and rates, and yields the weights of each step."""

import importlib
import importlib.metadata
import os
import pathlib
import sys
import types

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
import torch

torch.set_default_dtype(torch.float64)


def run_optax(make):
    def run(start, gradients, rates):
        schedule = jnp.asarray(rates)
        transformation = make(lambda count: schedule[count])
        weights = jnp.asarray(start)
        state = transformation.init(weights)
        update = jax.jit(transformation.update)
        for g in gradients:
            updates, state = update(jnp.asarray(g), state, weights)
            weights = optax.apply_updates(weights, updates)
            yield np.asarray(weights)

    return run


def run_torch(make):
    def run(start, gradients, rates):
        weights = torch.nn.Parameter(torch.tensor(start))
        optimizer = make([weights], float(rates[0]))
        for g, rate in zip(gradients, rates):
            for group in optimizer.param_groups:
                group["lr"] = float(rate)
            weights.grad = torch.tensor(g)
            optimizer.step()
            yield weights.detach().numpy().copy()

    return run


def run_numpy(make):
    """make(start) gives a function of (weights, gradient, rate, k) that returns the next weights."""

    def run(start, gradients, rates):
        step = make(start)
        weights = start.copy()
        for k, (g, rate) in enumerate(zip(gradients, rates)):
            weights = step(weights, g, rate, k)
            yield weights.copy()

    return run


def timm(module):
    """One of timm's optimizers, without the models that the package imports first."""
    root = pathlib.Path(importlib.metadata.distribution("timm").locate_file("timm"))
    for name, folder in (("timm", root), ("timm.optim", root / "optim")):
        package = sys.modules.setdefault(name, types.ModuleType(name))
        package.__path__ = [str(folder)]
    return importlib.import_module(f"timm.optim.{module}")
