"""When a run was made and last added to: what its records say, never a clock."""

from generator.analyse.run import RunFindings
from generator.record import Reported


def updated_at(run: RunFindings) -> str:
    """When the run began, its newest launch began or its newest check by a peer was made, whichever was last (UTC)."""
    launches = (launch.started_at for launch in run.run.launches if not isinstance(launch, Reported))
    checks = (peer.measured_at for peer in run.run.peers)
    return max((run.manifest.created_at, *launches, *checks))  # all of one form, in which text sorts as time does
