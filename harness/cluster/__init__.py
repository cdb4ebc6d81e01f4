"""Ray, started or joined: in time, in a folder that it can use, with its token."""
