"""The engines by name: who they are, what they need, and where they are measured."""

from __future__ import annotations

from importlib.util import find_spec

from msgspec import Struct


class Engine(Struct, frozen=True):
    """A framework that can be measured."""

    title: str
    """As it is written: PyTorch."""
    module: str
    """Where it is measured; imported when it is."""
    needs: tuple[str, ...]
    """What is imported there."""
    install: str
    """What to install, as pip takes it."""
    nice: int = 0
    """How far it stands back for others at the same time: those that take longest go first, so that all end soonest."""
    asks: str = ""
    """The calls that are made."""

    @property
    def is_installed(self) -> bool:
        """Whether everything it needs is there; nothing is imported to know it."""
        return all(find_spec(name) is not None for name in self.needs)


def _extra(title: str, extra: str, module: str, *needs: str, asks: str, nice: int = 0) -> Engine:
    return Engine(title, f"wce_cli.engines.{module}", needs, f"'wce-cli[{extra}]'", nice, asks)


ENGINES = {
    "torch": Engine(
        "PyTorch",
        "wce_cli.engines.torch",
        ("torch",),
        "torch",
        asks="`cross_entropy` and `nll_loss`, `NLLLoss`, the same labels as one-hot rows",
    ),
    "keras": _extra(
        *("Keras", "keras", "keras", "keras"),
        asks="the loss objects with every reduction, and one model's loss, metric and weighted metric",
    ),
    "scikit-learn": _extra(
        *("scikit-learn", "scikit-learn", "sklearn", "sklearn", "scipy"), asks="`log_loss`", nice=10
    ),
    "optax": _extra(
        *("optax", "optax", "optax", "optax", "jax"),
        asks="the losses averaged with `.mean()` and with `jnp.average`, and summed",
        nice=10,
    ),
    "onnxruntime": _extra(
        *("ONNX Runtime", "onnxruntime", "onnxruntime", "onnxruntime", "onnx"),
        asks="the operator SoftmaxCrossEntropyLoss",
        nice=10,
    ),
    "tensorflow": _extra(
        *("TensorFlow", "tensorflow", "tensorflow", "tensorflow"), asks="`compat.v1.losses`, every reduction"
    ),
    "paddle": _extra(
        *("PaddlePaddle", "paddle", "paddle", "paddle"), asks="`F.cross_entropy`, index and soft labels", nice=10
    ),
}
"""In the order in which they are shown. All but torch are measured in a process of their own."""
OTHER_NAMES = {
    "pytorch": "torch",
    "sklearn": "scikit-learn",
    "jax": "optax",
    "onnx": "onnxruntime",
    "tf": "tensorflow",
    "paddlepaddle": "paddle",
}
"""What people call them as well, in small letters."""


def engine_called(name: str) -> str:
    """The engine that a name means, in whatever letters; the name as it is if that is none."""
    small = name.lower()
    found = OTHER_NAMES.get(small, small)
    return found if found in ENGINES else name
