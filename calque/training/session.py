"""What surrounds every run: its processes meet, the leader holds its directory, and signals end it in good order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from calque.decoding.machine import device_of
from calque.errors import RecipeError
from calque.recipes.training import Training
from calque.training.progress import Listener, Silence
from calque.training.run import Run
from calque.training.sharding import refuse_unshardable
from calque.training.signals import leaving
from calque.training.team import Team


@contextmanager
def session(
    recipe: Training, run: Run, resume: bool, restart: bool, listener: Listener | None
) -> Iterator[tuple[Team, Listener]]:
    """The processes of a run, and who is told about it: only the leader tells.

    Raises:
        RecipeError: `resume` and `restart` are both given, OUT exists, another process is at work in OUT.run, or the
            network cannot be sharded as is asked.
        Interrupted: a signal came where nobody inside minds them.
    """
    if resume and restart:
        raise RecipeError(
            "--resume and --restart exclude each other: one goes on with the run, one begins anew; give one"
        )
    team = Team.here()
    refuse_unshardable(recipe, team)
    told = listener if listener is not None and team.leads else Silence()
    with ExitStack() as held:
        team.meet(device_of(recipe.device).type)
        held.callback(team.part)
        team.led(lambda: held.enter_context(run.alone(resume, told)))
        held.enter_context(leaving(run.advice))
        yield team, told
