"""How often the claims of ``answer.json`` are wrong, on simulated studies whose truth is known."""
