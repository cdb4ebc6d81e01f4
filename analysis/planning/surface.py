"""A smooth surface of power over numbers of settings and seeds, fitted to counts of simulated studies."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import norm

from analysis.planning.simulation import Shape

Floats = NDArray[np.float64]

RIDGE = 0.02
"""Penalty on squared coefficients except the constant. It keeps these coefficients finite if all studies, or no study,
show the goal."""
CENTRE = np.log([10.0, 4.0])


@dataclass(frozen=True)
class Surface:
    """Power as Φ of a polynomial in the logarithms of the number of settings, the number of seeds and the smaller of
    the two.

    For a nearly normal test, Φ⁻¹ of the power is linear in the root of the number of runs, and smooth in its logarithm.
    The smaller number counts by itself because it sets the degrees of freedom of tests for other settings.
    """

    weights: Floats
    covariance: Floats

    @classmethod
    def of(cls, shapes: list[Shape], shown: Floats, studies: Floats) -> "Surface":
        """The fit by penalised maximum likelihood to counts of studies (shapes,)."""
        design = features(shapes)

        def loss(weights: Floats) -> tuple[float, Floats]:
            deviates = design @ weights
            logs = norm.logcdf(deviates), norm.logcdf(-deviates)
            slopes = (np.exp(norm.logpdf(deviates) - log) for log in logs)
            up, down = slopes
            value = -(shown @ logs[0] + (studies - shown) @ logs[1]) + RIDGE * weights[1:] @ weights[1:]
            slope = -design.T @ (shown * up - (studies - shown) * down)
            slope[1:] += 2 * RIDGE * weights[1:]
            return float(value), slope

        found = minimize(loss, np.zeros(design.shape[1]), jac=True, method="BFGS")
        weights = np.asarray(found.x)
        deviates = design @ weights
        information = studies * np.exp(2 * norm.logpdf(deviates) - norm.logcdf(deviates) - norm.logcdf(-deviates))
        curvature = (design.T * information) @ design + 2 * RIDGE * np.eye(len(weights))
        return cls(weights, np.linalg.inv(curvature))

    def power(self, shapes: Iterable[Shape]) -> tuple[Floats, Floats]:
        """The power at each shape, and its Monte Carlo standard error."""
        design = features([*shapes])
        deviates = design @ self.weights
        errors = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", design, self.covariance, design), 0))
        return norm.cdf(deviates), norm.pdf(deviates) * errors


def features(shapes: list[Shape]) -> Floats:
    """The polynomial's terms (shapes × terms)."""
    x, y = (np.log(np.array(shapes, float).reshape(-1, 2)) - CENTRE).T
    m = np.log(np.array(shapes, float).reshape(-1, 2).min(axis=1)) - CENTRE[1]
    return np.stack([np.ones_like(x), x, y, m, x * x, x * y, y * y, m * m, x * m, (x + y) ** 3, m**3], axis=1)
