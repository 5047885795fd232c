"""Resources without rules of their own: stored as they are sent, shown as their schemas say."""

from pennyform.sandbox.generic.crud import CrudHandlers, change_children, present_by_schema

__all__ = ["CrudHandlers", "change_children", "present_by_schema"]
