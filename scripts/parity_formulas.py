"""Rules transcribed from their papers for parity.py, where no package has them; apart from the TypeScript.

Each gives a function of the start, and that a function of weights, gradient, rate and k which returns the next weights.
"""

import math

import numpy as np


def norm(a):
    return math.sqrt(float(np.sum(a * a)))


def larc_of_apex(clip, weight_decay, momentum, trust=0.02, epsilon=1e-8):
    """LARC scales the gradient (not where a norm is 0); torch's SGD with momentum follows, its own decay off."""

    def make(start):
        memory = {"buffer": np.zeros_like(start)}

        def step(w, g, rate, k):
            if norm(w) != 0 and norm(g) != 0:
                local = trust * norm(w) / (norm(g) + weight_decay * norm(w) + epsilon)
                if clip:
                    local = min(local / rate, 1)
                g = (g + weight_decay * w) * local
            memory["buffer"] = momentum * memory["buffer"] + g
            return w - rate * memory["buffer"]

        return step

    return make


def lans(weight_decay, beta1=0.9, beta2=0.999, epsilon=1e-6):
    def make(start):
        memory = {"m": np.zeros_like(start), "v": np.zeros_like(start)}

        def toward(w, direction):
            size = norm(direction)
            return np.zeros_like(w) if size == 0 else norm(w) / size * direction

        def step(w, g, rate, k):
            g = g / norm(g) if norm(g) > 0 else g
            memory["m"] = beta1 * memory["m"] + (1 - beta1) * g
            memory["v"] = beta2 * memory["v"] + (1 - beta2) * g**2
            m = memory["m"] / (1 - beta1 ** (k + 1))
            root = np.sqrt(memory["v"] / (1 - beta2 ** (k + 1))) + epsilon
            r, c = m / root + weight_decay * w, g / root + weight_decay * w
            return w - rate * (beta1 * toward(w, r) + (1 - beta1) * toward(w, c))

        return step

    return make


def fromage(start):
    def step(w, g, rate, k):
        along = np.zeros_like(w) if norm(g) == 0 else norm(w) / norm(g) * g
        return (w - rate * along) / math.sqrt(1 + rate * rate)

    return step


def nero(beta=0.999):
    """Per neuron: columns of a matrix whose rows are all axes but the last; a vector is one neuron."""

    def make(start):
        shape = start.shape
        columns = shape[-1] if len(shape) > 1 else 1
        squares = np.zeros(columns)

        def step(w, g, rate, k):
            wm, gm = w.reshape(-1, columns).copy(), g.reshape(-1, columns)
            for j in range(columns):
                squares[j] = beta * squares[j] + (1 - beta) * norm(gm[:, j]) ** 2
                average = math.sqrt(squares[j] / (1 - beta ** (k + 1)))
                neuron = wm[:, j]
                if average > 0:
                    neuron = neuron - rate * norm(neuron) / average * gm[:, j]
                centred = neuron - neuron.mean()
                if norm(centred) > 1e-12 * norm(neuron):
                    neuron = centred / norm(centred)
                wm[:, j] = neuron
            return wm.reshape(shape)

        return step

    return make


def madam(beta=0.999, largest=10.0, cap=3.0):
    def make(start):
        memory = {"v": np.zeros_like(start)}
        limit = cap * math.sqrt(float(np.mean(start**2))) if cap else math.inf

        def step(w, g, rate, k):
            memory["v"] = beta * memory["v"] + (1 - beta) * g**2
            root = np.sqrt(memory["v"] / (1 - beta ** (k + 1)))
            relative = np.divide(g, root, out=np.zeros_like(g), where=root > 0)
            return np.clip(w * np.exp(-rate * np.sign(w) * np.clip(relative, -largest, largest)), -limit, limit)

        return step

    return make


def newton_schulz(m, a, b, c, iterations):
    """On the singular values, by the singular value decomposition: apart from the iteration itself."""
    u, s, vt = np.linalg.svd(m, full_matrices=False)
    size = math.sqrt(float(np.sum(s * s)))
    s = s / size if size > 0 else s
    for _ in range(iterations):
        s = a * s + b * s**3 + c * s**5
    return (u * s) @ vt


def scion(ball, radius=1.0, averaging=0.1, coefficients=(3.4445, -4.775, 2.0315)):
    def make(start):
        memory = {"m": np.zeros_like(start)}
        columns = start.shape[-1] if start.ndim > 1 else 1

        def farthest(m):
            if ball == "largest-entry":
                return np.sign(m)
            if ball == "euclidean":
                return m / norm(m) if norm(m) > 0 else m
            return newton_schulz(m.reshape(-1, columns), *coefficients, 5).reshape(m.shape)

        def step(w, g, rate, k):
            memory["m"] = (1 - averaging) * memory["m"] + averaging * g
            return (1 - rate) * w - rate * radius * farthest(memory["m"])

        return step

    return make


def muon_by_svd(start):
    """Muon of its authors; epsilon plays no part on the singular values, so 0."""
    memory = {"m": np.zeros_like(start)}
    rows, columns = (start.size // start.shape[-1], start.shape[-1]) if start.ndim > 1 else (start.size, 1)

    def step(w, g, rate, k):
        memory["m"] = 0.95 * memory["m"] + 0.05 * g
        ahead = 0.95 * memory["m"] + 0.05 * g
        direction = newton_schulz(ahead.reshape(rows, columns), 3.4445, -4.775, 2.0315, 5).reshape(g.shape)
        return w - rate * math.sqrt(max(1, columns / rows)) * direction

    return step


def lamb_of_keras(start, beta1=0.9, beta2=0.999, epsilon=1e-6):
    """keras/src/optimizers/lamb.py; the package itself takes norms in float32, of float64 weights too."""
    m, v = np.zeros_like(start), np.zeros_like(start)

    def step(w, g, rate, k):
        m[...] += (g - m) * (1 - beta1)
        v[...] += (g * g - v) * (1 - beta2)
        update = m / (1 - beta1 ** (k + 1)) / (np.sqrt(v / (1 - beta2 ** (k + 1))) + epsilon)
        ratio = norm(w) / norm(update) if norm(w) > 0 and norm(update) > 0 else 1.0
        return w - ratio * rate * update

    return step


def muon_of_keras(start, weight_decay=0.004, momentum=0.95, rms_rate=0.2):
    """keras/src/optimizers/muon.py for matrices; the package itself takes the norm in float32."""
    m = np.zeros_like(start)

    def step(w, g, rate, k):
        w = w - w * weight_decay * rate
        m[...] += g + m * (momentum - 1)
        x = g + momentum * m
        tall = x.shape[0] > x.shape[1]
        x = x.T if tall else x
        x = x / (norm(x) + 1e-7)
        for _ in range(5):
            gram = x @ x.T
            x = 3.4445 * x + (-4.775 * gram + 2.0315 * gram @ gram) @ x
        x = x.T if tall else x
        return w - rate * x * math.sqrt(max(x.shape)) * rms_rate

    return step
