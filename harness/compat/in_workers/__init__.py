"""A folder for modules that a worker imports before it knows the folder of the driver's copy of steadytune."""
