"""The peers of the rules that others are compared with, and of clipping, for parity.py."""

import numpy as np
import torch

from parity_runners import optax


def signum(rate):
    return optax.chain(optax.ema(0.9, debias=False), optax.scale_by_sign(), optax.scale_by_learning_rate(rate))


def normalized(rate):
    return optax.chain(optax.normalize_by_update_norm(eps=0.0), optax.scale_by_learning_rate(rate))


def clipped(clip):
    return lambda rate: optax.chain(clip, optax.sgd(rate))


def proportional(p):
    """Equation (1) of arXiv:1801.03137 in the norm p; nothing moves where a norm is 0."""

    def make(_):
        def step(weights, gradient, rate, _):
            length = np.linalg.norm(gradient.reshape(-1), p)
            if length == 0:
                return weights
            return weights - rate * np.linalg.norm(weights.reshape(-1), p) / length * gradient

        return step

    return make


def elementwise(_):
    """arXiv:1708.07227 with sign(0) = 1; nothing moves where the gradient is 0."""

    def step(weights, gradient, rate, _):
        away = weights + np.where(weights >= 0, 1e-6, -1e-6)
        mean = np.mean(np.abs(gradient / away))
        return weights if mean == 0 else weights - rate / mean * gradient

    return step


def torch_maker(cls, options):
    return lambda parameters, rate: cls(parameters, lr=rate, **options)


def baselines(optax_peer, torch_peer, numpy_peer):
    def by_torch(file, rule, options, cls, torch_options):
        return torch_peer(file, rule, options, torch_maker(cls, torch_options))

    optim = torch.optim
    agc = {"method": "adaptive", "factor": 0.1}
    equation_one = "arXiv:1801.03137, equation (1)"
    return [
        optax_peer("adam-optax", "adam", {}, lambda rate: optax.adam(rate)),
        by_torch("adam-torch-decay", "adam", {"weightDecay": 0.02}, optim.Adam, {"weight_decay": 0.02}),
        optax_peer(
            "adamw-optax", "adamw", {"weightDecay": 0.02}, lambda rate: optax.adamw(rate, weight_decay=0.02)
        ),
        by_torch(
            "adamw-torch",
            "adamw",
            {"beta1": 0.8, "beta2": 0.95},
            optim.AdamW,
            {"betas": (0.8, 0.95), "weight_decay": 0.01},
        ),
        optax_peer("nadam-optax", "nadam", {}, lambda rate: optax.nadam(rate)),
        optax_peer("lion-optax", "lion", {"weightDecay": 0.02}, lambda rate: optax.lion(rate, weight_decay=0.02)),
        optax_peer("rmsprop-optax", "rmsprop", {"epsilonInRoot": True}, lambda rate: optax.rmsprop(rate)),
        optax_peer(
            "rmsprop-optax-centred",
            "rmsprop",
            {"centred": True, "epsilonInRoot": True, "epsilon": 1e-4},
            lambda rate: optax.rmsprop(rate, centered=True, eps=1e-4),
        ),
        by_torch(
            "rmsprop-torch-momentum",
            "rmsprop",
            {"decay": 0.99, "momentum": 0.9},
            optim.RMSprop,
            {"alpha": 0.99, "momentum": 0.9},
        ),
        optax_peer(
            "adagrad-optax",
            "adagrad",
            {"initialAccumulator": 0.1, "epsilon": 1e-7, "epsilonInRoot": True},
            lambda rate: optax.adagrad(rate),
        ),
        by_torch("adagrad-torch", "adagrad", {}, optim.Adagrad, {}),
        optax_peer("sign-descent-optax", "sign-descent", {}, lambda rate: optax.sign_sgd(rate)),
        optax_peer("sign-descent-optax-signum", "sign-descent", {"beta": 0.9}, signum),
        optax_peer(
            "normalized-gradient-descent-optax",
            "normalized-gradient-descent",
            {},
            normalized,
            # 0/0 there.
            without=["zero gradients between others"],
        ),
        numpy_peer("percent-delta", "percent-delta", {}, proportional(1), equation_one),
        numpy_peer("proportional-infinity", "proportional-infinity", {}, proportional(np.inf), equation_one),
        numpy_peer("percent-delta-elementwise", "percent-delta-elementwise", {}, elementwise, "arXiv:1708.07227"),
        numpy_peer("proportional-3", "proportional", {"p": 3}, proportional(3), equation_one),
        numpy_peer("proportional-1.5", "proportional", {"p": 1.5}, proportional(1.5), equation_one),
        optax_peer(
            "sgd-optax-global-norm",
            "sgd",
            {"clipGradient": {"method": "global-norm", "maximum": 2}},
            clipped(optax.clip_by_global_norm(2.0)),
        ),
        optax_peer(
            "sgd-optax-adaptive-clip", "sgd", {"clipGradient": agc}, clipped(optax.adaptive_grad_clip(0.1))
        ),
    ]
