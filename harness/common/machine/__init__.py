"""The process and its machine: cores, memory, environment variables and settings of arithmetic."""
