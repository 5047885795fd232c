"""Resources that have no rules of their own here: kept as they are sent, shown as their schemas say."""

from pennyform.sandbox.generic.crud import Resources, change_below, show, show_item

__all__ = ["Resources", "change_below", "show", "show_item"]
