"""What a peer is to compute, read from the files that the benchmark has written: the same numbers for everybody."""

import numpy as np


class Task:
    """`kind`, the sizes and options of the JSON description as attributes, and every array it names by its file."""

    def __init__(self, description):
        self.kind = description["kind"]
        self.learning_rate = description["learningRate"]
        self.layer_names = [layer["name"] for layer in description["weights"]]
        self.weights = [array(layer) for layer in description["weights"]]
        self.options = description.get("options", {})
        for name, value in description["arrays"].items():
            setattr(self, name, array(value))


def array(description):
    """A file of little-endian numbers, row by row."""
    return np.fromfile(description["file"], np.dtype(description["type"])).reshape(description["shape"])


def is_convolution(weight):
    """A filter of shape [height, width, channels in, channels out], where a dense layer has [inputs, outputs]."""
    return weight.ndim == 4
