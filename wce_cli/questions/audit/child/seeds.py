"""Random numbers that begin alike at every call."""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np


class Seeds:
    """The seed of whatever draws random numbers here."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.is_told = False
        """Whether torch was told, for all devices."""

    def sow(self) -> None:
        """Let all random numbers begin again."""
        random.seed(self.seed)
        np.random.seed(self.seed % 2**32)
        torch = sys.modules.get("torch")
        if torch is None:
            return
        if self.is_told and not _has_other_devices(torch):
            torch.default_generator.manual_seed(self.seed)
        else:  # 500 times as long, for all devices; one that is not in use yet will seed itself so when it is
            torch.manual_seed(self.seed)
            self.is_told = True


def _has_other_devices(torch: Any) -> bool:
    """Whether random numbers may be drawn elsewhere than on the CPU; of a torch that cannot tell, they may."""
    if not hasattr(torch, "accelerator"):
        return True
    device = torch.accelerator.current_accelerator()
    if device is None:
        return False
    module = torch.get_device_module(device)
    return not hasattr(module, "is_initialized") or bool(module.is_initialized())
