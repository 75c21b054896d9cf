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

    @property
    def is_installed(self) -> bool:
        """Whether everything it needs is there; nothing is imported to know it."""
        return all(find_spec(name) is not None for name in self.needs)


def _extra(title: str, extra: str, module: str, *needs: str, nice: int = 0) -> Engine:
    return Engine(title, f"wce_cli.engines.{module}", needs, f"'wce-cli[{extra}]'", nice)


ENGINES = {
    "torch": Engine("PyTorch", "wce_cli.engines.torch", ("torch",), "torch"),
    "keras": _extra("Keras", "keras", "keras", "keras"),
    "scikit-learn": _extra("scikit-learn", "scikit-learn", "sklearn", "sklearn", "scipy", nice=10),
    "optax": _extra("optax", "optax", "optax", "optax", "jax", nice=10),
    "onnxruntime": _extra("ONNX Runtime", "onnxruntime", "onnxruntime", "onnxruntime", "onnx", nice=10),
    "tensorflow": _extra("TensorFlow", "tensorflow", "tensorflow", "tensorflow"),
    "paddle": _extra("PaddlePaddle", "paddle", "paddle", "paddle", nice=10),
}
"""In the order in which they are shown. All but torch are measured in a process of their own."""
OTHER_NAMES = {"pytorch": "torch", "sklearn": "scikit-learn", "tf": "tensorflow", "paddlepaddle": "paddle"}
"""What people call them as well, in small letters."""


def engine_called(name: str) -> str:
    """The engine that a name means, in whatever letters; the name as it is if that is none."""
    small = name.lower()
    found = OTHER_NAMES.get(small, small)
    return found if found in ENGINES else name
