"""LARS, Δw = −λ(‖w‖₂/‖g‖₂)g, in NumPy."""

import math

import numpy as np


def start(_threads):
    return f"NumPy {np.__version__}"


def norm(a):
    return math.sqrt(np.vdot(a, a))


class Step:
    """One step of the loop; returns its numbers where it is measured."""

    def __init__(self, weights, learning_rate, evaluate):
        self.weights = [w.copy() for w in weights]
        self.learning_rate = learning_rate
        self.evaluate = evaluate

    def __call__(self, k, measured):
        scalars, gradients = self.evaluate(k, self.weights, measured)
        weight_norms = [norm(w) for w in self.weights]
        gradient_norms = [norm(g) for g in gradients]
        factors = (-self.learning_rate * w / g for w, g in zip(weight_norms, gradient_norms))
        updates = [factor * g for factor, g in zip(factors, gradients)]
        for w, update in zip(self.weights, updates):
            w += update
        if measured:
            return [*scalars, *weight_norms, *gradient_norms, *(norm(u) for u in updates)]

    def finish(self):
        pass


def quadratic(task):
    hessian, optimum = task.hessian, task.optimum
    multiply = np.multiply if hessian.ndim == 1 else np.dot

    def evaluate(_, weights, measured):
        error = weights[0] - optimum
        gradient = multiply(hessian, error)
        loss = 0.5 * error.dot(gradient)
        return ([loss, norm(error)] if measured else [loss]), [gradient]

    return evaluate


def logistic_regression(task):
    features, targets, ridge = task.features, task.targets, task.options["ridge"]

    def evaluate(_, weights, _measured):
        (w,) = weights
        margins = targets * (features @ w)
        loss = np.logaddexp(0, -margins).mean() + ridge / 2 * w.dot(w)
        slopes = -targets / (1 + np.exp(margins))
        return [loss], [features.T @ slopes / len(targets) + ridge * w]

    return evaluate


def network(task):
    images, labels, batches = task.images, task.labels, task.batches
    rows = np.arange(batches.shape[1])

    def evaluate(k, weights, _):
        chosen = batches[k % len(batches)]
        inputs, classes = [images[chosen]], labels[chosen]
        for w in weights[:-1]:
            inputs.append(np.maximum(inputs[-1] @ w, 0))
        logits = inputs[-1] @ weights[-1]
        shifted = logits - logits.max(1, keepdims=True)
        exponentials = np.exp(shifted)
        sums = exponentials.sum(1, keepdims=True)
        loss = (np.log(sums[:, 0]) - shifted[rows, classes]).mean()
        accuracy = (logits.argmax(1) == classes).mean()
        slopes = exponentials / sums
        slopes[rows, classes] -= 1
        slopes /= len(classes)
        gradients = []
        for w, x in zip(reversed(weights), reversed(inputs)):
            gradients.insert(0, x.T @ slopes)
            if x is not inputs[0]:
                slopes = (slopes @ w.T) * (x > 0)
        return [float(loss), float(accuracy)], gradients

    return evaluate


kinds = {"quadratic": quadratic, "logistic-regression": logistic_regression, "network": network}


def make(task, learning_rate):
    return Step(task.weights, learning_rate, kinds[task.kind](task))


def product(rows, inner, columns, transpose_a, transpose_b):
    random = np.random.default_rng(0)
    a = random.standard_normal((inner, rows) if transpose_a else (rows, inner), np.float32)
    b = random.standard_normal((columns, inner) if transpose_b else (inner, columns), np.float32)
    c = np.empty((rows, columns), np.float32)
    a, b = a.T if transpose_a else a, b.T if transpose_b else b
    return lambda: np.matmul(a, b, out=c)
