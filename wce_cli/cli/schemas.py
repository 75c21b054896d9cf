"""What has a JSON schema, and the function that describes it."""

from __future__ import annotations

SCHEMAS = {
    "batch": "wce_cli.inputs.batch_keys:batch_schema",
    "report": "wce_cli.formats.json:report_schema",
    "identify": "wce_cli.formats.identify.blocks:identification_schema",
    "check": "wce_cli.formats.check.lines:check_schema",
    "audit": "wce_cli.formats.audit.blocks:audit_schema",
    "split": "wce_cli.formats.split.blocks:split_schema",
    "sweep": "wce_cli.formats.sweep.blocks:sweep_schema",
    "gradient": "wce_cli.formats.gradient.blocks:gradient_schema",
    "totals": "wce_cli.saved.document:totals_schema",
}
"""By name: the function that describes it."""
