"""The stages of a run as plain functions of (tenant, ports, run): operators, the CLI and tests call these.

A stage reads only what the stage before it wrote. What it returns are counters and short references, never content.
"""
