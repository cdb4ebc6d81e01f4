"""Files that the trials of all nodes share. If the store is not local, each node keeps copies in a cache."""

from pathlib import Path

from harness.common.filesystem import FileTree, replacing

BESIDE_A_URL = "steadytune-logs"
"""Folder for the logs of a store by URL, in the working directory."""


class SharedFiles(FileTree):
    """Files with a copy in this node's cache."""

    @property
    def cache(self) -> Path:
        """This node's folder for shared files. In a local store it is the store itself."""
        return Path(self.root) if self.is_local else Path.home() / ".cache" / "steadytune"

    @property
    def logs(self) -> Path:
        """The folder for logs on this machine.

        The logs of a store by URL are outside the store, because object stores cannot append to a file.
        """
        return Path(self.root) / "logs" if self.is_local else Path(BESIDE_A_URL)

    def has(self, name: str) -> bool:
        """Whether the store is not local and has a file to ``fetch``."""
        return not self.is_local and self.exists(name)

    def knows(self, name: str) -> bool:
        """Whether a file is in the store or in this node's cache."""
        return (self.cache / name).exists() or self.has(name)

    def fetch(self, name: str) -> None:
        """Copy a file from the store into this node's cache, if only the store has it."""
        target = self.cache / name
        if target.exists() or not self.has(name):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as part:
            self.get(name, part)

    def publish(self, name: str) -> None:
        """Copy a file from this node's cache into the store, if the store lacks it."""
        if not self.is_local and not self.has(name):
            self.put(self.cache / name, name)
