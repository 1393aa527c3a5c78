"""``python -m marsad`` is the command ``marsad``."""

from .cli import main

main()
