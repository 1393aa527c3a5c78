"""How good a model is on labelled articles, where it goes wrong, and whether another is better."""

from .calibration import calibrate
from .figures import Evaluation, check_labels, evaluate, report
from .tables import as_table

__all__ = ["Evaluation", "as_table", "calibrate", "check_labels", "evaluate", "report"]
