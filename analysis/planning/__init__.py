"""How many settings and seeds a claim needs: studies simulated like a pilot, judged by the report's own tests."""
