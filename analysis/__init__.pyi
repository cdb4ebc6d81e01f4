from analysis.loaded import Loaded as Loaded
from analysis.loaded import collapse_difference as collapse_difference
from analysis.loaded import example as example
from analysis.loaded import load as load
from analysis.loaded import mean_difference as mean_difference
from analysis.loaded import read as read
from analysis.loaded import std_ratio as std_ratio

__all__ = ["Loaded", "collapse_difference", "example", "load", "mean_difference", "read", "std_ratio"]
