"""Real reported cases of the race, one file each: the protocol as it was, and with the fix.

Public reports inform these files; what they say is told anew, and where no text was found the file says so.
"""

from __future__ import annotations

from deadheat.models.system import Protocol
from deadheat.scenarios.catalogue import INCIDENT
from deadheat.scenarios.incidents.airflow_69762 import AIRFLOW_69762
from deadheat.scenarios.incidents.argo_workflows_16294 import ARGO_WORKFLOWS_16294
from deadheat.scenarios.incidents.dagster_3323 import DAGSTER_3323
from deadheat.scenarios.incidents.hail_7350 import HAIL_7350
from deadheat.scenarios.incidents.incident import Incident
from deadheat.scenarios.incidents.kueue_12820 import KUEUE_12820
from deadheat.scenarios.incidents.prefect_21863 import PREFECT_21863
from deadheat.scenarios.incidents.spark_operator_1558 import SPARK_OPERATOR_1558
from deadheat.scenarios.incidents.tekton_2381 import TEKTON_2381
from deadheat.sim.errors import unknown_name

__all__ = ["INCIDENTS", "find_incident", "find_incident_protocol"]

INCIDENTS: tuple[Incident, ...] = (
    SPARK_OPERATOR_1558,
    HAIL_7350,
    DAGSTER_3323,
    TEKTON_2381,
    ARGO_WORKFLOWS_16294,
    AIRFLOW_69762,
    PREFECT_21863,
    KUEUE_12820,
)
"""The incidents, in the order in which they are shown."""


def find_incident(name: str) -> Incident:
    """Return the incident of that name, with or without `incident:` before it; raises UsageError for no such name."""
    incidents = {each.name: each for each in INCIDENTS}
    wanted = name.removeprefix(INCIDENT)
    if wanted not in incidents:
        raise unknown_name("incident", wanted, incidents)
    return incidents[wanted]


def find_incident_protocol(name: str) -> Protocol:
    """Return the protocol named `incident:NAME` or `incident:NAME:fixed`; raises UsageError for no such name."""
    protocols = {protocol.name: protocol for each in INCIDENTS for protocol in each.protocols}
    if name not in protocols:
        raise unknown_name("protocol", name, protocols)
    return protocols[name]
