"""The text of a study file with a search."""

STUDY = """
question: "?"
task: udpos
data: {data}
encoder: {data}/encoder
methods: [vanilla]
settings: [{{learning_rate: 1e-3, max_steps: 9, batch_size: 4}}]
seeds: [0]
targets: [de]
"""
SEARCH = (
    "search: {{learning_rate: {{loguniform: [1e-4, 1e-2]}}, warmup_steps: {{randint: [0, 4]}}, trials: {trials}}}\n"
)
