"""A trial's training by several processes of one machine, each on its part of every batch."""
