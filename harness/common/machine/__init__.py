"""The process and its machine: cores, memory, environment variables, settings of torch's arithmetic."""
