"""This is the text of a small study file for the command line."""

STUDY = """
question: "?"
task: udpos
methods: [vanilla]
settings: [{learning_rate: 1e-3, max_steps: 2, batch_size: 4}]
seeds: [0]
targets: [de]
"""
