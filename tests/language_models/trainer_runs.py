"""What transformers' Trainer logs for one small batch: python -m tests.language_models.trainer_runs FILE.json

Needs transformers and accelerate. Adds to FILE what this version logs for a Llama of one layer that does not learn
(learning rate 0): accumulated, on two processes, through a module that does not take `num_items_in_batch`, and
evaluated.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import transformers
from torch import nn
from torch.utils.data import SequentialSampler
from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments

B, T, V = 6, 6, 4
LENGTHS = (6, 2, 4, 3, 6, 2)


class Narrow(nn.Module):
    """The same model behind a `forward` without **kwargs."""

    def __init__(self, inner):
        super().__init__()
        self.inner, self.config = inner, inner.config

    def forward(self, input_ids, attention_mask, labels):
        found = self.inner(input_ids=input_ids, attention_mask=attention_mask, labels=labels)
        return {"loss": found.loss, "logits": found.logits}


class InOrder(Trainer):
    """The sequences in their order."""

    def _get_train_sampler(self, *_):
        return SequentialSampler(self.train_dataset)


def model():
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    net = LlamaForCausalLM(LlamaConfig(vocab_size=V, num_key_value_heads=2, max_position_embeddings=T, **sizes))
    with torch.no_grad():
        net.lm_head.weight.mul_(40)  # scores far enough apart for the losses to differ
    return net


def sequences():
    ids = torch.randint(V, (B, T), generator=torch.Generator().manual_seed(1))
    kept = torch.arange(T) < torch.tensor(LENGTHS)[:, None]
    return [
        {"input_ids": row, "labels": row.where(here, -100), "attention_mask": here.long()}
        for row, here in zip(ids, kept, strict=True)
    ]


def collated(rows):
    return {name: torch.stack([row[name] for row in rows]) for name in rows[0]}


def logged(net, *, steps, size=1, **asked):
    """The training loss of one step, and the evaluation loss."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            per_device_train_batch_size=size,
            gradient_accumulation_steps=steps,
            per_device_eval_batch_size=4,
            max_steps=1,
            logging_steps=1,
            learning_rate=0.0,
            report_to=[],
            use_cpu=True,
            save_strategy="no",
            disable_tqdm=True,
            **asked,
        )
        data = sequences()
        trainer = InOrder(model=net, args=arguments, train_dataset=data, eval_dataset=data, data_collator=collated)
        found = trainer.train().training_loss
        return found, trainer.evaluate()["eval_loss"] if arguments.world_size == 1 else None


def on_two():
    """What two ranks log, with and without the count over all devices."""
    found = {
        f"2 processes, average_tokens_across_devices={across}": logged(
            model(), steps=1, size=3, average_tokens_across_devices=across
        )[0]
        for across in (True, False)
    }
    if os.environ["RANK"] == "0":
        Path(os.environ["WRITE"]).write_text(json.dumps(found), "utf-8")
    os._exit(0)


def main(name):
    with torch.no_grad():
        batch = collated(sequences())
        logits = model()(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    found = {}
    found["accumulated"], found["evaluated"] = logged(model(), steps=B)
    found["accumulated, model without **kwargs"], _ = logged(Narrow(model()), steps=B)
    with tempfile.TemporaryDirectory() as folder:
        write = Path(folder) / "two.json"
        launch = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
        subprocess.run(
            [*launch, "-m", "tests.language_models.trainer_runs"],
            env={**os.environ, "WRITE": str(write), "OMP_NUM_THREADS": "1"},
            check=True,
        )
        found |= json.loads(write.read_text("utf-8"))
    path = Path(name)
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    given = {"logits": logits.tolist(), "labels": batch["labels"].tolist()}
    assert known.get("batch", given)["labels"] == given["labels"]
    known = {"batch": given, **known}
    known.setdefault("logged", {})[transformers.__version__] = found
    path.write_text(json.dumps(known, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    on_two() if "RANK" in os.environ else main(sys.argv[1])
