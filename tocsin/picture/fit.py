"""Where the model of what is normal no longer fits what comes."""

from detectors.findings import Findings, Misfit
from tocsin.city import City
from tocsin.console.view import MisfitView


def misfit_views(city: City, findings: Findings | None) -> tuple[MisfitView, ...]:
    """What does not fit, by name, the city as a whole last."""
    return tuple(_view(city, misfit) for misfit in (findings.misfits if findings else ()))


def _view(city: City, misfit: Misfit) -> MisfitView:
    category = misfit.category
    names = city.taxonomy.category(category).names or {"en": category} if category else {}
    return MisfitView(names=names, since_at=misfit.since_at, is_more=misfit.side > 0)
