"""What resources share: their lists, and all of those without rules of their own, stored as they are sent."""

from pennyform.sandbox.generic.crud import CrudHandlers, change_children, present_by_schema

__all__ = ["CrudHandlers", "change_children", "present_by_schema"]
