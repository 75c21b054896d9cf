"""What the letters over the samples stand for: one line below them."""

from __future__ import annotations

from wce_cli.answers.report import Report
from wce_cli.digits import format_number
from wce_cli.formats import cells
from wce_cli.formats.look import GLUE, Look

_SCORES = {
    "logits": "x logits, p = softmax(x)",
    "probs": "p as given",
    "log_probs": "log p as given",
}


def legend(report: Report, look: Look) -> str:
    """The letters of this batch's columns, from the scores to the term."""
    batch = report.batch
    parts = [_SCORES[batch.scores]]
    has_logsumexp = any(row.logsumexp is not None for row in report.terms or report.top)
    is_index = batch.labels == "index"
    if is_index and not batch.label_smoothing:
        parts.append("ℓ = −log p[y]" + " = logsumexp − x[y]" * has_logsumexp + ", in nats")
    else:
        label = "the label as a row" if is_index else "the label row"
        epsilon = f", smoothed by ε = {format_number(batch.label_smoothing, look.digits)}"
        parts += [f"q {label}{epsilon * bool(batch.label_smoothing)}", "ℓ = Σ_c q[c] · −log p[c], in nats"]
    weighted = batch.weight is not None
    if batch.has_sample_weight:
        parts.append("s sample weight" if weighted else "s sample weight, w = 1, none was given")
    if weighted:
        parts.append("w class weight" if is_index else "w[c] weight of class c")
    letters = cells.weight_letters(report.batch)
    if not weighted and not batch.has_sample_weight:
        parts.append("w = 1, none was given, t = ℓ" if is_index else "t = ℓ")
    elif weighted and (batch.label_smoothing or not is_index):
        parts.append(f"t = {'s · ' * batch.has_sample_weight}Σ_c w[c] · q[c] · −log p[c]")
    else:
        parts.append(f"t = {letters.replace('·', ' · ')} · ℓ")
    return look.text("; ".join(part.replace(" ", GLUE) if "=" in part else part for part in parts))
