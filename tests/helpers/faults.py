"""The text of a study whose processes are killed or interrupted."""

KILLED = """
task: udpos
data: {cut}
encoder: {cut}/encoder
methods: [vanilla, {{name: l2, strength: 0.01}}]
settings: [{{learning_rate: 1e-3, max_steps: {steps}, batch_size: 8}}]
seeds: {seeds}
targets: [de]
"""
