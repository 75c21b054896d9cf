"""What has a JSON schema, and where that is described."""

from __future__ import annotations

SCHEMAS = {
    "batch": "wce_cli.inputs.batch_keys:batch_schema",
    "report": "wce_cli.answers.report:Report",
    "identify": "wce_cli.answers.identify:Identification",
    "check": "wce_cli.answers.check:Checks",
    "audit": "wce_cli.answers.audit:Audit",
    "split": "wce_cli.answers.split:Split",
    "sweep": "wce_cli.answers.sweep:Sweep",
    "gradient": "wce_cli.answers.gradient:Gradients",
    "totals": "wce_cli.saved.document:totals_schema",
}
"""By name: the type of an answer, whose module names its schema, or the function that describes it."""
