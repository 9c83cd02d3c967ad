"""LARS, Δw = −λ(‖w‖₂/‖g‖₂)g, with JAX and optax: one jitted call a step."""

import jax

jax.config.update("jax_enable_x64", True)
# All digits of float32, which a GPU would else round to TF32.
jax.config.update("jax_default_matmul_precision", "highest")

import jax.numpy as jnp  # noqa: E402
import optax  # noqa: E402
from jax import lax  # noqa: E402
from task import is_convolution  # noqa: E402


def start(threads):
    jax.config.update("jax_platforms", "cpu" if threads else "cuda")
    version = f"JAX {jax.__version__}, optax {optax.__version__}"
    if threads:
        return version
    try:
        return f"{version} ({jax.devices()[0].device_kind})"
    except (AssertionError, RuntimeError):
        raise RuntimeError("it finds no GPU") from None


def norms(arrays):
    return [jnp.sqrt(jnp.vdot(a, a)) for a in arrays]


class Step:
    """One step of the loop; returns its numbers, read back at once, where it is measured."""

    def __init__(self, weights, learning_rate, evaluate, data):
        self.weights = [jnp.asarray(w) for w in weights]
        self.data = data
        optimizer = optax.chain(
            optax.scale_by_trust_ratio(trust_coefficient=1.0, eps=0.0), optax.scale_by_learning_rate(learning_rate)
        )
        self.state = optimizer.init(self.weights)

        def update(weights, state, data, k):
            scalars, gradients = evaluate(weights, data, k)
            updates, next_state = optimizer.update(gradients, state, weights)
            numbers = jnp.stack([*scalars, *norms(weights), *norms(gradients), *norms(updates)])
            return optax.apply_updates(weights, updates), next_state, numbers

        self.update = jax.jit(update)

    def __call__(self, k, measured):
        self.weights, self.state, numbers = self.update(self.weights, self.state, self.data, k)
        if measured:
            return numbers.tolist()

    def finish(self):
        jax.block_until_ready(self.weights)


def quadratic(weights, data, _):
    error = weights[0] - data["optimum"]
    gradient = data["hessian"] * error if data["hessian"].ndim == 1 else data["hessian"] @ error
    return [0.5 * error @ gradient, jnp.sqrt(error @ error)], [gradient]


def logistic_regression(weights, data, _):
    (w,) = weights
    targets, ridge = data["targets"], data["ridge"]
    margins = targets * (data["features"] @ w)
    loss = jnp.logaddexp(0, -margins).mean() + ridge / 2 * w @ w
    slopes = -targets * jax.nn.sigmoid(-margins)
    return [loss], [slopes @ data["features"] / len(targets) + ridge * w]


def network(weights, data, k):
    chosen = data["batches"][k % len(data["batches"])]
    images, classes = data["images"][chosen], data["labels"][chosen]

    def loss_of(weights):
        logits = predicted(weights, images)
        return optax.softmax_cross_entropy_with_integer_labels(logits, classes).mean(), logits

    (loss, logits), gradients = jax.value_and_grad(loss_of, has_aux=True)(weights)
    return [loss, (logits.argmax(1) == classes).mean(dtype=loss.dtype)], gradients


def predicted(weights, x):
    for w in weights[:-1]:
        x = convolved(x, w) if is_convolution(w) else jax.nn.relu(x.reshape(len(x), -1) @ w)
    return x.reshape(len(x), -1) @ weights[-1]


def convolved(x, w):
    """As in LeNet: the convolution of the image itself keeps its size, later ones do not; pools of 2 × 2."""
    padding = "SAME" if w.shape[2] == 1 else "VALID"
    x = lax.conv_general_dilated(x, w, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return lax.reduce_window(jax.nn.relu(x), -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


kinds = {
    "quadratic": (quadratic, ("hessian", "optimum")),
    "logistic-regression": (logistic_regression, ("features", "targets")),
    "network": (network, ("images", "labels", "batches")),
}


def make(task, learning_rate):
    evaluate, arrays = kinds[task.kind]
    data = {name: jnp.asarray(getattr(task, name)) for name in arrays}
    return Step(task.weights, learning_rate, evaluate, {**data, **task.options})
