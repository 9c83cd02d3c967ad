"""LARS, Δw = −λ(‖w‖₂/‖g‖₂)g, in eager PyTorch."""

import torch
import torch.nn.functional as F
from task import is_convolution


device = "cpu"


def start(threads):
    global device
    if threads:
        torch.set_num_threads(threads)
        return f"PyTorch {torch.__version__}"
    if not torch.cuda.is_available():
        raise RuntimeError("it finds no GPU")
    device = "cuda"
    # All digits of float32, which a GPU would else round to TF32.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    return f"PyTorch {torch.__version__} ({torch.cuda.get_device_name()})"


def on_device(array):
    return torch.from_numpy(array).to(device)


class Step:
    """One step of the loop; returns its numbers, read back at once, where it is measured."""

    def __init__(self, weights, learning_rate, evaluate):
        self.weights = [w.clone().requires_grad_() for w in weights]
        self.learning_rate = learning_rate
        self.evaluate = evaluate

    def __call__(self, k, measured):
        scalars, gradients = self.evaluate(k, self.weights, measured)
        with torch.no_grad():
            weight_norms = torch._foreach_norm(self.weights)
            gradient_norms = torch._foreach_norm(gradients)
            updates = [(-self.learning_rate * w / n) * g for w, n, g in zip(weight_norms, gradient_norms, gradients)]
            torch._foreach_add_(self.weights, updates)
            if measured:
                update_norms = torch._foreach_norm(updates)
                return torch.stack([*scalars, *weight_norms, *gradient_norms, *update_norms]).tolist()

    def finish(self):
        if device == "cuda":
            torch.cuda.synchronize()


def quadratic(task):
    hessian, optimum = on_device(task.hessian), on_device(task.optimum)
    multiply = torch.mul if hessian.ndim == 1 else torch.mv

    @torch.no_grad()
    def evaluate(_, weights, measured):
        error = weights[0] - optimum
        gradient = multiply(hessian, error)
        loss = 0.5 * error.dot(gradient)
        return ([loss, torch.linalg.vector_norm(error)] if measured else [loss]), [gradient]

    return evaluate


def logistic_regression(task):
    features, targets = on_device(task.features), on_device(task.targets)
    ridge = task.options["ridge"]

    @torch.no_grad()
    def evaluate(_, weights, _measured):
        (w,) = weights
        margins = targets * (features @ w)
        loss = F.softplus(-margins).mean() + ridge / 2 * w.dot(w)
        slopes = -targets * torch.sigmoid(-margins)
        return [loss], [slopes @ features / len(targets) + ridge * w]

    return evaluate


def network(task):
    images, labels = on_device(task.images), on_device(task.labels).long()
    if images.ndim == 4:
        images = images.permute(0, 3, 1, 2).contiguous()
    batches = on_device(task.batches).long()

    def evaluate(k, weights, _):
        chosen = batches[k % len(batches)]
        x, classes = images[chosen], labels[chosen]
        for w in weights[:-1]:
            x = convolved(x, w) if is_convolution(w) else F.relu(x.flatten(1) @ w)
        logits = x.flatten(1) @ weights[-1]
        loss = F.cross_entropy(logits, classes)
        gradients = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            accuracy = (logits.argmax(1) == classes).float().mean()
        return [loss.detach(), accuracy], gradients

    return evaluate


def convolved(x, w):
    """As in LeNet: the convolution of the image itself keeps its size, later ones do not; pools of 2 × 2."""
    padding = "same" if w.shape[1] == 1 else "valid"
    return F.max_pool2d(F.relu(F.conv2d(x, w, padding=padding)), 2)


def channels_first(weights):
    """Filters as PyTorch has them, [out, in, height, width], and the first dense layer's rows in the order in which
    they then come. Norms are those of the same numbers."""
    result, channels = [], None
    for w in map(on_device, weights):
        if is_convolution(w):
            channels = w.shape[3]
            result.append(w.permute(3, 2, 0, 1).contiguous())
        elif channels:
            side = int((w.shape[0] // channels) ** 0.5)
            rows = w.reshape(side, side, channels, -1).permute(2, 0, 1, 3)
            result.append(rows.reshape(w.shape).contiguous())
            channels = None
        else:
            result.append(w)
    return result


kinds = {"quadratic": quadratic, "logistic-regression": logistic_regression, "network": network}


def make(task, learning_rate):
    return Step(channels_first(task.weights), learning_rate, kinds[task.kind](task))


def product(rows, inner, columns, transpose_a, transpose_b):
    a = torch.randn((inner, rows) if transpose_a else (rows, inner))
    b = torch.randn((columns, inner) if transpose_b else (inner, columns))
    c = torch.empty(rows, columns)
    a, b = a.T if transpose_a else a, b.T if transpose_b else b
    return lambda: torch.matmul(a, b, out=c)
