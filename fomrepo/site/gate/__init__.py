"""The automatic gate: what every bundle must pass before people review it, and what its author runs at home."""

from fomrepo.model.gate_report import CaseReport, GateCheck, GateReport
from fomrepo.site.gate.guest_runner import GuestRunner, SandboxRunner, site_runner
from fomrepo.site.gate.run import run_cases, run_gate
from fomrepo.site.gate.samples import Samples, find_or_build_samples

__all__ = [
    "CaseReport",
    "GateCheck",
    "GateReport",
    "GuestRunner",
    "Samples",
    "SandboxRunner",
    "find_or_build_samples",
    "run_cases",
    "run_gate",
    "site_runner",
]
