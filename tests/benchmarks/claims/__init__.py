"""Error rates of the claims in ``answer.json``, on simulated studies with known truth."""
