"""As in tests/loss: no batch of a test is small enough to be read class by class."""

from tests.loss.conftest import no_batch_is_small

__all__ = ["no_batch_is_small"]
