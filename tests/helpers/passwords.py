"""Secrets that must never be written."""

SECRETS = {"HF_TOKEN": "hf_kXqPzRt7Ww", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI7Ww", "WANDB_API_KEY": "0a1b2c3d4e5f7Ww"}
PASSWORD = "hunter2SWORDFISH"
