"""What must be true of a farm that has nothing left to do, and whoever finds out whether it is.

Every rule reads what is stored and answers the violations in words; none changes anything. While jobs run, some
rules are broken for a moment by design (work is under way), so ask again until the farm is at rest.
"""

from deploy.local.invariants.checker import FarmChecker

__all__ = ["FarmChecker"]
