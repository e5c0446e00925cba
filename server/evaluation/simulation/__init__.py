"""A small discrete-event simulator of services that log and trace: failures with known causes, in event time.

scenario = read_scenario(Path("tests/scenarios/slow-cpu"))
for batch in simulate(scenario):
    ...  # batch.request is an ExportLogsServiceRequest or an ExportTraceServiceRequest
"""

from server.evaluation.simulation.reading import ScenarioError, read_scenario
from server.evaluation.simulation.scenario import Expected, Scenario
from server.evaluation.simulation.simulate import simulate
from server.evaluation.simulation.world import pod_name

__all__ = ["Expected", "Scenario", "ScenarioError", "pod_name", "read_scenario", "simulate"]
