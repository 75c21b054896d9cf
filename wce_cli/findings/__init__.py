"""What the reader must know and did not ask: one rule a file, each `Analysis → message or nothing`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from wce_cli.answers.analysis import Analysis
from wce_cli.answers.report import Finding
from wce_cli.findings import (
    absent_class_weight,
    class_axis_last,
    classes_sorted,
    clipped_elsewhere,
    counts_as_weights,
    float32_differs,
    frameworks_differ,
    ignored_label_taken,
    ignored_samples,
    index_or_one_hot,
    label_base,
    labels_not_normalised,
    labels_not_shifted,
    labels_shifted_twice,
    log_prob_above_zero,
    log_probs_as_logits,
    log_probs_not_normalised,
    loss_and_metric,
    masked_target,
    mean_of_means,
    measured_differs,
    methods_coincide,
    multi_hot_labels,
    naive_overflow,
    nan_in_ignored_row,
    nan_loss,
    negative_label,
    negative_weight,
    one_class,
    one_column,
    one_hot_labels,
    probabilities_as_logits,
    probs_as_log_probs,
    probs_not_normalised,
    smoothing_onto_masked,
    smoothing_weights_every_class,
    tiny_loss_lost,
    weight_cancels,
    weight_invisible,
    weight_scale,
    weights_vanish_when_split,
    zero_denominator,
    zero_over_zero,
    zero_weight_class,
)
from wce_cli.findings.page import Page

if TYPE_CHECKING:
    Rule = tuple[Page, Callable[[Analysis], str | None]]

FINDINGS: dict[str, Rule] = {
    rule.PAGE.code: (rule.PAGE, rule.message)
    for rule in (
        zero_denominator,
        nan_loss,
        masked_target,
        smoothing_onto_masked,
        nan_in_ignored_row,
        log_prob_above_zero,
        negative_label,
        one_class,
        one_column,
        class_axis_last,
        probabilities_as_logits,
        probs_as_log_probs,
        log_probs_not_normalised,
        probs_not_normalised,
        label_base,
        labels_not_shifted,
        labels_shifted_twice,
        classes_sorted,
        multi_hot_labels,
        labels_not_normalised,
        counts_as_weights,
        negative_weight,
        one_hot_labels,
        smoothing_weights_every_class,
        weight_cancels,
        weights_vanish_when_split,
        weight_invisible,
        zero_over_zero,
        measured_differs,
        ignored_label_taken,
        frameworks_differ,
        index_or_one_hot,
        loss_and_metric,
        zero_weight_class,
        absent_class_weight,
        weight_scale,
        ignored_samples,
        mean_of_means,
        clipped_elsewhere,
        naive_overflow,
        tiny_loss_lost,
        float32_differs,
        log_probs_as_logits,
        methods_coincide,
    )
}
"""The rules by code, in the order their findings are shown."""


def find(analysis: Analysis) -> tuple[Finding, ...]:
    """Every finding of an analysis."""
    return _found(analysis, FINDINGS.values())


def doubts(analysis: Analysis) -> tuple[Finding, ...]:
    """The findings that doubt how the scores, the labels or the weights of a batch are read."""
    return _found(analysis, (rule for rule in FINDINGS.values() if rule[0].is_doubt))


def _found(analysis: Analysis, rules: Iterable[Rule]) -> tuple[Finding, ...]:
    found = []
    for page, rule in rules:
        message = rule(analysis)
        if message is not None:
            found.append(Finding(page.code, page.severity, message, page.remedy))
    return tuple(found)
